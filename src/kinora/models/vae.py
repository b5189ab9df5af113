"""The video autoencoder of the shipped models: pixels to latents and back, causal in time.

Geometry of Wan 2.2's: 4 frames x 16 x 16 pixels become one position of 48 channels, and the first frame is a latent of
its own. The encoder starts as the principal components of those patches (a linear map, fitted in seconds; a
convolutional autoencoder from random weights needs hours on a CPU) and learns a residual; the decoder adds a learned
correction to the linear reconstruction.

Everything runs at latent time: a latent frame sees itself and, in the decoder, the one before it, so that a clip
decoded in pieces equals the clip decoded whole and memory does not grow with length.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from kinora.models.config import restored
from kinora.models.stream import DecoderStream


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Sizes of an `Autoencoder`; `stride` is (frames, height, width) per latent position."""

    channels: int = 48
    stride: tuple[int, int, int] = (4, 16, 16)
    encoder_widths: tuple[int, int, int] = (256, 128, 64)  # at 16, 8 and 4 pixels a position
    encoder_blocks: tuple[int, int, int] = (2, 2, 1)
    decoder_widths: tuple[int, int, int] = (256, 128, 64)
    decoder_blocks: tuple[int, int, int] = (2, 2, 2)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "AutoencoderConfig":
        """Read a configuration back from JSON. Raises TypeError for a field that there isn't."""
        return cls(**restored(values))


