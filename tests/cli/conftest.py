import os
import signal
import subprocess
import sys
from typing import NamedTuple

import pytest

from kinora.checkpoints.tiny import save_tiny_model
from kinora.cli import main


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A model directory that films in a moment."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def kinora(tmp_path, monkeypatch, capsys):
    """Run `kinora` in this process (so that torch is imported once) in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as left:
            main([str(one) for one in arguments])
        return Done(left.value.code, *capsys.readouterr())

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def kinora_process(tmp_path):
    """Start `kinora` as a user does, in an empty directory."""

    def start(*arguments: object, **options: object) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "kinora", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    return start
