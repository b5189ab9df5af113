"""Wan's video autoencoders, 2.1 and 2.2, as one class: causal in time, so that memory does not grow with a clip.

    vae = WanAutoencoder(WanVaeConfig.from_dict(VAES["wan2.2"]))
    latents = vae.encode(pixels)                  # 4n + 1 frames in [-1, 1] to n + 1 latent frames of unit variance
    stream = vae.stream(); stream(latents[:, :, :1]); stream(latents[:, :, 1:])

Frames enter as 1, 4, 4, ... and latent frames leave one at a time; each causal layer remembers its last two inputs. A
clip decoded in pieces is therefore the clip decoded whole, to the bit.
Architecture: Wan-Video/Wan2.1 `wan/modules/vae.py`, Wan2.2 `wan/modules/vae2_2.py` (Apache-2.0). 2.2 adds to every
level a shortcut without parameters and works on 2 x 2 patches of pixels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from kinora.models.config import restored
from kinora.models.stream import DecoderStream
from kinora.models.wan_vae_layers import Attention, CausalConv3d, Down, Memory, Norm, Residual, Up, activate

Backend = Literal["fast", "plain"]


@dataclass(frozen=True, kw_only=True)
class WanVaeConfig:
    """Sizes of a `WanAutoencoder`; the defaults are Wan 2.1's. `mean` and `std` are the latents', per channel.

    multipliers: widths of the levels, in units of `encoder_width` and `decoder_width`.
    blocks: residual blocks in a level of the encoder; the decoder has one more.
    halves_time: which of the encoder's steps between levels, each of which halves the sides, halve time too.
    patch: pixels to the side of what enters as one position. shortcuts: Wan 2.2's, around each level.
    """

    channels: int = 16
    encoder_width: int = 96
    decoder_width: int = 96
    multipliers: tuple[int, ...] = (1, 2, 4, 4)
    blocks: int = 2
    halves_time: tuple[bool, ...] = (False, True, True)
    patch: int = 1
    shortcuts: bool = False
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.halves_time) != len(self.multipliers) - 1:
            raise ValueError(f"{self.halves_time=}: there are {len(self.multipliers) - 1} steps between the levels")
        if any(len(values) not in (0, self.channels) for values in (self.mean, self.std)):
            raise ValueError(f"{len(self.mean)} means and {len(self.std)} deviations of {self.channels=}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "WanVaeConfig":
        """Read a configuration back from JSON. Raises TypeError for a field that there isn't."""
        return cls(**restored(values))

    @property
    def stride(self) -> tuple[int, int, int]:
        """(frames, height, width) per latent position."""
        side = self.patch * 2 ** len(self.halves_time)
        return 2 ** sum(self.halves_time), side, side


