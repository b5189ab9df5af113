"""Fetching weights: what goes wrong on the way is said in words, and what has come stays."""

import errno
import hashlib
from dataclasses import replace

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from kinora.checkpoints.cards import CARDS
from kinora.checkpoints.hub import cached, check, fetch
from kinora.errors import CorruptWeights, OutputError, Unavailable

CARD = CARDS["wan2.1-t2v-1.3b"]


@pytest.fixture
def hub(monkeypatch):
    """A hub that answers with what it is told to."""

    def answers(answer):
        def snapshot_download(*_given, **_named):
            if isinstance(answer, Exception):
                raise answer
            return str(answer)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)

    return answers


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("IO Error: No space left on device (os error 28)")],
    ids=["python", "xet"],
)
def test_a_full_disk_is_named_with_how_to_go_on(hub, error):
    hub(error)
    with pytest.raises(OutputError, match=r"no room for wan2.1-t2v-1.3b; make room, .*HF_HOME, .* what has come stays"):
        fetch(CARD)


@pytest.mark.parametrize("error", [LocalEntryNotFoundError("offline"), OSError("reset"), RuntimeError("reset")])
def test_a_hub_out_of_reach_says_what_else_would_do(hub, error):
    hub(error)
    with pytest.raises(
        Unavailable, match=r"could not be fetched from Wan-AI/.*; try again: .*wan2.1-t2v-1.3b@DIRECTORY"
    ):
        fetch(CARD)


def test_a_cache_without_weights_is_none(hub, tmp_path):
    hub(LocalEntryNotFoundError("offline"))
    assert cached(CARD) is None
    hub(tmp_path)
    (tmp_path / "config.json").write_text("{}")  # somebody looked at one file
    assert cached(CARD) is None
    (tmp_path / "diffusion_pytorch_model.safetensors").touch()
    assert cached(CARD) == tmp_path


def test_a_file_that_is_not_the_published_one_is_named(tmp_path):
    known = replace(CARD, sha256={"weights.pth": hashlib.sha256(b"published").hexdigest(), "absent.pth": "0" * 64})
    (tmp_path / "weights.pth").write_bytes(b"published")
    assert check(tmp_path, known) == 1
    (tmp_path / "weights.pth").write_bytes(b"publishe\xe4")
    with pytest.raises(CorruptWeights, match=r"weights\.pth: its sha256 is not the published .*: kinora fetch wan2.1"):
        check(tmp_path, known)
