"""3 x 3 convolutions by minimal filtering, for CPUs: the same numbers from 2.25 to 4 times fewer multiplications.

A 2 x 2 tile of outputs depends on a 4 x 4 tile of inputs. Transformed by additions alone, the 36 multiplications per
pair of channels become 16 (Winograd's F(2x2, 3x3); Lavin and Gray 2015, arXiv 1509.09308), which are products of
matrices; where the input is a picture enlarged by repeating pixels, 7 of the 16 are zero and 9 remain. Kernels that
also reach over time add their products before the outputs are transformed back. Strips of rows keep what is in flight
in the cache.

Errors are of the size of a direct convolution's: the transforms add, subtract and halve.
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

STRIP = 1 << 20
"""Elements of a transformed strip of input: 4 MB of float32, what the caches of a server's core hold."""

LEAST = 128
"""Tiles of a strip, rows of its products: fewer would not pay for reading the kernels."""


def convolve(
    x: Float[Tensor, "n h w c"], weight: Float[Tensor, "o c k 3 3"], bias: Float[Tensor, " o"]
) -> Float[Tensor, "t y x o"]:
    """Correlate frames with a kernel over k frames and 3 x 3 pixels: t = n - k + 1 frames, two rows and columns fewer.

    The caller has padded x; y and x, the output's sides, are even.
    """
    taps, channels = weight.shape[2], x.shape[3]
    kernels = _transform_kernels(weight, (0, 1, 2, 3)).flatten(1, 2)  # [16, k * c, o]
    given, height, width = x.shape[0], x.shape[1] - 2, x.shape[2] - 2
    out = x.new_empty(given - taps + 1, height, width, weight.shape[0])
    for top, bottom in _strips(height // 2, width // 2, 16 * given * channels):
        tiles = x.new_empty(4, 4, bottom - top, width // 2, given, channels)
        for n, frame in enumerate(x):
            _tiles(frame[2 * top : 2 * bottom + 2], tiles[..., n, :])
        rows = tiles.view(16, -1, given * channels)
        for n, frame in enumerate(out):  # the k frames that a frame depends on lie side by side: one product
            products = torch.bmm(rows[..., n * channels : (n + taps) * channels], kernels)
            _untile(products, bias, frame[2 * top : 2 * bottom])
    return out


def convolve_enlarged(
    x: Float[Tensor, "n h w c"], weight: Float[Tensor, "o c 3 3"], bias: Float[Tensor, " o"]
) -> Float[Tensor, "n y x o"]:
    """Correlate with a 3 x 3 kernel what becomes of x when each pixel is repeated 2 x 2: twice the inner size of x.

    The caller has padded x by one pixel on each side (with zeros, that is what padding the enlarged picture gives).
    """
    kernels = _transform_kernels(weight.unsqueeze(2), (0, 1, 3)).flatten(1, 2)  # [9, c, o]
    height, width = x.shape[1] - 2, x.shape[2] - 2
    out = x.new_empty(x.shape[0], 2 * height, 2 * width, weight.shape[0])
    for top, bottom in _strips(height, width, 9 * x.shape[3]):
        for n, frame in enumerate(x):
            products = torch.bmm(_enlarged_tiles(frame[top : bottom + 2]), kernels)
            _untile_enlarged(products, bias, out[n, 2 * top : 2 * bottom])
    return out


def _tiles(x: Float[Tensor, "rows columns c"], out: Float[Tensor, "4 4 y x c"]) -> None:
    """Transform every 4 x 4 tile, at steps of 2: along each axis (a, b, c, d) becomes (a - c, b + c, c - b, b - d)."""
    height, width, channels = out.shape[2:]
    lines = x.new_empty(4, height, x.shape[1], channels)
    _combine([x[i : i + 2 * height : 2] for i in range(4)], list(lines))
    for line, row in zip(lines, out, strict=True):
        _combine([line[:, i : i + 2 * width : 2] for i in range(4)], list(row))


def _combine(parts: list[Tensor], out: list[Tensor]) -> None:
    a, b, c, d = parts
    torch.sub(a, c, out=out[0])
    torch.add(b, c, out=out[1])
    torch.sub(c, b, out=out[2])
    torch.sub(b, d, out=out[3])


def _untile(products: Float[Tensor, "16 tiles o"], bias: Float[Tensor, " o"], out: Float[Tensor, "y x o"]) -> None:
    """Write the outputs of 2 x 2 tiles: along each axis (p, q, r, s) becomes (p + q + r, q - r - s)."""
    height, width, channels = out.shape[0] // 2, out.shape[1] // 2, out.shape[2]
    p, q, r, s = products.view(4, 4, height, width, channels)
    even, odd = p.add_(q).add_(r), q.sub_(r).sub_(s)
    for row, (a, b, c, d) in enumerate((even, odd)):
        torch.add(a.add_(b), c.add_(bias), out=out[row::2, 0::2])
        torch.sub(b.add_(bias), (c.sub_(bias)).add_(d), out=out[row::2, 1::2])


def _enlarged_tiles(x: Float[Tensor, "rows columns c"]) -> Float[Tensor, "9 tiles c"]:
    """The same of an enlarged picture, whose tiles are (a, b, b, c): (a - b, 2 b, 0, b - c)."""
    height, width, channels = x.shape[0] - 2, x.shape[1] - 2, x.shape[2]
    lines = x.new_empty(3, height, x.shape[1], channels)
    torch.sub(x[:-2], x[1:-1], out=lines[0])
    torch.add(x[1:-1], x[1:-1], out=lines[1])
    torch.sub(x[1:-1], x[2:], out=lines[2])
    tiles = x.new_empty(3, 3, height, width, channels)
    for line, row in zip(lines, tiles, strict=True):
        torch.sub(line[:, :-2], line[:, 1:-1], out=row[0])
        torch.add(line[:, 1:-1], line[:, 1:-1], out=row[1])
        torch.sub(line[:, 1:-1], line[:, 2:], out=row[2])
    return tiles.view(9, height * width, channels)


def _untile_enlarged(products: Float[Tensor, "9 tiles o"], bias: Tensor, out: Float[Tensor, "y x o"]) -> None:
    height, width, channels = out.shape[0] // 2, out.shape[1] // 2, out.shape[2]
    p, q, s = products.view(3, 3, height, width, channels)
    even, odd = p.add_(q), q.sub_(s)
    for row, (a, b, d) in enumerate((even, odd)):
        b.add_(bias)
        torch.add(a, b, out=out[row::2, 0::2])
        torch.sub(b, d, out=out[row::2, 1::2])


def _transform_kernels(weight: Float[Tensor, "o c k 3 3"], rows: tuple[int, ...]) -> Float[Tensor, "m k c o"]:
    """Kernels (f, g, h) become (f, (f + g + h) / 2, (f - g + h) / 2, h) along each axis, of which `rows` are kept."""
    line = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], dtype=weight.dtype)
    line = line.to(weight.device)[list(rows)]
    spread = weight.permute(3, 4, 2, 1, 0).flatten(0, 1)  # [9, k, c, o]
    return (torch.kron(line, line) @ spread.flatten(1)).view(-1, *spread.shape[1:])


def _strips(rows: int, columns: int, per_tile: int) -> Iterator[tuple[int, int]]:
    """Rows [top, bottom) of each strip, nearly equal, of about STRIP elements but no fewer tiles than LEAST."""
    count = min(-(-rows * columns * per_tile // STRIP), rows * columns // LEAST)
    edges = [rows * i // max(1, count) for i in range(max(1, count) + 1)]
    return ((top, bottom) for top, bottom in pairwise(edges) if bottom > top)
