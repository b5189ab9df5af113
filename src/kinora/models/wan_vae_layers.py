"""Layers of Wan's autoencoders. Those over time take a `Memory`: what they saw of the frames before this piece."""

from typing import cast

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from kinora.models.winograd import MARGIN, Scratch, convolve, convolve_enlarged, convolve_to_planes


class Memory:
    """One clip's past in one encoder or decoder. `fast` asks for minimal filtering (float32, CPU, no gradients)."""

    def __init__(self, *, fast: bool) -> None:
        self.fast = fast
        self.started = False
        self._past: dict[nn.Module, Tensor] = {}
        self.scratch = Scratch()

    def recall(self, layer: nn.Module) -> Tensor | None:
        """What `layer` kept of the last piece; None at the start of a clip."""
        return self._past.get(layer)

    def keep(self, layer: nn.Module, x: Tensor) -> None:
        """Remember `x`, of its own storage."""
        self._past[layer] = x

    def end_piece(self) -> None:
        """Note that the clip has begun, and keep only what its next piece needs."""
        self.started = True
        self.scratch.clear()

    @property
    def size(self) -> int:
        """Elements remembered."""
        return sum(tensor.numel() for tensor in self._past.values())


class CausalConv3d(nn.Conv3d):
    """A convolution that sees `size` - 1 frames before each frame and none after; nothing precedes a clip but zeros."""

    def __init__(self, width_in: int, width_out: int, size: int | tuple[int, int, int]) -> None:
        kernel = (size, size, size) if isinstance(size, int) else size
        super().__init__(width_in, width_out, kernel, padding=(0, kernel[1] // 2, kernel[2] // 2))

    def forward(self, x: Float[Tensor, "b c t h w"], memory: Memory | None = None) -> Float[Tensor, "b o t h w"]:
        """Convolve the next frames of a clip."""
        before = self.kernel_size[0] - 1
        if before:
            assert memory is not None
            past = memory.recall(self)
            if past is None:
                past = x.new_zeros(*x.shape[:2], before, *x.shape[3:])
            x = torch.cat((past, x), dim=2)
            memory.keep(self, x[:, :, -before:].clone())
        if x.device.type != "cpu" or self.kernel_size[1:] != (1, 1):
            return super().forward(x)
        return _along_time(self, x)


def _along_time(conv: nn.Conv3d, x: Float[Tensor, "b c n h w"], step: int = 1) -> Float[Tensor, "b o t h w"]:
    """A convolution over time alone: a product for each frame that a frame sees. torch's own is slow at it on CPUs."""
    (batch, _, frames, height, width), taps = x.shape, conv.kernel_size[0]
    count = (frames - taps) // step + 1
    rows = [x[:, :, tap : tap + step * (count - 1) + 1 : step].movedim(1, -1).flatten(0, 3) for tap in range(taps)]
    matrices = conv.weight[..., 0, 0].unbind(-1)
    out = F.linear(rows[0], matrices[0], conv.bias)
    for row, matrix in zip(rows[1:], matrices[1:], strict=True):
        out = torch.addmm(out, row, matrix.t())
    return out.view(batch, count, height, width, -1).movedim(-1, 1)


class Norm(nn.Module):
    """x over its length across channels, times the root of their number and a learned gain."""

    def __init__(self, width: int, *, images: bool = False) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width, *(1,) * (2 if images else 3)))

    def forward(self, x: Float[Tensor, "b c *grid"]) -> Float[Tensor, "b c *grid"]:
        """Normalise each position, in float32 at least."""
        wide = x if x.dtype == torch.float64 else x.float()
        gain = self.gamma.to(x.dtype) * x.shape[1] ** 0.5
        return F.normalize(wide, dim=1).to(x.dtype) * gain.view(-1, *(1,) * (x.ndim - 2))


