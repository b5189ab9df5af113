import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kinora.errors import BadInputFile
from kinora.media import contact_sheet, read_image
from kinora.media.image import durations
from kinora.media.still import stills


@given(count=st.integers(1, 600), fps=st.integers(1, 60))
def test_rounded_durations_never_drift(count, fps):
    times = durations(count, fps, tick=10)
    assert len(times) == count
    assert abs(sum(times) - count * 1000 / fps) <= 5
    assert min(times) >= 10


def test_a_sheet_reads_left_to_right_and_holds_the_ends():
    frames = np.arange(100, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    sheet = contact_sheet(frames, columns=3, limit=6, gap=1)
    assert sheet.shape == (9, 14, 3)
    assert [int(sheet[y, x, 0]) for y in (0, 5) for x in (0, 5, 10)] == [0, 20, 40, 59, 79, 99]
    assert sheet[4].max() == 0


def test_pictures_are_read_upright(tmp_path):
    wide = np.zeros((10, 20, 3), np.uint8)
    wide[:, :10] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned: show it turned clockwise
    Image.fromarray(wide).save(tmp_path / "turned.png", exif=exif)
    upright = read_image(tmp_path / "turned.png")
    assert upright.shape == (20, 10, 3)
    assert upright[0, 0].tolist() == [255, 0, 0]


def test_an_orientation_that_there_is_not_turns_nothing(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 99
    Image.new("RGB", (20, 10)).save(tmp_path / "odd.jpg", exif=exif)
    (still,) = stills(tmp_path / "odd.jpg")
    assert (still.pixels.shape, still.report) == ((10, 20, 3), ())


def test_transparency_is_laid_on_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png").min() == 255


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 20])
def test_what_is_no_picture_is_a_bad_input_file(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadInputFile, match=r"not a readable picture|is empty"):
        read_image(tmp_path / "a.png")
    with pytest.raises(BadInputFile, match="no such file"):
        read_image(tmp_path / "b.png")