class Autoencoder(nn.Module):
    """Causal video autoencoder: `encode` pixels in [-1, 1], `decode` whole, or `stream` latent by latent."""

    def __init__(self, config: AutoencoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or AutoencoderConfig()
        patch = 3 * math.prod(self.config.stride)
        self.project = nn.Linear(patch, self.config.channels)  # principal components, see train.autoencoder
        self.reconstruct = nn.Linear(self.config.channels, patch)
        self.encoder = Encoder(self.config)
        self.decoder = Decoder(self.config)
        # Fixed affine map to about unit variance, fitted after training (half-whitened: see train.autoencoder).
        self.register_buffer("mean", torch.zeros(self.config.channels))
        self.register_buffer("scale", torch.ones(self.config.channels))

    mean: Tensor
    scale: Tensor

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
        return (raw - _per_channel(self.mean)) * _per_channel(self.scale)

    def decode(self, latents: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b 3 T H W"]:
        """Pixels in about [-1, 1] (not clamped) of 4 t - 3 frames."""
        return self._decode(latents, Past())

    def stream(self) -> DecoderStream["Past"]:
        """A decoder that takes the next latents of one clip at each call; memory does not depend on its length."""
        return DecoderStream(self._decode, Past())

    def _decode(self, latents: Tensor, past: "Past") -> Tensor:
        return self.decode_raw(latents / _per_channel(self.scale) + _per_channel(self.mean), past)

    def encode_raw(self, pixels: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, "b c t h w"]:
        """Latents before the fixed normalisation; training works on these."""
        frames, height, width = pixels.shape[2:]
        dt, dh, dw = self.stride
        if frames % dt != 1 or height % dh or width % dw:
            raise ValueError(
                f"{frames} frames of {width}x{height}: needs {dt}n+1 frames and sides divisible by {dh}x{dw}"
            )
        # The first frame stands for a whole patch of identical frames, so stills and clips share one latent space.
        padded = torch.cat([pixels[:, :, :1].expand(-1, -1, dt - 1, -1, -1), pixels], dim=2)
        linear = self.project(patchify(padded, self.stride))
        return rearrange(linear + self.encoder(padded), "b t h w c -> b c t h w")

    def decode_raw(self, raw: Float[Tensor, "b c t h w"], past: "Past | None" = None) -> Float[Tensor, "b 3 T H W"]:
        """Pixels of raw latents. `past` carries what a stream must remember and is updated in place."""
        first = past is None or past.empty
        linear = unpatchify(self.reconstruct(rearrange(raw, "b c t h w -> b t h w c")), self.stride)
        pixels = linear + self.decoder(raw, past)
        return pixels[:, :, self.stride[0] - 1 :] if first else pixels


class Past:
    """What each temporal layer saw of the latent frame before the next one; layers read and write it in order."""

    def __init__(self) -> None:
        self._frames: list[Tensor] = []
        self._cursor = 0

    @property
    def empty(self) -> bool:
        """True before the first latent."""
        return not self._frames

    def exchange(self, x: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """`x` one frame late: its frame 0 is what this layer remembered (itself at the start); remembers the last."""
        if self._cursor == len(self._frames):
            self._frames.append(x[:, :1])
        late = torch.cat([self._frames[self._cursor], x[:, :-1]], dim=1)
        self._frames[self._cursor] = x[:, -1:]
        self._cursor += 1
        return late

    def rewind(self) -> None:
        """Start over with the first layer: called once per pass."""
        self._cursor = 0


class Encoder(nn.Module):
    """The learned residual on the linear projection, at three scales: 4, 8 and 16 pixels; spatial context only."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        coarse, middle, fine = config.encoder_widths
        dt, dh, dw = config.stride
        self.cell = (dt, dh // 4, dw // 4)
        self.enter = nn.Conv2d(3 * math.prod(self.cell), fine, 1)
        self.fine = nn.ModuleList(Block(fine) for _ in range(config.encoder_blocks[2]))
        self.down_middle = nn.Conv2d(fine, middle, 2, stride=2)
        self.middle = nn.ModuleList(Block(middle) for _ in range(config.encoder_blocks[1]))
        self.down_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        self.coarse = nn.ModuleList(Block(coarse) for _ in range(config.encoder_blocks[0]))
        self.leave = nn.Conv2d(coarse, config.channels, 1)
        _zero(self.leave)

    def forward(self, pixels: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, "b t h w c"]:
        """Residual channels; T is divisible by the temporal stride."""
        b = pixels.shape[0]
        x = self.enter(rearrange(patchify(pixels, self.cell), "b t h w p -> (b t) p h w"))  # channels last, no copy
        for block in self.fine:
            x = block(x)
        x = self.down_middle(x)
        for block in self.middle:
            x = block(x)
        x = self.down_coarse(x)
        for block in self.coarse:
            x = block(x)
        return rearrange(self.leave(x), "(b t) c h w -> b t h w c", b=b)


class Decoder(nn.Module):
    """The learned correction to the linear reconstruction, at three scales: 16, 8 and 4 pixels a position."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        coarse, middle, fine = config.decoder_widths
        dt, dh, dw = config.stride
        self.enter = nn.Conv2d(config.channels, coarse, 3, padding=1)
        self.coarse = nn.ModuleList(TemporalBlock(coarse) for _ in range(config.decoder_blocks[0]))
        self.up_middle = nn.Conv2d(coarse, middle * 4, 1)
        self.middle = nn.ModuleList(Block(middle) for _ in range(config.decoder_blocks[1]))
        self.up_fine = nn.Conv2d(middle, fine * 4, 1)
        self.fine = nn.ModuleList(Block(fine) for _ in range(config.decoder_blocks[2]))
        self.leave = nn.Conv2d(fine, 3 * dt * (dh // 4) * (dw // 4), 3, padding=1)
        self.frames, self.pixels = dt, (dh // 4, dw // 4)
        _zero(self.leave)

    def forward(self, raw: Float[Tensor, "b c t h w"], past: Past | None = None) -> Float[Tensor, "b 3 T H W"]:
        """Pixels to add, four frames per latent frame."""
        past = past or Past()
        past.rewind()
        b = raw.shape[0]
        x = rearrange(raw, "b c t h w -> (b t) c h w").contiguous(memory_format=torch.channels_last)
        x = self.enter(x)
        for block in self.coarse:
            x = block(x, b, past)
        x = _shuffle(self.up_middle(x))
        for block in self.middle:
            x = block(x)
        x = _shuffle(self.up_fine(x))
        for block in self.fine:
            x = block(x)
        x = self.leave(F.silu(x))
        dh, dw = self.pixels
        return rearrange(x, "(b t) (c dt dh dw) h w -> b c (t dt) (h dh) (w dw)", b=b, dt=self.frames, dh=dh, dw=dw)


class Block(nn.Module):
    """Two 3x3 convolutions around a residual, normalised per position (statistics over space would break streaming)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        _zero(self.conv2)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Same shape."""
        return x + self.conv2(F.silu(self.conv1(_channel_norm(self.norm, x))))


class TemporalBlock(nn.Module):
    """A `Block` whose first convolution also sees the latent frame before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv1 = nn.Conv2d(2 * width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        _zero(self.conv2)

    def forward(self, x: Float[Tensor, "n c h w"], batch: int, past: Past) -> Float[Tensor, "n c h w"]:
        """Same shape; `n` is batch x time."""
        y = _channel_norm(self.norm, x)
        late = past.exchange(rearrange(y, "(b t) c h w -> b t c h w", b=batch)).flatten(0, 1)
        both = torch.cat([late, y], dim=1).contiguous(memory_format=torch.channels_last)
        return x + self.conv2(F.silu(self.conv1(both)))


def patchify(pixels: Float[Tensor, "b 3 T H W"], stride: tuple[int, int, int]) -> Float[Tensor, "b t h w p"]:
    """Each latent position's pixels as one vector; T must be divisible by the temporal stride."""
    dt, dh, dw = stride
    return rearrange(pixels, "b c (t dt) (h dh) (w dw) -> b t h w (c dt dh dw)", dt=dt, dh=dh, dw=dw)


def unpatchify(patches: Float[Tensor, "b t h w p"], stride: tuple[int, int, int]) -> Float[Tensor, "b 3 T H W"]:
    """The inverse of `patchify`."""
    dt, dh, dw = stride
    return rearrange(patches, "b t h w (c dt dh dw) -> b c (t dt) (h dh) (w dw)", dt=dt, dh=dh, dw=dw)


def _zero(layer: nn.Conv2d) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # bias=True is the default


def _channel_norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # stays channels last


def _shuffle(x: Tensor) -> Tensor:
    return F.pixel_shuffle(x, 2).contiguous(memory_format=torch.channels_last)


def _per_channel(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
