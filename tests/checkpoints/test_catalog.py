import json
import subprocess
import sys

import pytest

from kinora.checkpoints.cards import CARDS, NEGATIVE
from kinora.checkpoints.catalog import CATALOG, Entry, choose, describe, find
from kinora.checkpoints.manifest import read_manifest
from kinora.errors import CorruptWeights, InvalidRequest, UnknownModel
from kinora.request import SAMPLERS, Shot
from kinora.safety import default_guard, screen_words

OPEN = list(CARDS.values())


def test_reading_about_models_needs_no_torch():
    code = "import sys, kinora.checkpoints.catalog as c; c.describe('wan2.2-t2v-a14b'); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_every_entry_says_what_it_is():
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert entry.licence
        assert entry.summary


def test_a_catalogued_model_without_files_says_how_to_get_them(monkeypatch):
    ghost = Entry(name="ghost", where="nowhere", licence="Apache-2.0", summary="not there")
    monkeypatch.setitem(CATALOG, "ghost", ghost)
    assert not ghost.installed
    assert ghost.size == 0
    with pytest.raises(UnknownModel, match=r"ghost: its weights are not in .*nowhere; reinstall"):
        find("ghost")


@pytest.mark.parametrize("entry", [entry for entry in CATALOG.values() if entry.card is None])
def test_shipped_models_are_described_and_small(entry):
    manifest = read_manifest(entry.directory)
    assert manifest.name == entry.name
    assert entry.size < 64e6
    assert (entry.directory / "MODEL_CARD.md").is_file()


@pytest.mark.parametrize("card", OPEN, ids=lambda card: card.name)
def test_open_models_are_described_without_their_weights(card):
    manifest = describe(card.name)
    plan = manifest.limits.plan(Shot("a red ball", seed=1))
    assert manifest.name == card.name
    assert plan.frames in (81, 121)
    assert plan.frames == 4 * (card.defaults.window - 1) + 1  # the length of its training clips
    assert plan.size[0] * plan.size[1] <= card.defaults.max_pixels
    assert plan.sampling["sampler"] in SAMPLERS
    assert (plan.guidance_high is None) == (len(card.shape.experts) == 1)
    assert card.shape.token_sigma == (card.defaults.holds == "tokens")
    assert (card.shape.mask_channels > 0) == (card.defaults.holds == "channels")


def test_settings_are_the_authors():
    """../shared/reference/wan.md and the models' own cards, spelt out: a change here is a change of every video."""
    said = {
        name: (card.defaults.steps, card.defaults.guidance, card.defaults.guidance_high, card.defaults.shift)
        for name, card in CARDS.items()
    }
    assert said == {
        "wan2.1-t2v-1.3b": (50, 6, None, 8),
        "wan2.1-t2v-14b": (50, 5, None, 5),
        "wan2.1-i2v-14b-480p": (40, 5, None, 3),
        "wan2.1-i2v-14b-720p": (40, 5, None, 5),
        "wan2.1-flf2v-14b-720p": (50, 5, None, 16),
        "wan2.2-t2v-a14b": (40, 3, 4, 12),
        "wan2.2-i2v-a14b": (40, 3.5, 3.5, 5),
        "wan2.2-ti2v-5b": (50, 5, None, 5),
        "self-forcing-1.3b": (4, 1, None, 5),
    }
    assert CARDS["wan2.2-t2v-a14b"].defaults.boundary == 0.875
    assert CARDS["wan2.2-i2v-a14b"].defaults.boundary == 0.9
    assert CARDS["wan2.1-flf2v-14b-720p"].defaults.negative.startswith("镜头切换，镜头晃动，色调艳丽")
    assert CARDS["wan2.1-i2v-14b-480p"].defaults.negative == f"镜头晃动，{NEGATIVE}"
    assert CARDS["wan2.2-i2v-a14b"].defaults.negative == NEGATIVE


def test_the_guard_lets_what_models_are_steered_away_from_pass():
    for negative in {card.defaults.negative for card in OPEN}:
        assert screen_words(default_guard(), ["a red ball bounces"], negative).allowed


def test_weights_that_are_not_here_are_named_with_how_to_get_them(monkeypatch):
    monkeypatch.setattr("kinora.checkpoints.hub.cached", lambda _card: None)
    with pytest.raises(UnknownModel, match=r"wan2.2-ti2v-5b: its weights are not .*; fetch them: kinora fetch wan2.2"):
        find("wan2.2-ti2v-5b")
    with pytest.raises(InvalidRequest, match="100x100: sides must be multiples of 32"):
        describe("wan2.2-ti2v-5b").limits.plan(Shot("a ball", size=(100, 100)))


def diffusers_folder(folder, card, **changes):
    shape = card.shape.dit
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    for part in ["transformer", "transformer_2"][: len(card.shape.experts)]:
        (folder / part).mkdir()
        values = {
            "num_attention_heads": shape["heads"],
            "attention_head_dim": 128,
            "num_layers": shape["layers"],
            "in_channels": shape["in_channels"],
            "image_dim": shape.get("image_dim"),
            "pos_embed_seq_len": shape.get("image_positions"),
        }
        (folder / part / "config.json").write_text(json.dumps(values | changes))
    return folder


def original_folder(folder, card):
    shape = card.shape.dit
    kind = "flf2v" if "flf2v" in card.name else "i2v" if "i2v-" in card.name and "ti2v" not in card.name else "t2v"
    values = {"dim": shape["dim"], "num_layers": shape["layers"], "in_dim": shape["in_channels"], "model_type": kind}
    for expert in card.shape.experts:
        (folder / expert).mkdir(parents=True, exist_ok=True)
        (folder / expert / "config.json").write_text(json.dumps(values))
    return folder


@pytest.mark.parametrize("layout", [diffusers_folder, original_folder])
@pytest.mark.parametrize("card", [card for card in OPEN if not card.base], ids=lambda card: card.name)
def test_a_directory_tells_which_model_it_holds(card, layout, tmp_path):
    folder = layout(tmp_path / card.name, card)
    assert choose(folder).card is card
    assert find(folder) == folder


def test_a_directory_that_may_be_several_models_is_asked_about(tmp_path):
    folder = diffusers_folder(tmp_path / "mine", CARDS["wan2.1-i2v-14b-480p"])
    with pytest.raises(UnknownModel, match=r"wan2.1-i2v-14b-480p@.*mine or wan2.1-i2v-14b-720p@.*mine"):
        choose(folder)
    assert choose(f"wan2.1-i2v-14b-720p@{folder}").card is CARDS["wan2.1-i2v-14b-720p"]


def test_a_shape_nobody_published_needs_a_name(tmp_path):
    folder = diffusers_folder(tmp_path / "mine", CARDS["wan2.2-ti2v-5b"], num_layers=2)
    with pytest.raises(UnknownModel, match="say whose settings to use: NAME@"):
        choose(folder)
    assert describe(f"wan2.2-ti2v-5b@{folder}").limits.fps == 24


def test_bad_places_and_descriptions_are_named(tmp_path):
    with pytest.raises(UnknownModel, match="nowhere: no such directory"):
        choose("wan2.2-ti2v-5b@nowhere")
    with pytest.raises(UnknownModel, match="no such model; known: kinora-small, self-forcing"):
        choose("wan9")
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(CorruptWeights, match=r"config\.json: can't be read as a configuration"):
        choose(tmp_path)
