"""Reading prompts as Wan does: UMT5-XXL's encoder from transformers, with Wan's cleaning, lengths and padding.

    reader = Umt5Reader(Tokenizer.from_file("google/umt5-xxl/tokenizer.json"))     # then fill it: checkpoints.wan
    reader.encode(["a cat"]).states                                                # [1, 512, 4096], zeros after </s>

Wan pads the states with zeros to 512 and lets them take part in attention, so there is no mask to go with them.
Cleaning and lengths: Wan-Video/Wan2.1 `wan/modules/tokenizers.py` and `t5.py` (Apache-2.0).
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor, nn

from kinora.errors import InvalidRequest, Unavailable


@dataclass(frozen=True, kw_only=True)
class Umt5Config:
    """Sizes of the encoder; the defaults are UMT5-XXL's. `length`: states a transformer reads, padding included."""

    vocabulary: int = 256384
    dim: int = 4096
    heads: int = 64
    head_dim: int = 64
    ffn_dim: int = 10240
    layers: int = 24
    length: int = 512


@dataclass(frozen=True)
class Umt5States:
    """States of a batch of prompts, zero after each one's end. There is no mask: the zeros take part."""

    states: Float[Tensor, "b l d"]
    mask: None = None


class Umt5Reader(nn.Module):
    """Prompts in, states out. What is longer than `config.length` tokens is refused; Wan cuts it off."""

    def __init__(self, tokenizer: Tokenizer, config: Umt5Config | None = None) -> None:
        super().__init__()
        self.config = config or Umt5Config()
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.model = build(self.config)

    @torch.no_grad()
    def encode(self, prompts: Sequence[str]) -> Umt5States:
        """Return the states of each prompt's tokens, </s> included, and zeros up to `config.length`.

        Raises InvalidRequest when a prompt has more tokens than that.
        """
        rows = [self.tokenize(prompt) for prompt in prompts]
        model: Any = self.model
        words, last = model.get_input_embeddings().weight, model.encoder.final_layer_norm.weight
        ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        lengths = torch.tensor([len(row) for row in rows], device=last.device)
        mask = torch.arange(ids.shape[1], device=last.device) < lengths[:, None]
        # The table of words, 2 GB, may lie elsewhere than what is computed with (`checkpoints.wan.load_text`).
        embedded = F.embedding(ids.to(words.device), words).to(last.device)
        states = model(inputs_embeds=embedded, attention_mask=mask.to(torch.long)).last_hidden_state
        out = last.new_zeros(len(rows), self.config.length, self.config.dim)
        out[:, : ids.shape[1]] = states * mask.unsqueeze(-1)
        return Umt5States(out)

    def tokenize(self, prompt: str) -> list[int]:
        """Return the tokens of a cleaned prompt. Raises InvalidRequest when they are too many."""
        row = self.tokenizer.encode(clean(prompt)).ids
        if len(row) > self.config.length:
            shown = prompt if len(prompt) <= 40 else prompt[:37] + "..."
            raise InvalidRequest(
                f"prompt {shown!r}, {len(row)} tokens",
                rule=f"a prompt has at most {self.config.length} tokens",
                remedy=f"shorten it by about {len(row) - self.config.length} words",
            )
        return row

    def count_tokens(self, prompt: str) -> int:
        """Return the number of tokens of a prompt, </s> included."""
        return len(self.tokenizer.encode(clean(prompt)).ids)


def clean(prompt: str) -> str:
    """Mend broken encodings, resolve HTML's entities (twice: some are escaped twice), make every gap one space."""
    try:
        import ftfy
    except ModuleNotFoundError as error:  # without it the same prompt would read differently on different machines
        raise Unavailable("ftfy", rule="Wan's prompts are cleaned with it", remedy="pip install kinora[wan]") from error
    text = html.unescape(html.unescape(ftfy.fix_text(prompt))).strip()
    return re.sub(r"\s+", " ", text).strip()


def build(config: Umt5Config) -> nn.Module:
    """Return transformers' encoder of these sizes, with whatever weights it begins with (on "meta": none)."""
    try:
        from transformers import UMT5Config as Sizes
        from transformers import UMT5EncoderModel
    except ModuleNotFoundError as error:
        raise Unavailable("transformers", rule="it reads prompts for Wan", remedy="pip install kinora[wan]") from error
    sizes = Sizes(
        vocab_size=config.vocabulary,
        d_model=config.dim,
        d_kv=config.head_dim,
        d_ff=config.ffn_dim,
        num_layers=config.layers,
        num_heads=config.heads,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        feed_forward_proj="gated-gelu",
        layer_norm_epsilon=1e-6,
    )
    model: nn.Module = UMT5EncoderModel(sizes)
    return model.eval()
