"""Names of files and the words inside them are judged before a frame of them is used."""

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kinora.engine.edits.requests import Animate
from kinora.engine.events import Refused
from kinora.engine.fake import LIMITS, FakeEngine
from kinora.engine.stories.story import Card, Story
from kinora.errors import BadInputFile
from kinora.safety import default_guard, lists_only_guard, screen_given
from kinora.safety.given import MOST, TOGETHER, words_of
from kinora.safety.guard import PolicyGuard
from kinora.safety.policy import Verdict

GUARD = lists_only_guard()


def picture(path, **texts):
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.fromarray(np.full((96, 96, 3), 90, np.uint8)).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("name", ["naked_woman-02.png", "BeheadingVideo.png", "hardcore.porn.png"])
def test_a_name_is_read_as_words(name, tmp_path):
    verdict = screen_given(GUARD, [picture(tmp_path / name)])
    assert not verdict.allowed
    assert "its name" in verdict.reason


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("IMG_0042.MOV", "IMG 0042"),
        ("file_44d4b238ae3a6a3f4560471494dd701c.png", "file"),
        ("44D4B238-AE3A-6A3F-4560-471494DD701C.heic", ""),
        (f"file_{b'hardcore porn'.hex()}.png", f"file {b'hardcore porn'.hex()}"),  # it spells something
        ("44d4b238.png", "44d4b238"),
    ],
)
def test_ids_in_names_are_not_read(name, words):
    assert words_of(name) == words


ORDINARY = ("WhatsApp Video 2024-05-01 at 10.png", "Mama und Papa.png", "Copy of Beach.png", "party final FINAL v2.png")
FAMOUS = ("emma-watson.png", "TaylorSwift.png", "pikachu.png", "hardcore_porn.png", "child undressing.png")


def test_names_that_programs_and_people_give_are_nobodys_and_those_of_the_known_are_theirs(tmp_path):
    guard = default_guard()
    for name in ORDINARY:
        assert screen_given(guard, [picture(tmp_path / name)]).allowed, name
    for name in FAMOUS:
        assert not screen_given(guard, [picture(tmp_path / name)]).allowed, name
    # What the name may say, a text inside the file may not.
    told = screen_given(guard, [picture(tmp_path / "a.png", Title="Mama und Papa")])
    assert told.allowed is guard.screen("Mama und Papa").allowed


def test_a_guard_that_gives_no_reasons_is_obeyed(tmp_path):
    class Never(PolicyGuard):
        def screen(self, prompt):
            return Verdict(allowed=False, action="block")

    guard = Never(GUARD.policy, GUARD._screener)
    assert not screen_given(guard, [picture(tmp_path / "a.png")]).allowed


@pytest.mark.parametrize("text", ["hardcore porn", "a quiet lake " * TOGETHER + "hardcore porn", "h4rdc0re p0rn"])
def test_what_is_written_inside_is_read(text, tmp_path):
    verdict = screen_given(GUARD, [picture(tmp_path / "lake.png", Title="a lake", Comment=text)])
    assert not verdict.allowed
    assert "lake.png, its Comment" in verdict.reason


def test_no_text_is_lost_among_many(tmp_path):
    texts = {f"Remark{number}": f"wave {number}" for number in range(3 * MOST)} | {"Remark999": "hardcore porn"}
    assert not screen_given(GUARD, [picture(tmp_path / "lake.png", **texts)]).allowed


def test_harmless_files_and_frames_pass(tmp_path):
    lake = picture(tmp_path / "IMG_0042.png", Title="the kids on the beach", Software="gore 2.0", Author="Porn Star")
    assert screen_given(GUARD, [lake, np.zeros((1, 8, 8, 3), np.uint8), None]).allowed
    with pytest.raises(BadInputFile):
        screen_given(GUARD, [tmp_path / "missing.png"])


def test_a_warning_is_handed_on(tmp_path):
    verdict = screen_given(GUARD, [picture(tmp_path / "a.png", Title="a meadow, pixar look")])
    assert (verdict.allowed, verdict.action) == (True, "warn")


def test_edits_and_stories_ask_before_they_begin(tmp_path):
    engine = FakeEngine(GUARD)
    bad, good = picture(tmp_path / "naked_woman.png"), picture(tmp_path / "lake.png")
    for path, refused in ((bad, True), (good, False)):
        events = engine.edit(Animate(image=path, prompt="it moves", seconds=1).draft(LIMITS))
        assert isinstance(next(events), Refused) == refused
        events = engine.tell(Story(cards=(Card(prompt="a lake", seconds=1, image=path),)))
        assert isinstance(next(events), Refused) == refused