class Residual(nn.Module):
    """Two convolutions around a residual."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = Norm(width_in), CausalConv3d(width_in, width_out, 3)
        self.norm2, self.conv2 = Norm(width_out), CausalConv3d(width_out, width_out, 3)
        self.shortcut = CausalConv3d(width_in, width_out, 1) if width_in != width_out else nn.Identity()

    def forward(self, x: Float[Tensor, "b c t h w"], memory: Memory) -> Float[Tensor, "b o t h w"]:
        """Same grid."""
        y = activate(self.norm1, self.conv1, x, memory)
        y = activate(self.norm2, self.conv2, y, memory, out=y)
        return y.add_(self.shortcut(x)) if memory.fast else y + self.shortcut(x)


class Attention(nn.Module):
    """Single-headed attention within each frame."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = Norm(width, images=True)
        self.to_qkv, self.proj = nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)

    def forward(self, x: Float[Tensor, "b c t h w"], memory: Memory) -> Float[Tensor, "b c t h w"]:
        """Same shape; it needs no memory."""
        del memory
        frames, rows = x.shape[2], x.shape[3]
        y = rearrange(self.norm(x), "b c t h w -> (b t) 1 (h w) c")
        q, k, v = F.linear(y, self.to_qkv.weight.flatten(1), self.to_qkv.bias).chunk(3, dim=-1)
        y = F.linear(F.scaled_dot_product_attention(q, k, v), self.proj.weight.flatten(1), self.proj.bias)
        return x + rearrange(y, "(b t) 1 (h w) c -> b c t h w", t=frames, h=rows)


class Down(nn.Module):
    """A level of the encoder: residual blocks, then half the sides (`halve`) and half the frames (`time`)."""

    def __init__(self, width_in: int, width_out: int, blocks: int, halve: bool, time: bool, *, shortcut: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Residual(width_in if i == 0 else width_out, width_out) for i in range(blocks))
        self.resample = nn.Conv2d(width_out, width_out, 3, stride=2) if halve else None
        self.time = CausalConv3d(width_out, width_out, (3, 1, 1)) if time else None
        self.factors = (2 if time else 1, 2 if halve else 1) if shortcut else None

    def forward(self, x: Float[Tensor, "b c t h w"], memory: Memory) -> Float[Tensor, "b o n y x"]:
        """Of the first frame alone comes one frame; of later frames half as many."""
        given, frames = x, x.shape[2]
        for block in self.blocks:
            x = block(x, memory)
        if self.resample is not None:
            x = self.resample(F.pad(rearrange(x, "b c t h w -> (b t) c h w"), (0, 1, 0, 1)))
            x = rearrange(x, "(b t) c h w -> b c t h w", t=frames)
        if self.time is not None:
            past = memory.recall(self)
            memory.keep(self, x[:, :, -1:].clone())
            if past is not None:
                x = _along_time(self.time, torch.cat((past, x), dim=2), step=2)
        return x if self.factors is None else x + _averages(given, x.shape[1], *self.factors)


class Up(nn.Module):
    """A level of the decoder: residual blocks, then twice the frames (`time`) and twice the sides (`double`).

    Without a shortcut (Wan 2.1) the enlarged picture has half the width.
    """

    def __init__(self, width_in: int, width_out: int, blocks: int, double: bool, time: bool, *, shortcut: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Residual(width_in if i == 0 else width_out, width_out) for i in range(blocks))
        width = width_out if shortcut else width_out // 2
        self.resample = nn.Conv2d(width_out, width, 3, padding=1) if double else None
        self.time = CausalConv3d(width_out, 2 * width_out, (3, 1, 1)) if time else None
        self.factors = (2 if time else 1, 2) if shortcut and double else None

    def forward(self, x: Float[Tensor, "b c t h w"], memory: Memory) -> Float[Tensor, "b o n y x"]:
        """Of the first latent frame comes one frame; of later ones two for each."""
        given = x
        for block in self.blocks:
            x = block(x, memory)
        if self.time is not None:
            if not memory.started:  # what comes next finds zeros before it, not this frame
                memory.keep(self.time, x.new_zeros(*x.shape[:2], 2, *x.shape[3:]))
            else:
                x = rearrange(self.time(x, memory), "b (two c) t h w -> b c (t two) h w", two=2)
        if self.resample is not None:
            x = _enlarge(self.resample, x, memory)
        if self.factors is None:
            return x
        return x + _repeats(given, x.shape[1], *self.factors)[:, :, -x.shape[2] :]


