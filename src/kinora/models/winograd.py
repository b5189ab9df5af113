"""3 x 3 convolutions by minimal filtering, for CPUs: the same numbers from 2.25 to 4 times fewer multiplications.

m outputs of a filter of 3 taps need m + 2 multiplications, not 3 m: signal and filter are polynomials, multiplied at
m + 1 points and at infinity (Toom and Cook; Winograd's F(m, 3); Lavin and Gray 2015, arXiv 1509.09308). Along both axes
a tile of m x m outputs then takes (m + 2)^2 products per pair of channels, which together are products of matrices: 16
for 4 outputs, 36 for 16. Where the input is a picture enlarged by repeating pixels 7 of the 16 are zero, and 9 remain.

Taking tiles to points and back are products with small matrices as well: of rows with a banded one, of columns with one
for each tile. Kernels that also reach over time add up their products before they are taken back.
Errors, against float64, of one convolution of 192 channels in float32: direct 2.3e-7, m = 2 4.1e-7, m = 4 1.2e-6.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

MARGIN = (1, 1, 1, 3)
"""Rows above and below, columns on the left and on the right that `convolve` wants around its pictures."""

LARGE = 64
"""Tiles of 4 x 4 outputs from which on they are used: with fewer, reading the 36 / 9 times larger kernels decides."""

WIDE = 256
"""Channels up to which they are: of longer sums more digits are lost on the way back."""

ROWS = 128
"""Tiles, rows of a product of matrices, aimed at for a strip: 2 MB at 96 channels, about what a core's cache holds."""

KERNELS = 31 << 18
"""Elements of transformed kernels at once, 31 MB of float32: what is larger the allocator maps anew each time, and
zeroing its pages takes four times as long as the products (34 ms against 8 for 384 x 384 channels)."""


class Scratch:
    """Room for what lives shortly, by name, the same again at every call: the pages of fresh memory have to be zeroed.

    With it a layer of 96 channels takes two thirds of the time.
    """

    def __init__(self) -> None:
        self._rooms: dict[str, Tensor] = {}

    def room(self, name: str, x: Tensor, *shape: int) -> Tensor:
        """A tensor like x but of this shape, with anything in it; what was there under this name is gone."""
        count = math.prod(shape)
        if name not in self._rooms or self._rooms[name].numel() < count:
            self._rooms.pop(name, None)
            self._rooms[name] = x.new_empty(count)
        return self._rooms[name][:count].view(shape)

    def clear(self) -> None:
        """Give all memory back."""
        self._rooms.clear()


@dataclass(frozen=True)
class Scheme:
    """How tiles of a line of `step` new inputs each become products, and products outputs; all in float64.

    to_points: [products, inputs]. kernel_to_points: [products, 3]. back: [outputs, products].
    """

    step: int
    to_points: Tensor
    kernel_to_points: Tensor
    back: Tensor


def convolve(
    x: Float[Tensor, "n h w c"],
    weight: Float[Tensor, "o c k 3 3"],
    bias: Float[Tensor, " o"],
    scratch: Scratch,
    out: Float[Tensor, "t y x o"] | None = None,
) -> Float[Tensor, "t y x o"]:
    """Correlate frames with a kernel over k frames and 3 x 3 pixels: t = n - k + 1 frames without the `MARGIN` of x.

    y and x, the output's sides, are even. `out` is where to write, if given.
    """
    height, width = x.shape[1] - sum(MARGIN[:2]), x.shape[2] - sum(MARGIN[2:])
    large = not (height % 4 or width % 4) and height * width >= 16 * LARGE and x.shape[3] <= WIDE
    if out is None:
        out = x.new_empty(x.shape[0] - weight.shape[2] + 1, height, width, weight.shape[0])
    _correlate(x, weight, bias, _scheme(4 if large else 2), scratch, out)
    return out


def convolve_enlarged(
    x: Float[Tensor, "n h w c"], weight: Float[Tensor, "o c 3 3"], bias: Float[Tensor, " o"], scratch: Scratch
) -> Float[Tensor, "n y x o"]:
    """Correlate with a 3 x 3 kernel what becomes of x when each pixel is repeated 2 x 2: twice the inner size of x.

    The caller has padded x by one pixel on each side (with zeros, that is what padding the enlarged picture gives).
    """
    out = x.new_empty(x.shape[0], 2 * (x.shape[1] - 2), 2 * (x.shape[2] - 2), weight.shape[0])
    _correlate(x, weight.unsqueeze(2), bias, _enlarged(), scratch, out)
    return out


