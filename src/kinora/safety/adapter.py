"""A small change to the text encoder that makes it read for what is refused: low-rank terms on its upper layers.

all-MiniLM-L6-v2 was taught to tell subjects apart, and what is said about a subject moves its embedding little: "gay
men are vermin" lies near "gay men are fathers". So its upper layers are adapted to the screening's categories with
terms of rank 16 (LoRA, Hu et al. 2021). They are added to the weights once, on loading, and cost no time after that.

    Adapter(encoder)(states, mask)     # in training, over the states that the lower layers give
    merge(encoder, tensors)            # on loading
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinora.models.text import TextEncoder

RANK = 16
FIRST = 3
"""The lowest layer that is adapted; those below stay as published."""

PLACES = ("self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight", "linear2.weight")


class Adapter(nn.Module):
    """The encoder's upper layers with terms to be trained; without them, at first, they are as published."""

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__()
        self._layers = list(encoder.bert.layers.layers)[FIRST:]
        self.terms = nn.ParameterDict()
        for number, layer in enumerate(self._layers, FIRST):
            for place in PLACES:
                out, width = layer.get_parameter(place).shape
                name = f"{number}.{place}".replace(".", "/")
                self.terms[f"{name}/down"] = nn.Parameter(torch.randn(RANK, width) * width**-0.5)
                self.terms[f"{name}/up"] = nn.Parameter(torch.zeros(out, RANK))

    def forward(self, x: Float[Tensor, "b l d"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b l d"]:
        """The last hidden states from those that go into layer FIRST."""
        for number, layer in enumerate(self._layers, FIRST):
            attention = layer.self_attn
            b, length, width = x.shape
            joined = self._linear(number, PLACES[0], x, attention.in_proj_weight, attention.in_proj_bias)
            q, k, v = joined.view(b, length, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
            mixed = mixed.transpose(1, 2).reshape(b, length, width)
            out = attention.out_proj
            x = layer.norm1(x + self._linear(number, PLACES[1], mixed, out.weight, out.bias))
            wide = F.gelu(self._linear(number, PLACES[2], x, layer.linear1.weight, layer.linear1.bias))
            x = layer.norm2(x + self._linear(number, PLACES[3], wide, layer.linear2.weight, layer.linear2.bias))
        return x

    def tensors(self) -> dict[str, Tensor]:
        """The terms as `merge` takes them."""
        return {name.replace("/", "."): term.detach() for name, term in self.terms.items()}

    def _linear(self, number: int, place: str, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        name = f"{number}.{place}".replace(".", "/")
        return F.linear(x, weight, bias) + F.linear(F.linear(x, self.terms[f"{name}/down"]), self.terms[f"{name}/up"])


@torch.inference_mode()
def below(encoder: TextEncoder, texts: list[str]) -> list[Float[Tensor, "l d"]]:
    """The states that go into layer FIRST, for each text, in half precision: they never change, so they are kept."""
    out: list[Tensor] = [torch.empty(0)] * len(texts)
    rows = [encoder.tokenizer.encode(text).ids for text in texts]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    for start in range(0, len(order), 64):
        batch = order[start : start + 64]
        ids = nn.utils.rnn.pad_sequence([torch.tensor(rows[i]) for i in batch], batch_first=True)
        mask = torch.arange(ids.shape[1]) < torch.tensor([len(rows[i]) for i in batch])[:, None]
        x = encoder.bert.norm(encoder.bert.words(ids) + encoder.bert.positions.weight[: ids.shape[1]])
        for layer in list(encoder.bert.layers.layers)[:FIRST]:
            x = layer(x, src_key_padding_mask=~mask)
        for i, states in zip(batch, x.half(), strict=True):
            out[i] = states[: len(rows[i])].clone()
    return out


def merge(encoder: TextEncoder, tensors: Mapping[str, Tensor]) -> None:
    """Add terms as saved (`<weight>.down`, `.up`) to an encoder's weights. Raises KeyError if one is missing."""
    for number, layer in enumerate(encoder.bert.layers.layers):
        for place in PLACES if number >= FIRST else ():
            name = f"{number}.{place}"
            with torch.no_grad():
                layer.get_parameter(place).add_(tensors[f"{name}.up"].float() @ tensors[f"{name}.down"].float())
