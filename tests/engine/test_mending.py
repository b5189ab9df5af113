import numpy as np
import pytest

from kinora.engine.mending import SWAY, Mender, Seam, beyond, calmest, expected, motion, usual, weights


def flat(*levels):
    return np.stack([np.full((6, 6, 3), level, np.uint8) for level in levels])


def levels(frames):
    return frames[:, 3, 3, 0].tolist()


def sliding(count, step=1):
    """A smooth wave on its way."""
    x = np.arange(32)
    rows = [127 + 90 * np.sin((x - step * index) / 9) for index in range(count)]
    return np.stack(rows).round().astype(np.uint8)[:, None, :, None].repeat(12, axis=1).repeat(3, axis=3)


def test_a_jump_after_given_frames_is_gone_at_the_seam_and_comes_back_slowly():
    mended = levels(Mender([Seam(at=2, reach=8, before=flat(100, 100, 100))]).add(flat(100, 100, *[140] * 12)))
    assert mended[:3] == [100, 100, 100]
    assert mended[10:] == [140] * 4
    assert np.diff(mended).min() >= 0
    assert np.diff(mended).max() <= 10  # 40 over 8 frames, nowhere much more than its share


def test_a_jump_at_given_frames_is_led_up_to():
    mended = levels(Mender([Seam(at=12, reach=8, after=flat(100, 100))]).add(flat(*[140] * 12)))
    assert mended[:4] == [140] * 4
    assert mended[-1] == 100


def test_between_made_frames_both_sides_meet_halfway():
    mended = levels(Mender([Seam(at=4, reach=2)]).add(flat(*[100] * 4, *[140] * 4)))
    assert mended == [100, 100, 105, 115, 125, 135, 140, 140]
    assert weights(2, both=True).tolist() == [0.375, 0.125]


def test_what_moves_on_both_sides_may_move_across():
    wave = sliding(16)
    before, after = wave[4:8].astype(np.float32), wave[8:12].astype(np.float32)
    step, course, sway = after[0] - before[-1], expected(before, after), SWAY * motion(before, after)
    assert np.abs(beyond(step, course, sway)).mean() < 0.5 < np.abs(step).mean()
    assert np.abs(Mender([Seam(at=8, reach=8, before=wave[4:8])]).add(wave).astype(int) - wave).mean() < 0.5
    assert 10 < np.abs(beyond(step + 20, course, sway)).mean() < 20


def test_no_more_moves_where_a_loop_closes_than_usually():
    made, given = sliding(12, step=1), np.roll(sliding(8, step=6), 5, axis=2)
    free, closed = (
        Mender([Seam(at=12, reach=8, after=given[:4], most=most)]).add(made) for most in (None, usual(given))
    )

    def last_step(frames):
        return np.abs(given[0].astype(float) - frames[-1]).mean()

    most = min(usual(given), usual(made))
    assert last_step(free) > 1.2 * most
    assert last_step(closed) == pytest.approx(most, abs=0.3)  # the last frame takes 99 % of what is too much
    assert np.array_equal(closed[:4], made[:4])
    assert usual(flat(0, 10, 12, 40)) == 10
    # One made frame has no usual step of its own: what is left of 20, which the given step of 30 explains, is 2.
    lone = [levels(Mender([Seam(at=1, reach=1, after=flat(100, 130), most=m)]).add(flat(80)))[0] for m in (None, 2.0)]
    assert lone == [80, 89]


def test_one_frame_tells_of_no_motion():
    lone, other, going = (flat(*values).astype(np.float32) for values in ([100], [130], [130, 140, 150]))
    assert (motion(lone, other) == 0).all()
    assert np.allclose(motion(lone, going), 10)
    assert np.allclose(expected(lone, other), 0)
    assert np.allclose(expected(lone, going), 5)
    assert np.allclose(beyond(other[0] - lone[0], expected(lone, going), SWAY * motion(lone, going)), 20)


@pytest.mark.parametrize("size", [1, 3, 5, 20])
def test_pieces_give_the_same_frames_as_the_whole_in_order(size):
    frames = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 3), np.uint8)
    seams = [
        Seam(at=20, reach=6, after=frames[:4]),
        Seam(at=2, reach=8, before=frames[-3:]),
        Seam(at=6, reach=2),
    ]
    whole = Mender(seams).add(frames)
    assert not np.array_equal(whole[9], frames[9])  # the last one that the first seam reaches
    mender, pieces = Mender(seams), []
    for start in range(0, 20, size):
        pieces.append(mender.add(frames[start : start + size]))
        assert mender.given_back == sum(len(piece) for piece in pieces)
    assert np.array_equal(np.concatenate(pieces), whole)
    assert not np.array_equal(whole, frames)


def test_frames_wait_no_longer_than_for_the_next_seam():
    mender = Mender([Seam(at=16, reach=4, after=flat(10))])
    assert len(mender.add(flat(*[20] * 14))) == 12
    assert len(mender.add(flat(20, 20))) == 4
    untouched = flat(1, 2)
    assert mender.add(untouched) is untouched


def test_given_frames_on_both_sides_are_no_seam():
    with pytest.raises(AssertionError, match="nothing there may change"):
        Seam(at=4, reach=2, before=flat(1), after=flat(2))


def test_a_ring_is_cut_before_its_smallest_step():
    assert calmest(flat(0, 50, 100, 101, 40)) == 3
    assert calmest(flat(10, 60, 110, 160, 11)) == 0


def test_what_jumps_in_a_given_clip_itself_begins_at_the_seam():
    """The clip's first frame stands apart from those after it: the made frame before it takes on some of that."""
    still = flat(*[100] * 8)
    before_jump = levels(Mender([Seam(at=8, reach=4, after=flat(100, 140, 140, 140))]).add(still))
    after_jump = levels(Mender([Seam(at=0, reach=4, before=flat(60, 60, 60, 100))]).add(still))
    assert before_jump[:4] == [100] * 4
    assert before_jump[-1] == pytest.approx(100 - 40 * 0.5 * weights(4, both=False)[0], abs=0.5)
    assert np.diff(before_jump).max() <= 0
    assert after_jump[0] == pytest.approx(100 + 40 * 0.5 * weights(4, both=False)[0], abs=0.5)
    assert after_jump[4:] == [100] * 4


def test_even_motion_is_not_eased():
    wave = sliding(16)
    mended = Mender([Seam(at=8, reach=8, after=wave[8:12])]).add(wave[:8])
    assert np.abs(mended.astype(int) - wave[:8]).mean() < 0.5
