import dataclasses

import pytest
from typer.testing import CliRunner

from kinora.checkpoints.catalog import CATALOG, Entry
from kinora.cli import doctor


@pytest.fixture
def report(monkeypatch):
    """Run the doctor on a machine whose kinora-small is the given directory."""

    def run(directory) -> tuple[int, dict[str, str]]:
        entry = Entry(name="kinora-small", where=str(directory), licence="Apache-2.0", summary="a stand-in")
        monkeypatch.setitem(CATALOG, "kinora-small", entry)
        done = CliRunner().invoke(doctor.app)
        lines = {line[4:17].strip(): line for line in done.stdout.splitlines()}
        return done.exit_code, lines

    return run


def test_a_healthy_machine(report, tiny):
    code, lines = report(tiny)
    assert code == 0, lines
    assert lines["kinora-small"].startswith("ok")
    assert "sha256 correct" in lines["kinora-small"]
    assert "1 s of video take about" in lines["speed"]
    assert lines["matmul"].endswith("GFLOP/s")
    assert {"Kinora", "CPU", "memory", "GPU", "H.264", "credentials", "world", "text"} <= set(lines)


def test_damaged_weights_are_an_illness(report, tiny, tmp_path):
    for path in tiny.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:-1])
    code, lines = report(tmp_path)
    assert code == 1
    assert lines["kinora-small"].startswith("no")


def test_what_is_not_needed_may_be_missing(report, tiny, monkeypatch):
    lacking = doctor.Finding("world", False, "no OpenGL", needed=False)
    monkeypatch.setattr(doctor, "_world", lambda: iter([lacking]))
    code, lines = report(tiny)
    assert code == 0
    assert lines["world"].startswith("--")
    monkeypatch.setattr(doctor, "_world", lambda: iter([dataclasses.replace(lacking, needed=True)]))
    assert report(tiny)[0] == 1
