import numpy as np

from kinora.safety import ALLOWED, FrameBook, Guard, default_guard


def moving(count: int) -> np.ndarray:
    return np.broadcast_to(np.arange(40, 40 + count, dtype=np.uint8)[:, None, None, None], (count, 8, 8, 3)).copy()


def test_the_default_guard_is_a_guard():
    assert isinstance(default_guard(), Guard)


def test_a_refusal_names_its_categories_and_not_the_words():
    verdict = default_guard().screen("hardcore porn")
    assert not verdict.allowed
    assert verdict.categories == ("sexual",)
    assert verdict.reason == "Kinora makes no video of this kind (sexual)"
    assert default_guard().screen("a red ball bounces") == ALLOWED


def test_every_frame_is_counted_chunk_by_chunk():
    book = FrameBook()
    for chunk in np.split(moving(32), [1, 9, 17]):
        assert default_guard().review(chunk, book).allowed
    assert book.reviewed == 32
    assert book.warnings == []


def test_a_frozen_picture_is_seen_across_chunks_and_reported_once():
    book = FrameBook()
    frozen = np.repeat(moving(1), 30, axis=0)
    for chunk in np.split(frozen, [1, 5, 9]):
        default_guard().review(chunk, book)
    assert book.warnings == ["the picture stands still for 8 frames or more"]
    assert book.reviewed == 30


def test_a_single_black_frame_is_seen():
    book = FrameBook()
    frames = moving(20)
    frames[13] = 3
    default_guard().review(frames, book)
    assert book.warnings == ["some frames are black"]


def test_two_clips_do_not_share_a_book():
    first, second = FrameBook(), FrameBook()
    default_guard().review(moving(3), first)
    default_guard().review(moving(5), second)
    assert (first.reviewed, second.reviewed) == (3, 5)
