import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from kinora.media import colour


def frame(pixels, *, matrix, full=False, primaries=ColorPrimaries.BT709, curve=ColorTrc.BT709, depth=""):
    """RGB pixels as a YUV frame with those tags."""
    limits = ColorRange.JPEG if full else ColorRange.MPEG
    made = av.VideoFrame.from_ndarray(pixels, format="rgb48le" if depth else "rgb24").reformat(
        format=f"yuv444p{depth}", dst_colorspace=matrix, src_color_range=ColorRange.JPEG, dst_color_range=limits
    )
    made.colorspace, made.color_range = int(matrix), int(limits)
    made.color_primaries, made.color_trc = primaries, curve
    return made


@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709])
@pytest.mark.parametrize("full", [False, True])
def test_colours_are_read_by_their_tags(matrix, full):
    colours = np.array([[[230, 20, 30], [20, 220, 40], [30, 40, 210], [128, 128, 128]]], np.uint8)
    pixels = colours.repeat(16, axis=0).repeat(16, axis=1)
    back = colour.rgb(frame(pixels, matrix=matrix, full=full))
    assert np.abs(back.astype(int) - pixels).max() <= 3


def test_untagged_colours_are_read_by_size_and_that_is_said():
    for size, name in (((48, 64), "BT.601"), ((720, 1280), "BT.709"), ((1280, 720), "BT.709"), ((640, 360), "BT.601")):
        untagged = av.VideoFrame(size[1], size[0], "yuv420p")
        untagged.colorspace = colour.UNTAGGED
        assert colour.assumed(untagged) == f"its colours are not tagged: read as {name}, video range"


def test_pq_and_hlg_give_the_light_the_standards_say():
    code = np.array([0.0, 0.5080784, 0.7518271, 1.0], np.float32)
    np.testing.assert_allclose(colour.pq_nits(code), [0, 100, 1000, 10000], rtol=0.01, atol=0.01)
    grey = np.repeat(np.array([0.0, 0.75, 1.0], np.float32)[:, None], 3, axis=1)
    np.testing.assert_allclose(colour.hlg_nits(grey)[:, 0], [0, 203, 1000], rtol=0.02, atol=0.01)


def test_highlights_are_rolled_off_without_a_step_and_shadows_left_alone():
    light = np.linspace(0, colour.PEAK / colour.WHITE, 2000, dtype=np.float32)[:, None].repeat(3, axis=1)
    out = colour.rolled_off(light)[:, 0]
    below = light[:, 0] <= colour.KNEE
    np.testing.assert_allclose(out[below], light[below, 0], rtol=1e-5)
    steps = np.diff(out)
    assert (steps > 0).all()
    assert np.abs(np.diff(steps)).max() < 1e-4
    assert out[-1] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("curve", "white"), [(ColorTrc.SMPTE2084, 0.58), (ColorTrc.ARIB_STD_B67, 0.75)])
def test_hdr_white_and_grey_come_out_neutral_and_bright(curve, white):
    pixels = np.full((16, 16, 3), round(white * 65535), np.uint16)
    pixels[:, 8:] //= 2
    hdr = frame(pixels, matrix=Colorspace.BT2020, primaries=ColorPrimaries.BT2020, curve=curve, depth="10le")
    assert colour.is_wide(hdr)
    shown = colour.to_srgb(colour.rgb(hdr), hdr).astype(int)
    assert np.ptp(shown, axis=-1).max() <= 3
    assert 200 <= shown[8, 2, 0] <= 250  # diffuse white leaves room for highlights
    assert shown[8, 12, 0] < shown[8, 2, 0] - 60


def test_wide_primaries_become_more_saturated_numbers():
    pixels = np.full((16, 16, 3), 20000, np.uint16)
    pixels[..., 0] = 40000
    p3 = frame(pixels, matrix=Colorspace.ITU709, primaries=ColorPrimaries.SMPTE432, depth="10le")
    red, green, _ = colour.to_srgb(colour.rgb(p3), p3)[8, 8].astype(int)
    assert red > 40000 // 257
    assert green < 20000 // 257
