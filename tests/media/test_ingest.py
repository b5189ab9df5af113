import struct
import zlib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kinora.errors import BadInputFile
from kinora.media import load_frames, load_image, native_size, read, write_clip
from kinora.media.ingest import resampled

SHARED = Path(__file__).parents[3] / "shared" / "data"
MEDIA = {".mp4", ".mkv", ".webm", ".avi", ".mpg", ".gif", ".png", ".jpg", ".avif"}


def encode(path, pictures, times, *, codec="libx264", format="yuv420p", hdr=False, sound=False):
    """A video whose frames appear at the given thousandths of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000, options={"crf": "4"})
        stream.height, stream.width, stream.pix_fmt = pictures.shape[1], pictures.shape[2], format
        stream.time_base = Fraction(1, 1000)
        if hdr:
            context = stream.codec_context
            context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.BT2020
            context.color_primaries, context.color_trc = ColorPrimaries.BT2020, ColorTrc.SMPTE2084
        if sound:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts = 16000, 0
            container.mux((track := container.add_stream("aac", rate=16000, layout="mono")).encode(silence))
            container.mux(track.encode(None))
        for picture, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format=format, dst_colorspace=Colorspace.BT2020 if hdr else Colorspace.ITU601
            )
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def greys(*levels, size=(32, 48)):
    return np.stack([np.full((*size, 3), level, np.uint8) for level in levels])


def level(frames):
    return frames.reshape(len(frames), -1).mean(axis=1).round().astype(int).tolist()


def test_a_clip_of_kinoras_own_comes_back_frame_for_frame(tmp_path, frames):
    write_clip(tmp_path / "own.mp4", frames, fps=8)
    back = load_frames(tmp_path / "own.mp4", fps=8, size=(64, 96), max_seconds=2)
    assert np.array_equal(back.frames, read.read_video(tmp_path / "own.mp4")[0])
    assert back.report == []
    assert native_size(tmp_path / "own.mp4") == (64, 96)


def test_of_an_animation_the_first_picture_is_taken_and_that_is_said(tmp_path):
    first, *others = (Image.new("RGB", (48, 32), (level, 0, 0)) for level in (10, 200, 250))
    first.save(tmp_path / "moving.png", save_all=True, append_images=others, duration=100)
    given = load_image(tmp_path / "moving.png", size=(32, 48))
    assert (given.frames[0, 0, 0, 0], given.report) == (10, ["an animation of 3 pictures: the first is taken"])


def test_a_changing_frame_rate_is_read_by_the_clock(tmp_path):
    # 0-99 ms, then 400 ms long, then many short ones: a count of frames would show the first ones far too long.
    times = [0, 100, 500, 520, 540, 560, 580, 600, 700, 800, 900]
    path = encode(tmp_path / "phone.mkv", greys(*range(20, 240, 20)), times)
    given = load_frames(path, fps=4, size=(32, 48))
    assert np.abs(np.array(level(given.frames)) - [20, 40, 60, 180]).max() <= 2  # on screen at 0, 250, 500, 750 ms
    assert "its frame rate varies: read at 4 frames a second by its timestamps" in given.report


@given(durations=st.lists(st.integers(1, 900), min_size=1, max_size=30), fps=st.integers(1, 30))
def test_resampling_shows_what_a_player_shows(durations, fps):
    ends = np.cumsum(durations)
    shown = [
        ((end - one) / 1000, one / 1000, index) for index, (end, one) in enumerate(zip(ends, durations, strict=True))
    ]
    taken = list(resampled(shown, fps))
    assert abs(len(taken) - max(1, ends[-1] / 1000 * fps)) <= 1
    for moment, index in enumerate(taken):
        begin, end = ends[index] - durations[index], ends[index]
        assert begin - 6.001 <= moment * 1000 / fps
        assert moment * 1000 / fps <= end or index == len(durations) - 1


def test_hdr_is_brought_down_and_said(tmp_path):
    # PQ code 0.58 is diffuse white; read as if it were sRGB it would be a mid grey of 148.
    path = encode(tmp_path / "hdr.mkv", greys(148, 148), [0, 125], format="yuv420p10le", hdr=True)
    given = load_frames(path, fps=8, size=(32, 48))
    assert min(level(given.frames)) > 200
    assert "HDR (PQ) tone-mapped to sRGB" in given.report


def test_sound_and_cropping_are_reported(tmp_path):
    path = encode(tmp_path / "talk.mp4", greys(50, 60), [0, 125], sound=True)
    report = load_frames(path, fps=8, size=(32, 32)).report
    assert "its sound is left out" in report
    assert "cropped in the middle from 48x32 to 32x32, then scaled to 32x32" in report


def test_a_video_stored_sideways_is_read_upright(tmp_path):
    sideways = np.zeros((2, 32, 64, 3), np.uint8)
    sideways[:, :, :32] = 255
    data = write_clip(tmp_path / "plain.mp4", sideways, fps=8).path.read_bytes()
    matrix, one = data.index(b"tkhd") + 44, 1 << 16

    def stored(*values):
        changed = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
        (tmp_path / "turned.mp4").write_bytes(data[:matrix] + changed + data[matrix + 36 :])
        return load_frames(tmp_path / "turned.mp4", fps=8, size=(64, 32) if values[0] == 0 else (32, 64))

    clockwise = stored(0, one, 0, -one, 0, 0, 32 * one, 0, 1 << 30)
    assert clockwise.frames[0, :30].mean() > 250 > 5 > clockwise.frames[0, 34:].mean()
    assert clockwise.report == ["turned upright (it is stored turned by 270 degrees)"]
    counter = stored(0, -one, 0, one, 0, 0, 0, 64 * one, 1 << 30)
    assert counter.frames[0, 34:].mean() > 250 > 5 > counter.frames[0, :30].mean()
    mirrored = stored(-one, 0, 0, 0, one, 0, 64 * one, 0, 1 << 30)
    assert mirrored.frames[0, :, 34:].mean() > 250 > 5 > mirrored.frames[0, :, :30].mean()


def test_animations_are_read_by_their_durations(tmp_path):
    images = [Image.fromarray(picture) for picture in greys(0, 100, 200)]
    for name in ("a.gif", "a.webp", "a.png"):
        images[0].save(tmp_path / name, save_all=True, append_images=images[1:], duration=[500, 100, 400])
        given = load_frames(tmp_path / name, fps=4, size=(32, 48))
        assert np.abs(np.array(level(given.frames)) - [0, 0, 100, 200]).max() <= 3, name
        assert given.report == ["an animation of 3 pictures, read at 4 frames a second"]


def test_a_gif_of_kinoras_own_loses_no_frame_to_its_slow_clock(tmp_path):
    frames = np.stack(greys(*range(10, 250, 15)))
    write_clip(tmp_path / "own.gif", frames, fps=8)  # 120 and 130 ms in turn
    given = load_frames(tmp_path / "own.gif", fps=8, size=(32, 48))
    assert np.abs(np.array(level(given.frames)) - level(frames)).max() <= 3


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webp", "a.gif"])
def test_a_truncated_file_is_refused_or_said_to_be_short(tmp_path, frames, name, cut):
    path = tmp_path / name
    if name.endswith("mkv"):
        encode(path, frames, range(0, 2000, 125))
    else:
        write_clip(path, frames, fps=8)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    try:
        given = load_frames(path, fps=8, size=(64, 96))
    except BadInputFile:
        return
    assert len(given.frames) == 16 or any("breaks off" in line or "animation of" in line for line in given.report)


def test_files_that_would_take_for_ever_are_refused(tmp_path, frames, monkeypatch):
    write_clip(tmp_path / "long.mp4", frames, fps=8)
    with pytest.raises(BadInputFile, match=r"lasts longer than 1\.5 seconds; cut it first"):
        load_frames(tmp_path / "long.mp4", fps=8, size=(64, 96), max_seconds=1.5)
    slow = [Image.fromarray(frame) for frame in frames[:2]]
    slow[0].save(tmp_path / "slow.gif", save_all=True, append_images=slow[1:], duration=600_000)
    with pytest.raises(BadInputFile, match="lasts longer than 60 seconds"):
        load_frames(tmp_path / "slow.gif", fps=8, size=(64, 96))
    monkeypatch.setattr(read, "MAX_FRAMES", 5)
    with pytest.raises(BadInputFile, match="more than 5 frames"):
        load_frames(tmp_path / "long.mp4", fps=8, size=(64, 96))


def test_pictures_that_would_fill_the_memory_are_refused(tmp_path, frames, monkeypatch):
    monkeypatch.setattr(read, "MAX_PIXELS", 1000)
    monkeypatch.setattr("kinora.media.still.MAX_PIXELS", 1000)
    write_clip(tmp_path / "large.mp4", frames, fps=8)
    with pytest.raises(BadInputFile, match="96x64 pixels; pictures of up to 1,000 are read; scale it down first"):
        load_frames(tmp_path / "large.mp4", fps=8, size=(64, 96))
    Image.fromarray(frames[0]).save(tmp_path / "large.png")
    with pytest.raises(BadInputFile, match="96x64 pixels"):
        load_image(tmp_path / "large.png", size=(64, 96))


def test_a_small_file_that_claims_to_be_huge_is_refused_unread(tmp_path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    parts = [header, b"IDAT" + bytes(8)]
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts]
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    with pytest.raises(BadInputFile, match="pictures of up to 80,000,000 pixels are read"):
        load_image(tmp_path / "bomb.png", size=(64, 64))


def test_nothing_but_the_file_itself_is_opened(tmp_path, frames):
    write_clip(tmp_path / "secret.mp4", frames, fps=8)
    playlists = {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{tmp_path}/secret.mp4\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile {tmp_path}/secret.mp4\n",
    }
    for name, text in playlists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInputFile, match="not a readable video"):
            load_frames(tmp_path / name, fps=8, size=(64, 96))
    for address in ("http://localhost/a.mp4", "concat:a.mp4|b.mp4", "/dev/zero"):
        with pytest.raises(BadInputFile, match=r"no such file|is not a file"):
            load_frames(address, fps=8, size=(64, 96))


def test_the_other_kind_of_file_is_named(tmp_path, frames):
    write_clip(tmp_path / "clip.mp4", frames, fps=8)
    with pytest.raises(BadInputFile, match="is a video, not a picture"):
        load_image(tmp_path / "clip.mp4", size=(64, 96))
    Image.fromarray(frames[0]).save(tmp_path / "still.mp4", "PNG")
    with pytest.raises(BadInputFile, match="is a still picture, not a video; `kinora animate` makes it move"):
        load_frames(tmp_path / "still.mp4", fps=8, size=(64, 96))
    assert np.array_equal(load_image(tmp_path / "still.mp4", size=(64, 96)).frames[0], frames[0])
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BadInputFile, match="not a readable picture"):
        load_image(tmp_path / "text.png", size=(64, 96))


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of real clips and photos is not beside the repository")
@pytest.mark.parametrize("folder", ["composed-train/broken", "torchcodec", "../images"])
def test_every_real_file_is_read_or_refused_in_words(folder):
    files = [path for path in sorted((SHARED / "clips" / folder).rglob("*")) if path.suffix in MEDIA]
    assert len(files) >= 9, "a walk over nothing shows nothing"
    for path in files:
        for load in (
            lambda path: load_frames(path, fps=2, size=(32, 32), max_seconds=40),
            lambda path: load_image(path, size=(32, 32)),
        ):
            with suppress(BadInputFile):
                assert load(path).frames.shape[1:] == (32, 32, 3), path


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of real clips and photos is not beside the repository")
def test_a_real_clip_stored_sideways_is_upright():
    rotated = SHARED / "clips/torchcodec/test/resources/nasa_13013_rotated.mp4"
    given = load_frames(rotated, fps=8, size=(120, 68))
    assert native_size(rotated) == (480, 270)
    assert any("turned upright" in line for line in given.report)
