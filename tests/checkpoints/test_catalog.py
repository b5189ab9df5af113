import subprocess
import sys

import pytest

from kinora.checkpoints.catalog import CATALOG, Entry, find
from kinora.checkpoints.manifest import read_manifest
from kinora.errors import UnknownModel


def test_reading_about_models_needs_no_torch():
    code = "import sys, kinora.checkpoints.catalog; print('torch' in sys.modules)"
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


@pytest.mark.parametrize("entry", [entry for entry in CATALOG.values() if entry.installed])
def test_shipped_models_are_described_and_small(entry):
    manifest = read_manifest(entry.directory)
    assert manifest.name == entry.name
    assert entry.size < 64e6
    assert (entry.directory / "MODEL_CARD.md").is_file()
