import json
import textwrap
from pathlib import Path

import pytest

from kinora.engine.stories.story import Card
from kinora.engine.stories.storyboard import is_storyboard, read_story
from kinora.errors import BadInputFile, InvalidRequest

ROOT = Path(__file__).parents[3]


def test_the_documented_example_is_what_the_page_shows():
    example = ROOT / "docs/stories/bobo.yaml"
    assert example.read_text() in (ROOT / "docs/stories.md").read_text()
    story = read_story(example)
    assert [card.seconds for card in story.cards] == [3, 2.5, 2.5]
    assert (story.seed, story.characters) == (7, {"Bobo": "a blue fluffy creature"})
    assert story.cards[0] == Card(
        prompt="Bobo hops up and down in an enchanted forest",
        seconds=3,
        camera="the camera slowly zooms in",
        light="at night",
        style="3D animation",
    )


def test_json_says_the_same_and_files_are_found_beside_it(tmp_path):
    path = tmp_path / "story.json"
    shots = [{"prompt": "a ball", "image": "ball.png"}, {"prompt": "a cube", "clip": "cube.mp4", "seconds": 1}]
    path.write_text(json.dumps({"shots": shots, "size": "96x64", "fit": "contain", "same_noise": True}))
    story = read_story(path)
    assert (story.size, story.fit, story.same_noise) == ((64, 96), "contain", True)
    assert story.cards[0].image == tmp_path / "ball.png"
    assert story.cards[1].clip == tmp_path / "cube.mp4"


BAD = {
    "- just a list": 'this ["just a list"]: must be fields: shots',
    "shots:": "shots: is missing",
    "shots: []": "shots: is missing; say a list of shots",
    "shots: a ball": 'shots "a ball": must be a list of shots',
    "shots:\n- prompt: a\n- seconds: 2": ":3, shot 2: prompt: is missing",
    "shots:\n- a ball bounces": ':2, shot 1: this "a ball bounces": must be fields: prompt',
    "shots:\n- prompt: a\n  secnds: 2": ":2, shot 1: secnds: no such field; there are prompt, seconds",
    "shots:\n- prompt: a\n  seconds: two": ':2, shot 1: seconds "two": must be a number',
    "shots:\n- prompt: a\n  seconds: true": ":2, shot 1: seconds true: must be a number",
    "shots:\n- prompt: a\n\n- prompt: b\n  seconds: 0": ":4, shot 2: 0 seconds: a clip lasts longer than 0",
    "shots:\n- prompt: a\n  prompt: b": ":3: prompt: stands here twice; keep one of them",
    "shots: [{prompt: a}]\nsize: big": "big: a size is WIDTHxHEIGHT in pixels",
    "shots: [{prompt: a}]\nfit: crop": "crop: pictures are fitted by cover, contain or stretch",
    "shots: [{prompt: a}]\nseed: 1.5": "seed 1.5: must be a whole number",
    "shots: [{prompt: a}]\ncharacters: {Bo: 3}": "character Bo 3: must be a description in words",
    "shots: [{prompt: a}]\ncharacters: {'': a ball}": "a character without a name: stands for nobody",
    "shots: [{prompt: {2026-11-22: x}}]": ":1, shot 1: prompt {}: must be words",
    "shots: &all\n- *all": ":1, shot 1: this [[[[[[[[",
    f"shots: [{{prompt: a, seconds: 1{'0' * 400}}}]": "shot 1: seconds 1000000000",
    "shots: [{prompt: a}]\ncharacters: {Bo: a ball}": "character Bo: is in no shot's prompt",
}


@pytest.mark.parametrize(("text", "message"), BAD.items(), ids=[message[:40] for message in BAD.values()])
def test_an_error_names_file_place_value_and_rule(tmp_path, text, message):
    path = tmp_path / "story.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest) as raised:
        read_story(path)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


def test_a_field_said_twice_is_refused_in_json_too(tmp_path):
    path = tmp_path / "story.json"
    path.write_text('{"seed": 1, "shots": [{"prompt": "a", "prompt": "b"}]}')
    with pytest.raises(InvalidRequest, match=r"story\.json: prompt: stands here twice; keep one of them"):
        read_story(path)


def test_a_file_in_another_encoding_is_told_as_such(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_bytes("shots: [{prompt: café}]".encode("latin-1"))
    with pytest.raises(BadInputFile, match="is not written in UTF-8"):
        read_story(path)


BROKEN = {"a.yaml": "shots: [", "b.json": '{"shots": [}', "c.yaml": "a: \x07", "d.yaml": "x" * 1_000_001}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_storyboard_is_told_as_such(tmp_path, name):
    path = tmp_path / name
    path.write_text(BROKEN[name])
    with pytest.raises(BadInputFile) as raised:
        read_story(path)
    assert str(raised.value).startswith(str(path))


def test_a_missing_file_is_told():
    with pytest.raises(BadInputFile, match=r"nowhere\.yaml: no such file"):
        read_story("nowhere.yaml")


def test_repeated_references_do_not_blow_up(tmp_path):
    bomb = "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    for one, other in zip("bcdefgh", "cdefghi", strict=True):
        bomb += f"{other}: &{other} [{', '.join([f'*{one}'] * 9)}]\n"
    path = tmp_path / "bomb.yaml"
    path.write_text(bomb)
    with pytest.raises(InvalidRequest, match="no such field"):
        read_story(path)
    path.write_text(f"shots:\n- prompt: a\n  camera:\n{textwrap.indent(bomb, '    ')}")
    with pytest.raises(InvalidRequest, match=r"shot 1: camera .*: must be words"):
        read_story(path)


def test_only_names_of_files_are_files():
    assert is_storyboard("story.yaml")
    assert is_storyboard("C:/tales/STORY.JSON")
    assert not is_storyboard("A ball bounces. Cut to a cube.")
