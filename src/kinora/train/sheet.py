"""Sample sheets: what the averaged weights make of a few fixed prompts, to be looked at while a run goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from kinora.data.latents import PromptEncoder
from kinora.flow.schedule import shifted
from kinora.flow.solvers import euler, last
from kinora.models.vae import Autoencoder
from kinora.train.compute import Compute

__all__ = ["PROMPTS", "SheetMaker"]

PROMPTS = (
    "A fluffy red creature hops in a sunny meadow. The camera stays still. 3D animation.",
    "A blue car drives to the left on a snowfield at sunset. 3D animation.",
    "A green ball bounces on a beach by day. The camera stays still. 3D animation.",
    "A yellow candle stands in a dark room at night. The camera slowly zooms in. 3D animation.",
    "A purple mushroom grows in a forest at night while snow falls. 3D animation.",
    "A white snowman spins on a snowfield by day. The camera turns to the right. 3D animation.",
)


@dataclass(frozen=True)
class SheetMaker:
    """Draws one sheet: a row a prompt, columns in time. Few steps: it shows what is learnt, not the best there is."""

    vae: Autoencoder
    states: Float[Tensor, "b l d"]
    mask: Bool[Tensor, "b l"]
    latent_size: tuple[int, int]
    steps: int = 8
    guidance: float = 4.0
    shift: float = 3.0
    columns: int = 5

    @classmethod
    def load(
        cls, vae: Autoencoder, text: PromptEncoder, latent_size: tuple[int, int], prompts: Sequence[str] = PROMPTS
    ) -> "SheetMaker":
        """Encode the prompts once, with the empty one last; the text encoder isn't needed afterwards."""
        encoded = text.encode([*prompts, ""])
        return cls(vae, encoded.states, encoded.mask, latent_size)

    @torch.no_grad()
    def draw(self, model: Callable[..., Tensor], frames: int, compute: Compute, path: Path) -> None:
        """Sample `frames` latent frames a prompt and write the sheet as PNG, renamed into place."""
        from PIL import Image

        prompts = len(self.states) - 1
        null = torch.tensor([prompts] * prompts)
        text = torch.cat([self.states[:-1], self.states[null]]).to(compute.device, compute.dtype)
        mask = torch.cat([self.mask[:-1], self.mask[null]]).to(compute.device)

        def velocity(x: Tensor, sigma: Tensor) -> Tensor:
            both = torch.cat([x, x]).to(compute.dtype)
            sigmas = sigma.float().expand(len(both), frames)
            told, untold = model(both, sigmas, text, text_mask=mask, blocks=None).float().chunk(2)
            return untold + self.guidance * (told - untold)

        noise = torch.randn(prompts, self.vae.channels, frames, *self.latent_size, generator=_generator())
        sigmas = shifted(self.steps, self.shift)
        latents = last(euler(velocity, noise.to(compute.device), sigmas.to(compute.device))).x
        pixels = torch.cat([self.vae.decode(latents[k : k + 1].cpu()) for k in range(prompts)])
        temporary = path.with_name(path.name + ".tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grid(to_frames(pixels), self.columns)).save(temporary, "PNG")
        temporary.replace(path)


def to_frames(pixels: Float[Tensor, "b 3 T H W"]) -> UInt8[np.ndarray, "b T H W 3"]:
    """Pixels in [-1, 1] as bytes."""
    scaled = pixels.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return rearrange(scaled, "b c t h w -> b t h w c").cpu().numpy()


def grid(clips: UInt8[np.ndarray, "b T H W 3"], columns: int) -> UInt8[np.ndarray, "height width 3"]:
    """A row a clip, at most `columns` of its frames evenly spread in time."""
    frames = clips.shape[1]
    times = np.linspace(0, frames - 1, min(columns, frames)).round().astype(int)
    return rearrange(clips[:, times], "b t h w c -> (b h) (t w) c")


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