def activate(
    norm: Norm, conv: CausalConv3d, x: Tensor, memory: Memory, out: Tensor | None = None
) -> Float[Tensor, "b o t h w"]:
    """conv(silu(norm(x))) over the next frames of a clip; the fast way can write it into `out`, even if that is x.

    It writes the activations once, channels last, into the padded frames that the convolution reads.
    """
    if not memory.fast or x.shape[3] % 2 or x.shape[4] % 2:
        return conv(F.silu(norm(x)), memory)
    batch, channels, frames, height, width = x.shape
    past = memory.recall(conv)
    before = 0 if past is None and frames == 1 else 2  # before the first frame are zeros: no need to multiply them
    padded = _framed(memory, x, before + frames, MARGIN)
    inner = padded[:, :, 1 : 1 + height, 1 : 1 + width]
    inner[:, :before] = 0 if past is None else past
    gain = (norm.gamma * channels**0.5).view(-1)
    for source, target in zip(x.permute(0, 2, 3, 4, 1).unbind(0), inner[:, before:].unbind(0), strict=True):
        for rows, written in zip(_rows(source), _rows(target), strict=True):
            length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True).clamp_min_(1e-12)
            F.silu(torch.div(rows, length, out=written).mul_(gain), inplace=True)
    if past is not None:
        past.copy_(inner[:, -2:])
    else:
        memory.keep(conv, F.pad(inner[:, -2:], (0, 0, 0, 0, 0, 0, 2 - min(2, frames), 0)).clone())
    weight, bias = conv.weight[:, :, 2 - before :], cast(Tensor, conv.bias)
    if conv.out_channels < 16:
        return torch.stack([convolve_to_planes(clip, weight, bias, memory.scratch) for clip in padded])
    if out is None:
        out = x.new_empty(batch, frames, height, width, conv.out_channels).permute(0, 4, 1, 2, 3)
    for clip, written in zip(padded, out.permute(0, 2, 3, 4, 1), strict=True):
        convolve(clip, weight, bias, memory.scratch, written)
    return out


def _framed(memory: Memory, x: Float[Tensor, "b c t h w"], frames: int, margin: tuple[int, int, int, int]) -> Tensor:
    """Room for pictures like those of x, channels last, with zeros around them and nothing in them yet."""
    above, below, left, right = margin
    height, width = x.shape[3] + above + below, x.shape[4] + left + right
    out = memory.scratch.room("framed", x, x.shape[0], frames, height, width, x.shape[1])
    for part in (out[:, :, :above], out[:, :, height - below :], out[:, :, :, :left], out[:, :, :, width - right :]):
        part.zero_()
    return out


def _rows(frames: Float[Tensor, "t h w c"]) -> list[Float[Tensor, "rows w c"]]:
    """Strips of some 100,000 elements, so that what is computed of one stays in the cache."""
    rows = max(1, (1 << 17) // (frames.shape[2] * frames.shape[3]))
    return [part for frame in frames.unbind(0) for part in torch.split(frame, rows)]


def _enlarge(conv: nn.Conv2d, x: Float[Tensor, "b c t h w"], memory: Memory) -> Float[Tensor, "b o t y x"]:
    """Repeat every pixel 2 x 2, then convolve."""
    count = x.shape[2]
    if memory.fast:
        padded = _framed(memory, x, count, (1, 1, 1, 1))
        padded[:, :, 1:-1, 1:-1] = x.permute(0, 2, 3, 4, 1)
        y = convolve_enlarged(padded.flatten(0, 1), conv.weight, cast(Tensor, conv.bias), memory.scratch)
        return rearrange(y, "(b t) h w c -> b c t h w", t=count)
    frames = rearrange(x, "b c t h w -> (b t) c h w")
    enlarged = frames.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    return rearrange(conv(enlarged), "(b t) c h w -> b c t h w", t=count)


def _averages(x: Float[Tensor, "b c t h w"], width: int, time: int, side: int) -> Float[Tensor, "b o n y x"]:
    """Each cell of time x side x side positions as channels, averaged in groups down to `width` channels."""
    x = F.pad(x, (0, 0, 0, 0, -x.shape[2] % time, 0))
    cells = rearrange(x, "b c (t f) (h q) (w r) -> b (c f q r) t h w", f=time, q=side, r=side)
    return rearrange(cells, "b (o group) t h w -> b o group t h w", o=width).mean(dim=2)


def _repeats(x: Float[Tensor, "b c t h w"], width: int, time: int, side: int) -> Float[Tensor, "b o n y x"]:
    """The reverse: each channel repeated until there is one for every channel of `width` and place in its cell."""
    repeated = x.repeat_interleave(width * time * side**2 // x.shape[1], dim=1)
    return rearrange(repeated, "b (c f q r) t h w -> b c (t f) (h q) (w r)", f=time, q=side, r=side)