class WanAutoencoder(nn.Module):
    """Causal video autoencoder: `encode` pixels in [-1, 1], `decode` whole, or `stream` latent by latent.

    backend: "fast" computes on CPUs, without gradients, by minimal filtering (models.winograd); "plain" spells the
    layers out with torch's own, which is what other devices do in any case, and is what the tests hold "fast" to.
    """

    def __init__(self, config: WanVaeConfig | None = None, backend: Backend = "fast") -> None:
        super().__init__()
        self.config, self.backend = config or WanVaeConfig(), backend
        channels = self.config.channels
        self.encoder = Encoder(self.config)
        self.to_moments = CausalConv3d(2 * channels, 2 * channels, 1)
        self.from_latent = CausalConv3d(channels, channels, 1)
        self.decoder = Decoder(self.config)

    @property
    def stride(self) -> tuple[int, int, int]:
        """(frames, height, width) per latent position."""
        return self.config.stride

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.config.channels

    def encode(self, pixels: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, "b c t h w"]:
        """Latents of 4n + 1 frames (t = n + 1) of about unit variance. Raises ValueError for other counts or sides."""
        raw = self.encode_raw(pixels)
        mean, std = self._scale(raw)
        return (raw - mean) / std

    def decode(self, latents: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b 3 T H W"]:
        """Pixels in [-1, 1] of 4 t - 3 frames."""
        return self._decode(latents, self._memory(latents))

    @torch.no_grad()
    def stream(self) -> DecoderStream[Memory]:
        """A decoder that takes the next latents of one clip at each call; memory does not depend on its length."""
        return DecoderStream(self._decode, self._memory(next(self.parameters())))

    def encode_raw(self, pixels: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, "b c t h w"]:
        """The posterior's mean, before normalisation."""
        frames, height, width = pixels.shape[2:]
        dt, dh, dw = self.stride
        if frames % dt != 1 or height % dh or width % dw:
            raise ValueError(
                f"{frames} frames of {width}x{height}: needs {dt}n+1 frames and sides divisible by {dh}x{dw}"
            )
        memory = self._memory(pixels)
        parts = [self.encoder(_patches(part, self.config.patch), memory) for part in _chunks(pixels, dt)]
        return self.to_moments(torch.cat(parts, dim=2)).chunk(2, dim=1)[0]

    def decode_raw(self, raw: Float[Tensor, "b c t h w"], memory: Memory | None = None) -> Float[Tensor, "b 3 T H W"]:
        """Pixels of latents before normalisation. `memory` is what a stream remembers, updated in place."""
        memory = self._memory(raw) if memory is None else memory
        frames = self.stride[0] * raw.shape[2] - (0 if memory.started else self.stride[0] - 1)
        out = raw.new_empty(
            raw.shape[0], 3, frames, *(s * n for s, n in zip(self.stride[1:], raw.shape[3:], strict=True))
        )
        end = 0
        for latent in self.from_latent(raw).split(1, dim=2):
            part = _pixels(self.decoder(latent, memory), self.config.patch)
            begin, end = end, end + part.shape[2]
            out[:, :, begin:end] = part.clamp(-1, 1)
        return out

    def _decode(self, latents: Tensor, memory: Memory) -> Tensor:
        mean, std = self._scale(latents)
        return self.decode_raw(latents * std + mean, memory)

    def _memory(self, x: Tensor) -> Memory:
        fast = self.backend == "fast" and x.device.type == "cpu" and x.dtype == torch.float32
        return Memory(fast=fast and not torch.is_grad_enabled())

    def _scale(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.config.mean or (0.0,) * self.channels
        std = self.config.std or (1.0,) * self.channels
        return x.new_tensor(mean).view(-1, 1, 1, 1), x.new_tensor(std).view(-1, 1, 1, 1)


class Encoder(nn.Module):
    """Patches of pixels to the moments of a latent."""

    def __init__(self, config: WanVaeConfig) -> None:
        super().__init__()
        widths = [config.encoder_width * factor for factor in (1, *config.multipliers)]
        steps = (*((True, time) for time in config.halves_time), (False, False))
        self.enter = CausalConv3d(3 * config.patch**2, widths[0], 3)
        self.levels = nn.ModuleList(
            Down(a, b, config.blocks, *step, shortcut=config.shortcuts)
            for a, b, step in zip(widths, widths[1:], steps, strict=False)
        )
        self.middle = nn.ModuleList([Residual(widths[-1], widths[-1]), Attention(widths[-1])])
        self.middle.append(Residual(widths[-1], widths[-1]))
        self.norm = Norm(widths[-1])
        self.leave = CausalConv3d(widths[-1], 2 * config.channels, 3)

    def forward(self, x: Float[Tensor, "b p t h w"], memory: Memory) -> Float[Tensor, "b m n y x"]:
        """Encode the next frames of a clip: 1, or as many as the temporal stride."""
        x = self.enter(x, memory)
        for layer in (*self.levels, *self.middle):
            x = layer(x, memory)
        x = activate(self.norm, self.leave, x, memory)
        memory.end_piece()
        return x


class Decoder(nn.Module):
    """A latent to patches of pixels."""

    def __init__(self, config: WanVaeConfig) -> None:
        super().__init__()
        factors = config.multipliers[::-1]
        widths = [config.decoder_width * factor for factor in (factors[0], *factors)]
        steps = (*((True, time) for time in config.halves_time[::-1]), (False, False))
        self.enter = CausalConv3d(config.channels, widths[0], 3)
        self.middle = nn.ModuleList([Residual(widths[0], widths[0]), Attention(widths[0])])
        self.middle.append(Residual(widths[0], widths[0]))
        # Wan 2.1 halves the width as it enlarges; 2.2 leaves that to the next level.
        halved = [1, *[1 if config.shortcuts else 2] * len(config.halves_time)]
        self.levels = nn.ModuleList(
            Up(a // half, b, config.blocks + 1, *step, shortcut=config.shortcuts)
            for a, b, half, step in zip(widths, widths[1:], halved, steps, strict=False)
        )
        self.norm = Norm(widths[-1])
        self.leave = CausalConv3d(widths[-1], 3 * config.patch**2, 3)

    def forward(self, x: Float[Tensor, "b c 1 h w"], memory: Memory) -> Float[Tensor, "b p n y x"]:
        """Decode the next latent frame of a clip."""
        x = self.enter(x, memory)
        for layer in (*self.middle, *self.levels):
            x = layer(x, memory)
        x = activate(self.norm, self.leave, x, memory)
        memory.end_piece()
        return x


def _chunks(pixels: Float[Tensor, "b 3 T H W"], size: int) -> Iterator[Float[Tensor, "b 3 n H W"]]:
    """The first frame, then `size` at a time."""
    yield pixels[:, :, :1]
    yield from (pixels[:, :, begin : begin + size] for begin in range(1, pixels.shape[2], size))


def _patches(pixels: Float[Tensor, "b 3 t H W"], side: int) -> Float[Tensor, "b p t h w"]:
    """Each patch's pixels as channels, columns before rows: Wan 2.2's order."""
    return rearrange(pixels, "b c t (h q) (w r) -> b (c r q) t h w", q=side, r=side)


def _pixels(patches: Float[Tensor, "b p t h w"], side: int) -> Float[Tensor, "b 3 t H W"]:
    """The inverse of `_patches`."""
    return rearrange(patches, "b (c r q) t h w -> b c t (h q) (w r)", q=side, r=side)
