"""Looking at given pictures as Wan 2.1's image models do: CLIP ViT-H/14's vision tower, from transformers.

    ClipReader().encode(pixels)       # [b, 257, 1280]: the class token and 16 x 16 patches, before the last block

The transformer reads the states that enter the tower's last block, so that block is not even built. A first-and-last-
frame model reads both frames' states one after the other: encode the two as a batch, then `flatten(0, 1)[None]`.
Source: Wan-Video/Wan2.1 `wan/modules/clip.py` (Apache-2.0); the weights are open_clip's XLM-RoBERTa ViT-H/14.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kinora.errors import Unavailable

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, kw_only=True)
class ClipConfig:
    """Sizes of the tower; the defaults are ViT-H/14's. `layers` counts the published blocks, the last one unused."""

    dim: int = 1280
    ffn_dim: int = 5120
    heads: int = 16
    layers: int = 32
    side: int = 224
    patch: int = 14


class ClipReader(nn.Module):
    """Pictures in, image tokens out."""

    def __init__(self, config: ClipConfig | None = None) -> None:
        super().__init__()
        self.config = config or ClipConfig()
        self.model = build(self.config)

    @property
    def tower(self) -> Any:
        """Embeddings and blocks: transformers before 5.2 has one module more around them."""
        return getattr(self.model, "vision_model", self.model)

    def place(self, device: torch.device) -> None:
        """Count the positions, which no file holds, after the weights came to `device`."""
        count = (self.config.side // self.config.patch) ** 2 + 1
        self.tower.embeddings.position_ids = torch.arange(count, device=device)[None]

    @torch.no_grad()
    def encode(self, pixels: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b i e"]:
        """Return the tokens of pictures of any size in -1..1, which are stretched to a square as Wan does."""
        weight = next(self.model.parameters())
        pixels = pixels.to(weight.device, torch.float32)
        square = F.interpolate(pixels, size=(self.config.side,) * 2, mode="bicubic", align_corners=False)
        mean, std = (torch.tensor(values, device=weight.device).view(3, 1, 1) for values in (MEAN, STD))
        scaled = ((square * 0.5 + 0.5 - mean) / std).to(weight.dtype)
        return self.model(pixel_values=scaled).last_hidden_state


def build(config: ClipConfig) -> nn.Module:
    """Return transformers' tower without its last block and what follows it (on "meta": without weights)."""
    try:
        from transformers import CLIPVisionConfig, CLIPVisionModel
    except ModuleNotFoundError as error:
        raise Unavailable(
            "transformers", rule="it looks at pictures for Wan", remedy="pip install kinora[wan]"
        ) from error
    sizes = CLIPVisionConfig(
        hidden_size=config.dim,
        intermediate_size=config.ffn_dim,
        num_hidden_layers=config.layers - 1,
        num_attention_heads=config.heads,
        image_size=config.side,
        patch_size=config.patch,
        hidden_act="gelu",
        layer_norm_eps=1e-5,
    )
    model: nn.Module = CLIPVisionModel(sizes)
    tower: Any = getattr(model, "vision_model", model)  # transformers before 5.2 has one module more around it
    tower.post_layernorm = nn.Identity()
    return model.eval()
