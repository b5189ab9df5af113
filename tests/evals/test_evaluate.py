"""`kinora eval world` on a tiny random model: its clips are the engine's, and the command writes a report."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kinora.checkpoints.tiny import DEFAULTS, save_tiny_model
from kinora.cli.evaluate import model_sampler, rebuilder
from kinora.evals.suites import Setting


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny", defaults=replace(DEFAULTS, seconds=2.0))


@pytest.fixture(scope="module")
def model(folder):
    from kinora.checkpoints.store import load_model

    return load_model(folder)


def test_clips_made_together_are_those_that_the_engine_makes_alone(model):
    from kinora.engine.engine import Engine
    from kinora.engine.events import Done
    from kinora.request import Shot
    from kinora.safety import default_guard

    prompts, seeds = ["a red ball bounces in a meadow", "a blue car"], [3, 4]
    together = list(model_sampler(model)(prompts, seeds, Setting(steps=2, guidance=3.0)))
    engine = Engine(model, default_guard())
    for prompt, seed, frames in zip(prompts, seeds, together, strict=True):
        *_, done = engine.generate(Shot(prompt, seed=seed, steps=2, guidance=3.0))
        assert isinstance(done, Done)
        assert frames.shape == done.clip.frames.shape
        # Padding to the longest prompt of the batch changes sums in their last digits, and so a level here and there.
        assert np.abs(frames.astype(int) - done.clip.frames).max() <= 1


def test_the_model_takes_the_empty_prompt(model):
    (frames,) = model_sampler(model)([""], [0], Setting(steps=1))
    assert frames.dtype == np.uint8
    assert frames.ndim == 4


def test_a_rebuilt_clip_is_decoded_from_its_latents(model):
    frames = np.random.default_rng(0).integers(0, 256, (33, 128, 128, 3), dtype=np.uint8)
    rebuilt = rebuilder(model)(frames)
    assert rebuilt.shape == frames.shape
    assert not np.array_equal(rebuilt, frames)


@pytest.mark.gl
@pytest.mark.slow
def test_the_command_judges_a_model_and_goes_on_where_it_stopped(folder, tmp_path, capsys):
    from kinora.cli import main

    out = tmp_path / "out"
    arguments = ["eval", "world", "--model", str(folder), "--prompts", "4", "--curve", "2", "--out", str(out)]
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert not left.value.code
        assert "on 4 held-out prompts" in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert report["clips"]["generated"] == 4
    assert report["rates"]["renders"]["setting"] == 1
    assert len((out / "generated.jsonl").read_text().splitlines()) == 4