def convolve_to_planes(
    x: Float[Tensor, "n h w c"], weight: Float[Tensor, "o c k 3 3"], bias: Float[Tensor, " o"], scratch: Scratch
) -> Float[Tensor, "o t y x"]:
    """What `convolve` gives, for few outputs: a product of every pixel with all taps, and planes shifted and added."""
    taps = weight.shape[2]
    height, width = x.shape[1] - sum(MARGIN[:2]), x.shape[2] - sum(MARGIN[2:])
    matrix = weight.permute(2, 3, 4, 0, 1).flatten(0, 3)  # [k * 3 * 3 * o, c]
    out = bias.view(-1, 1, 1, 1).repeat(1, x.shape[0] - taps + 1, height, width)
    for n, frame in enumerate(x):
        planes = scratch.room("points", x, taps, 3, 3, weight.shape[0], *frame.shape[:2])
        torch.mm(matrix, frame.flatten(0, 1).t(), out=planes.view(matrix.shape[0], -1))
        for tap in range(max(0, n - out.shape[1] + 1), min(n + 1, taps)):
            for row in range(3):
                for column in range(3):
                    plane = planes[tap, row, column, :, row : row + height, column : column + width]
                    out[:, n - tap].add_(plane)
    return out


def _correlate(x: Tensor, weight: Tensor, bias: Tensor, scheme: Scheme, scratch: Scratch, out: Tensor) -> None:
    """Do it strip by strip, frame by frame: as much as stays in the cache."""
    taps, size = weight.shape[2], scheme.back.shape[0]
    channels = max(1, KERNELS // (scheme.to_points.shape[0] ** 2 * taps * weight.shape[1]))
    parts = [torch.split(one, channels, dim) for one, dim in ((weight, 0), (bias, 0), (out, 3))]
    for some_weight, some_bias, some_out in zip(*parts, strict=True):
        kernels = _kernels(some_weight, scheme, scratch)
        for top, bottom in _strips(out.shape[1] // size, x.shape[2] // scheme.step):
            given = x[:, scheme.step * top : scheme.step * (bottom - 1) + scheme.to_points.shape[1]]
            for n, frame in enumerate(given):
                points = _tiles(frame, scheme, bottom - top, scratch)
                for tap in range(max(0, n - out.shape[0] + 1), min(n + 1, taps)):
                    name, shape = f"sums of frame {(n - tap) % taps}", (*kernels.shape[1:3], points.shape[1])
                    sums = scratch.room(name, x, *shape, kernels.shape[3])
                    _multiply(points, kernels[tap], sums, add=tap > 0)
                if n >= taps - 1:  # the last tap's frame is complete
                    _untile(sums, some_bias, scheme, scratch, some_out[n - taps + 1, size * top : size * bottom])


def _tiles(x: Float[Tensor, "rows w c"], scheme: Scheme, high: int, scratch: Scratch) -> Float[Tensor, "i tiles j c"]:
    """Take every tile to its i x j points. A tile that straddles the end of a line is nonsense, dropped at last."""
    points, size = scheme.to_points.shape
    width, channels = x.shape[1:]
    lines = scratch.room("lines", x, points * high * width + size, channels)
    lines[-size:] = 0  # the last tile reads beyond the last line
    torch.mm(_band(scheme, high, x.dtype), x.flatten(1), out=lines[:-size].view(points * high, -1))
    tiles = points * high * (width // scheme.step)
    windows = lines.as_strided((tiles, size, channels), (scheme.step * channels, channels, 1), lines.storage_offset())
    out = scratch.room("points", x, tiles, points, channels)
    torch.bmm(_band(scheme, 1, x.dtype).expand(tiles, -1, -1), windows, out=out)
    return out.view(points, -1, points, channels)


def _multiply(
    points: Float[Tensor, "i tiles j c"], kernels: Float[Tensor, "i j o c"], sums: Tensor, *, add: bool
) -> None:
    """Put the products into `sums`, or add them to it."""
    for one, kernel, to in zip(points, kernels, sums, strict=True):
        torch.baddbmm(to, one.transpose(0, 1), kernel.transpose(1, 2), beta=int(add), out=to)


def _untile(
    products: Float[Tensor, "i j tiles o"], bias: Tensor, scheme: Scheme, scratch: Scratch, out: Tensor
) -> None:
    """Take products back to the outputs of tiles, and put those into their places."""
    size, points = scheme.back.shape
    high, wide, channels = out.shape[0] // size, out.shape[1] // size, out.shape[2]
    tiles = scratch.room("tiles", products, size * size, products[0, 0].numel())
    torch.mm(_squared(scheme.back, products.dtype), products.view(points**2, -1), out=tiles)
    places = out.view(high, size, wide, size, channels).permute(1, 3, 0, 2, 4)
    torch.add(tiles.view(size, size, high, -1, channels)[:, :, :, :wide], bias, out=places)


def _kernels(weight: Float[Tensor, "o c k 3 3"], scheme: Scheme, scratch: Scratch) -> Float[Tensor, "k i j o c"]:
    """Take kernels to the points."""
    out_channels, channels, taps = weight.shape[:3]
    points = scheme.kernel_to_points.shape[0]
    out = scratch.room("kernels", weight, taps, points, points, out_channels, channels)
    matrix = _squared(scheme.kernel_to_points, weight.dtype)
    for tap, kernel in zip(weight.flatten(3).unbind(2), out, strict=True):
        torch.mm(matrix, tap.flatten(0, 1).t(), out=kernel.view(points**2, -1))
    return out


def _strips(rows: int, across: int) -> Iterator[tuple[int, int]]:
    """Rows of tiles [top, bottom) of each strip, nearly equal."""
    count = -(-rows // max(1, round(ROWS / across)))
    return pairwise([rows * i // count for i in range(count + 1)])


@lru_cache(maxsize=256)
def _band(scheme: Scheme, high: int, dtype: torch.dtype) -> Float[Tensor, "lines rows"]:
    """`to_points` for `high` tiles one below the other: a line for each point and tile."""
    points, size = scheme.to_points.shape
    band = scheme.to_points.new_zeros(points, high, scheme.step * (high - 1) + size)
    for tile in range(high):
        band[:, tile, scheme.step * tile : scheme.step * tile + size] = scheme.to_points
    return band.flatten(0, 1).to(dtype)


@lru_cache(maxsize=64)
def _squared(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """The same for both axes of a tile at once."""
    return torch.kron(matrix, matrix).to(dtype)


@lru_cache
def _scheme(outputs: int) -> Scheme:
    """F(2, 3) or F(4, 3). Points whose powers stay near 1 lose the fewest digits; 2/3 and 3/2 were the best tried."""
    points = {2: (0, 1, -1), 4: (0, 2 / 3, -2 / 3, 3 / 2, -3 / 2)}[outputs]
    size = len(points) + 1
    shapes = (size, size), (size, 3), (outputs, size)
    to_points, kernel, back = (torch.zeros(shape, dtype=torch.float64) for shape in shapes)
    for row, point in enumerate(points):
        others = torch.tensor([other for other in points if other != point], dtype=torch.float64)
        to_points[row, :-1] = _polynomial(others)
        kernel[row] = torch.tensor([point**i for i in range(3)], dtype=torch.float64) / (point - others).prod()
        back[:, row] = torch.tensor([point**i for i in range(outputs)], dtype=torch.float64)
    to_points[-1] = _polynomial(torch.tensor(points, dtype=torch.float64))
    kernel[-1, -1] = back[-1, -1] = 1
    return Scheme(outputs, to_points, kernel, back)


@lru_cache
def _enlarged() -> Scheme:
    """F(2, 3) of (a, b, b, c), where the product at one of the points is with 0."""
    twice = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64)
    base = _scheme(2)
    to_points = base.to_points @ twice
    kept = to_points.any(dim=1)
    return Scheme(1, to_points[kept], base.kernel_to_points[kept], base.back[:, kept])


def _polynomial(roots: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
    """Coefficients of the product of (x - root), from the constant one up."""
    out = roots.new_ones(1)
    for root in roots:
        out = torch.cat((out.new_zeros(1), out)) - root * torch.cat((out, out.new_zeros(1)))
    return out
