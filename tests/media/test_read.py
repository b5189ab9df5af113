import av
import numpy as np
import pytest

from kinora.errors import BadInputFile
from kinora.media import probe, read_frames, read_video, write_clip


def test_frames_come_one_at_a_time_and_can_stop(tmp_path, frames):
    write_clip(tmp_path / "clip.mp4", frames, fps=8)
    stream = read_frames(tmp_path / "clip.mp4")
    assert next(stream).shape == (64, 96, 3)
    stream.close()
    assert len(list(read_frames(tmp_path / "clip.mp4"))) == 16
    some, info = read_video(tmp_path / "clip.mp4", max_frames=3)
    assert some.shape == (3, 64, 96, 3)
    assert info.codec == "h264"


def with_display_matrix(data: bytes, *matrix: int) -> bytes:
    """Put a rotation into the track header of an MP4, as phones do."""
    start = data.index(b"tkhd") + 4 + 40
    values = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    return data[:start] + values + data[start + 36 :]


def test_a_video_shot_sideways_is_read_upright(tmp_path):
    # A frame whose left half is white, stored sideways: players turn it by 90 degrees clockwise, left goes up.
    sideways = np.zeros((2, 32, 64, 3), np.uint8)
    sideways[:, :, :32] = 255
    data = write_clip(tmp_path / "plain.mp4", sideways, fps=8).path.read_bytes()
    one = 1 << 16
    (tmp_path / "phone.mp4").write_bytes(with_display_matrix(data, 0, one, 0, -one, 0, 0, 32 * one, 0, 1 << 30))
    back, info = read_video(tmp_path / "phone.mp4")
    assert info.size == (64, 32)
    assert info.rotation == 270
    assert back.shape == (2, 64, 32, 3)
    assert back[0, :30].mean() > 250
    assert back[0, 34:].mean() < 5


@pytest.mark.parametrize("content", [b"", b"not a video at all", b"\0" * 5000])
def test_what_is_no_video_is_a_bad_input_file(tmp_path, content):
    (tmp_path / "a.mp4").write_bytes(content)
    for read in (probe, read_video):
        with pytest.raises(BadInputFile, match=r"not a readable video|is empty"):
            read(tmp_path / "a.mp4")
        with pytest.raises(BadInputFile, match="no such file"):
            read(tmp_path / "missing.mp4")


def test_half_a_file_is_noticed(tmp_path, frames):
    data = write_clip(tmp_path / "clip.mp4", frames, fps=8).path.read_bytes()
    (tmp_path / "half.mp4").write_bytes(data[: len(data) // 3])
    with pytest.raises(BadInputFile):
        list(read_frames(tmp_path / "half.mp4"))


def test_sound_without_pictures(tmp_path):
    with av.open(str(tmp_path / "tone.mp4"), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(BadInputFile, match="holds no video stream"):
        probe(tmp_path / "tone.mp4")
