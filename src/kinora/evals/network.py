"""The recogniser's network: frames in, one guess per attribute and a mask of the subject out.

A frame passes a small 2D trunk together with its differences to the frames before and after (so that local motion is
visible to the first layer); the trunk's 4x4 map is kept, not averaged, because a camera move is a pattern over the
picture; a temporal stack then compares frames. A light U-shaped branch marks the subject, which the analytic checks
need where no ground truth exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kinora.evals.attributes import CORE

SIDE = 64
"""Pictures are brought to SIDE x SIDE before they are judged: what counts in the world is larger than two pixels."""

MASK_SIDE = 32

LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Guess:
    """What the network says about a batch of clips; logits throughout."""

    logits: dict[str, Tensor]  # attribute -> [b, words]
    features: Tensor  # [b, features]
    masks: Tensor  # [b, t, MASK_SIDE, MASK_SIDE]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of the network and the words of each head, in the order of their logits."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(CORE))
    widths: tuple[int, int, int] = (24, 64, 96)
    frame_features: int = 160
    features: int = 128


class Network(nn.Module):
    """About 0.8 M parameters and 60 MFLOP a frame."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        a, b, c = config.widths
        d = config.frame_features
        self.stem = unit(5, a, stride=2)
        self.middle = nn.Sequential(unit(a, b, stride=2), unit(b, b))
        self.deep = nn.Sequential(unit(b, c, stride=2), unit(c, c))
        self.summary = nn.Sequential(unit(c, b, stride=2), nn.Flatten(), nn.Linear(b * 16, d))
        self.up_deep = nn.Conv2d(c, b, 1)
        self.up_middle = nn.Conv2d(b, a, 1)
        self.mask = nn.Sequential(unit(a, 16), nn.Conv2d(16, 1, 1))
        self.temporal = nn.ModuleList(nn.Conv1d(d, d, 3, padding=n, dilation=n) for n in (1, 2))
        self.norms = nn.ModuleList(nn.BatchNorm1d(d) for _ in range(2))
        self.penultimate = nn.Linear(4 * d, config.features)
        self.heads = nn.ModuleDict({name: nn.Linear(config.features, len(w)) for name, w in config.words.items()})
        self.dropout = nn.Dropout(0.2)

    def forward(self, pixels: Float[Tensor, "b t 3 h w"], stride: int = 2) -> Guess:
        """Judge clips of at least nine frames in [0, 1] at SIDE x SIDE; masks are given for every `stride`-th frame.

        Heads always look at every second frame, so that a stride of 1 (masks for all frames) changes no word.
        """
        frames, maps = self._trunk(with_differences(pixels)[:, ::stride])
        states = frames[:, :: 2 // stride].transpose(1, 2)  # b d t
        for conv, norm in zip(self.temporal, self.norms, strict=True):
            states = states + F.relu(norm(conv(states)))
        third = max(states.shape[2] // 3, 1)
        drift = states[:, :, -third:].mean(2) - states[:, :, :third].mean(2)
        spread = states.std(2, correction=0)
        pooled = torch.cat([states.mean(2), states.amax(2), drift, spread], dim=1)
        features = F.relu(self.penultimate(pooled))
        logits = {name: head(self.dropout(features)) for name, head in self.heads.items()}
        return Guess(logits, features, maps)

    def _trunk(self, x: Tensor) -> tuple[Tensor, Tensor]:
        b, t = x.shape[:2]
        fine = self.stem(x.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        middle = self.middle(fine)
        deep = self.deep(middle)
        up = middle + doubled(self.up_deep(deep))
        masks = self.mask(fine + doubled(self.up_middle(up)))
        return self.summary(deep).unflatten(0, (b, t)), masks[:, 0].unflatten(0, (b, t))


def unit(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm (folded into the weights of the convolution's successor at no cost on a CPU), ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


def doubled(x: Tensor) -> Tensor:
    """Twice the height and width."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def with_differences(pixels: Float[Tensor, "b t 3 h w"]) -> Float[Tensor, "b t 5 h w"]:
    """Colour, and luma differences to the frame before and to the frame after (zero at the clip's ends).

    Differences are scaled by 4: at 8 frames a second a moving edge changes by about 0.1, colour spreads over 0.3.
    """
    luma = (pixels * pixels.new_tensor(LUMA)[:, None, None]).sum(2, keepdim=True)
    step = (luma[:, 1:] - luma[:, :-1]) * 4
    nothing = torch.zeros_like(luma[:, :1])
    before, after = torch.cat([nothing, step], dim=1), torch.cat([step, nothing], dim=1)
    return torch.cat([pixels - 0.5, before, after], dim=2)


def shrunk(pixels: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 side side"]:
    """Any size to SIDE x SIDE, by area when smaller; the picture is stretched, not cut, so nothing leaves the frame."""
    if pixels.shape[-2:] == (SIDE, SIDE):
        return pixels
    return F.interpolate(pixels, size=(SIDE, SIDE), mode="bilinear", antialias=True).clamp(0, 1)
