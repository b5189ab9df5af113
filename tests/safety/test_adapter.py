"""Terms that were trained over kept states do the same once they are added to the encoder's weights."""

import pytest
import torch

from kinora.models.text import TextEncoder
from kinora.safety.adapter import Adapter, below, merge

TEXTS = ["a man walks", "the quick brown fox jumps over the lazy dog again and again"]


@pytest.fixture(scope="module")
def adapter():
    torch.manual_seed(0)
    made = Adapter(TextEncoder.load())
    for name, term in made.terms.items():
        if name.endswith("up"):
            torch.nn.init.normal_(term, std=0.02)
    return made


def states_of(encoder, adapter):
    rows = below(encoder, TEXTS)
    padded = torch.nn.utils.rnn.pad_sequence([row.float() for row in rows], batch_first=True)
    mask = torch.arange(padded.shape[1]) < torch.tensor([len(row) for row in rows])[:, None]
    return adapter(padded, mask).detach(), mask


def test_training_and_use_agree(adapter):
    encoder = TextEncoder.load()
    trained, mask = states_of(encoder, adapter)
    plain = encoder.encode(TEXTS).states
    merge(encoder, adapter.tensors())
    used = encoder.encode(TEXTS).states
    assert torch.allclose(trained[mask], used[mask], atol=3e-3)
    assert (used[mask] - plain[mask]).abs().mean() > 0.01


def test_without_training_nothing_changes():
    encoder = TextEncoder.load()
    states, mask = states_of(encoder, Adapter(encoder))
    assert torch.allclose(states[mask], encoder.encode(TEXTS).states[mask], atol=3e-3)


def test_a_missing_term_is_an_error(adapter):
    tensors = adapter.tensors()
    tensors.popitem()
    with pytest.raises(KeyError):
        merge(TextEncoder.load(), tensors)
