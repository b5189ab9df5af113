import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinora.flow.windows import Reach, Window, is_stream, plan

REACH = Reach()
_, X = False, True


def made(windows):
    return [(window.made.start, window.made.stop) for window in windows]


def test_what_fits_is_one_window_whatever_is_known():
    for known in ([_] * 9, [X] + [_] * 8, [_] * 6 + [X] * 3, [X] * 9):
        for backwards in (False, True):
            assert plan(known, REACH, backwards=backwards) == [Window(tuple(range(9)), range(9))]


def test_forward_a_whole_window_then_blocks_that_see_the_sink_and_the_latest():
    windows = plan([_] * 19, REACH)
    assert made(windows) == [(0, 9), (9, 13), (13, 17), (17, 19)]
    assert windows[1].seen == (0, 5, 6, 7, 8, 9, 10, 11, 12)
    assert windows[3].seen == (0, 11, 12, 13, 14, 15, 16, 17, 18)
    assert is_stream(windows)


def test_a_known_start_is_part_of_the_first_window_or_too_long_for_it():
    assert made(plan([X] * 5 + [_] * 8, REACH)) == [(0, 9), (9, 13)]
    assert made(plan([X] * 6 + [_] * 8, REACH)) == [(0, 6), (6, 10), (10, 14)]


def test_blocks_end_where_the_prompt_changes():
    assert made(plan([_] * 8, REACH, edges=(3,))) == [(0, 3), (3, 7), (7, 8)]
    assert made(plan([_] * 19, REACH, edges=(11,))) == [(0, 9), (9, 11), (11, 15), (15, 19)]
    assert made(plan([X] * 3 + [_] * 8, REACH, edges=(3,))) == [(0, 9), (9, 11)]


def test_backwards_from_a_known_end_the_leftmost_frame_is_never_kept():
    windows = plan([_] * 18 + [X] * 3, REACH)
    assert made(windows) == [(13, 18), (9, 13), (5, 9), (0, 5)]
    assert windows[0].seen == (12, *range(13, 21))
    assert windows[1].seen == (8, *range(9, 16), 20)  # a sink at the other end
    assert windows[3].seen == tuple(range(9))  # and here the leftmost frame is the video's first
    assert not is_stream(windows)


def test_backwards_from_nothing():
    assert made(plan([_] * 21, REACH, backwards=True)) == [(13, 21), (9, 13), (5, 9), (0, 5)]


def test_a_gap_is_filled_from_both_sides_and_bridged():
    windows = plan([X] * 5 + [_] * 12 + [X] * 4, REACH)
    assert made(windows) == [(5, 9), (13, 17), (9, 13)]
    assert windows[-1].seen == tuple(range(6, 15))
    assert not is_stream(windows)


def test_a_small_gap_is_bridged_at_once():
    (window,) = plan([X] * 10 + [_] * 5 + [X] * 10, REACH)
    assert window == Window(tuple(range(8, 17)), range(10, 15))


def test_a_frame_in_the_middle_is_led_up_to():
    windows = plan([_] * 12 + [X] + [_] * 9, REACH)
    assert made(windows)[:2] == [(5, 12), (0, 5)]
    assert windows[0].seen[-1] == 12


@pytest.mark.parametrize(
    "wrong", [{"block": 0}, {"sink": -1}, {"window": 5, "block": 4, "sink": 1}, {"window": 2, "block": 1, "sink": 0}]
)
def test_a_reach_that_leaves_no_context_is_refused(wrong):
    with pytest.raises(ValueError, match="the last two less than the window"):
        Reach(**wrong)


@st.composite
def tasks(draw):
    window = draw(st.integers(3, 9))
    block = draw(st.integers(1, window - 1))
    reach = Reach(window=window, block=block, sink=draw(st.integers(0, window - 1 - block)))
    known = draw(st.lists(st.sampled_from([_, _, _, X]), min_size=1, max_size=40))
    edges = draw(st.sets(st.integers(1, 40), max_size=3).map(sorted))
    return known, reach, edges, draw(st.booleans())


@given(task=tasks())
def test_any_task_is_solved_whole_within_the_window_and_from_what_is_there(task):
    known, reach, edges, backwards = task
    windows = plan(known, reach, edges=edges, backwards=backwards)
    settled = list(known)
    for window in windows:
        new = [frame for frame in window.made if not known[frame]]
        if not new:
            continue  # held frames, which nothing looks at
        assert len(window.seen) <= reach.window
        assert list(window.seen) == sorted(set(window.seen))
        assert set(window.made) <= set(window.seen)
        assert not any(new[0] < edge <= new[-1] for edge in edges)
        assert not any(settled[frame] for frame in new), "solved twice"
        thrown_away = [frame for frame in window.seen if not settled[frame] and frame not in window.made]
        assert thrown_away in ([], [window.seen[0]])
        context = [frame for frame in window.seen if settled[frame] and frame not in window.made]
        assert context or not any(settled) or 0 in window.made
        for frame in window.made:
            settled[frame] = True
    assert all(settled)
    if is_stream(windows):
        assert [frame for window in windows for frame in window.made] == list(range(len(known)))
