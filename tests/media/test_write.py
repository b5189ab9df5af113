import resource
import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image

from kinora.errors import OutputError
from kinora.media import read_video, write_clip, write_video


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


def test_an_mp4_plays_everywhere_and_looks_like_the_frames(tmp_path, frames):
    written = write_clip(tmp_path / "clip.mp4", frames, fps=8)
    assert written.frames == 16
    with av.open(str(written.path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        codec = stream.codec_context
        assert (codec.color_range, codec.colorspace, codec.color_primaries, codec.color_trc) == (1, 1, 1, 1)
        assert stream.duration * stream.time_base == 2
        assert not container.streams.audio
    data = written.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "faststart"
    back, info = read_video(written.path)
    assert (info.fps, info.size, info.seconds) == (8, (64, 96), 2.0)
    assert psnr(back, frames) > 33


def test_colours_survive_the_way_through_yuv(tmp_path):
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [128, 64, 192]], np.uint8)
    flat = np.broadcast_to(colours[:, None, None], (6, 32, 32, 3))
    write_clip(tmp_path / "flat.mp4", np.ascontiguousarray(flat), fps=8)
    back, _ = read_video(tmp_path / "flat.mp4")
    assert np.abs(back[:, 16, 16].astype(int) - colours).max() <= 4


@pytest.mark.parametrize(("name", "kind"), [("clip.gif", "GIF"), ("clip.WEBP", "WEBP")])
def test_animated_images_loop_and_keep_time(tmp_path, frames, name, kind):
    write_clip(tmp_path / name, frames, fps=8)
    with Image.open(tmp_path / name) as image:
        assert image.format == kind
        assert image.info["loop"] == 0
        times = []
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            times.append(image.info["duration"])
            assert psnr(np.asarray(image.convert("RGB")), frames[index]) > 25
    assert len(times) == 16
    assert sum(times) == 2000


def test_one_frame_is_a_picture_and_several_are_a_contact_sheet(tmp_path, frames):
    write_clip(tmp_path / "one.png", frames[:1], fps=8)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "one.png")), frames[0])
    write_clip(tmp_path / "all.png", frames, fps=8)
    sheet = np.asarray(Image.open(tmp_path / "all.png"))
    assert np.array_equal(sheet[:64, :96], frames[0])
    assert sheet.shape[0] * sheet.shape[1] > 16 * 64 * 96


def test_frames_may_come_one_at_a_time(tmp_path, frames):
    assert write_video(tmp_path / "clip.mp4", iter(frames), fps=8).frames == 16


def test_writing_twice_gives_the_same_bytes(tmp_path, frames):
    first = write_clip(tmp_path / "a.mp4", frames, fps=8).path.read_bytes()
    assert write_clip(tmp_path / "b.mp4", frames, fps=8).path.read_bytes() == first


def test_odd_sides_are_refused_not_resized(tmp_path, frames):
    with pytest.raises(OutputError, match=r"95x64: H.264 with 4:2:0 colour needs even sides; use .webp or .gif"):
        write_clip(tmp_path / "odd.mp4", np.ascontiguousarray(frames[:, :, :95]), fps=8)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_what_was_there(tmp_path, frames):
    (tmp_path / "clip.mp4").write_bytes(b"old")

    def interrupted():
        yield from frames[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "clip.mp4", interrupted(), fps=8)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"old"


FULL_DISK = """
import resource, sys
import numpy as np
from kinora.errors import OutputError
from kinora.media import write_clip

noise = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
try:
    write_clip(sys.argv[1], noise, fps=8)
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file size limit on this system")
@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "clip.webp", "clip.png"])
def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path, name):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / name)], capture_output=True, text=True, timeout=60
    )
    assert "can't be written" in done.stdout, done.stderr
    assert "free some space" in done.stdout
    assert list(tmp_path.iterdir()) == []
