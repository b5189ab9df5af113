"""`kinora train` as it is typed: what each stage leaves behind, and how it says no."""

import json
import os
import signal

import pytest
from typer.testing import CliRunner

from kinora.checkpoints.store import verify
from kinora.cli.train import app
from kinora.errors import InvalidRequest
from kinora.models.vae import Autoencoder
from kinora.train.autoencoder import save_autoencoder
from kinora.train.state import load_state


@pytest.fixture
def run():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*arguments):
        return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def vae(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vae")
    save_autoencoder(Autoencoder(), folder, {})
    return folder


def test_a_run_and_its_export(run, data, vae, tmp_path):
    told = run("flow", data, "-o", tmp_path / "run", "--recipe", "cpu_tiny", "--steps", 4, "--threads", 1)
    assert told.exit_code == 0
    assert "4 steps" in told.stdout
    told = run("export", tmp_path / "run", "--vae", vae, "-o", tmp_path / "model", "--name", "mine")
    assert told.exit_code == 0
    assert "mine 1" in told.stdout
    assert verify(tmp_path / "model").name == "mine"
    told = run("flow", data, "-o", tmp_path / "on", "--init", tmp_path / "model", "--recipe", "cpu_tiny", "--steps", 1)
    assert told.exit_code == 0


def test_the_same_command_goes_on(run, data, tmp_path):
    for steps in (2, 4):
        run("flow", data, "-o", tmp_path, "--recipe", "cpu_tiny", "--steps", steps)
    assert load_state(tmp_path).step == 4
    with pytest.raises(InvalidRequest, match="holds a checkpoint"):
        run("flow", data, "-o", tmp_path, "--recipe", "cpu_tiny", "--steps", 4, "--resume", "never")


def test_a_signal_saves_and_stops(run, data, tmp_path, monkeypatch):
    from kinora.train import loop

    advance = loop.FlowRun.advance

    def signalled(self, batch, position):
        advance(self, batch, position)
        if self.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(loop.FlowRun, "advance", signalled)
    told = run("flow", data, "-o", tmp_path, "--recipe", "cpu_tiny", "--steps", 500)
    assert told.exit_code == 0
    assert load_state(tmp_path).step == 3
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["step"] == 3


def test_an_unknown_recipe_is_named_with_the_known(run, data, tmp_path):
    with pytest.raises(
        InvalidRequest, match="cpu_small, cpu_small_motion, cpu_small_takes, cpu_small_shapes, cpu_tiny, gpu_medium"
    ):
        run("flow", data, "-o", tmp_path, "--recipe", "gpu_huge")


def test_a_run_is_as_long_as_one_number_says(run, data, tmp_path):
    with pytest.raises(InvalidRequest, match="exactly one"):
        run("flow", data, "-o", tmp_path, "--steps", 3, "--minutes", 1)
