"""The text reader against recorded numbers, Wan's cleaning rules, and its padding."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from kinora.errors import InvalidRequest
from kinora.models.umt5 import Umt5Config, Umt5Reader, clean

pytest.importorskip("transformers", reason="transformers reads prompts for Wan (pip install kinora[wan])")

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "wan"
WORDS = ["<pad>", "</s>", "<unk>", "a", "cat", "runs", "away"]


@pytest.fixture(scope="module")
def reader():
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    torch.manual_seed(0)
    sizes = Umt5Config(vocabulary=8, dim=32, heads=4, head_dim=8, ffn_dim=64, layers=2, length=16)
    return Umt5Reader(tokenizer, sizes).eval()


def test_the_recorded_numbers():
    path = FIXTURES / "umt5.safetensors"
    if not path.exists():
        pytest.skip("the numbers made by transformers are not beside this checkout")
    tensors = load_file(path)
    sizes = Umt5Config(vocabulary=100, dim=32, heads=4, head_dim=8, ffn_dim=64, layers=3, length=24)
    reader = Umt5Reader(Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>")), sizes)
    weights = {key[2:]: tensor for key, tensor in tensors.items() if key.startswith("w.")}
    reader.model.load_state_dict({**weights, "encoder.embed_tokens.weight": weights["shared.weight"]})
    reader.eval()
    rows = [ids[mask.bool()].tolist() for ids, mask in zip(tensors["ids"], tensors["mask"], strict=True)]
    reader.tokenize = dict(zip("ab", rows, strict=True)).__getitem__
    states = reader.encode("ab").states
    assert states.shape == (2, 24, 32)
    for state, row, expected in zip(states, rows, tensors["y"], strict=True):
        torch.testing.assert_close(state[: len(row)], expected[: len(row)], atol=1e-5, rtol=0)
        assert not state[len(row) :].any()


def test_zeros_follow_each_prompt_and_nothing_is_masked(reader):
    read = reader.encode(["a cat runs", "", "a cat runs away"])
    assert read.mask is None
    assert [int(state.abs().sum(-1).ne(0).sum()) for state in read.states] == [4, 1, 5]


def test_a_prompt_reads_the_same_alone_and_in_company(reader):
    together = reader.encode(["a cat", "a cat runs away"]).states
    torch.testing.assert_close(together[:1], reader.encode(["a cat"]).states, atol=1e-6, rtol=0)


def test_what_is_too_long_is_refused_not_cut(reader):
    assert reader.count_tokens("a " * 15) == 16
    reader.encode(["a " * 15])
    with pytest.raises(InvalidRequest, match="at most 16 tokens; shorten it by about 4 words"):
        reader.encode(["a " * 19])


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("  a \n\t cat ", "a cat"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("a cafÃ©", "a café"),
        ("‘quoted’ words", "'quoted' words"),
        ("一只猫\u3000在跑", "一只猫 在跑"),
        ("&nbsp;a&nbsp;&nbsp;cat", "a cat"),
    ],
)
def test_prompts_are_cleaned_as_wan_does(given, read):
    assert clean(given) == read
