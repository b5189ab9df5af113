"""The recogniser's network: frames in, one guess per attribute and a mask of the subject out.

It looks twice. The overview sees whole frames, small, and says where the subject is, where all of this takes place and
how the camera moves; a window that follows the subject then says what it is (`closeup`) and does (`moves`), and a
glance at the air, at full size, whether anything falls. The second look takes the first as it is: each can be trained
without the other moving under it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kinora.evals.attributes import CORE
from kinora.evals.closeup import Air, Closeup
from kinora.evals.course import Course
from kinora.evals.layers import clipwise, doubled, joined, neighbours, over_time, summarised, unit
from kinora.evals.moves import Moves, slides

SIDE = 128
"""Pictures are brought to SIDE x SIDE before they are judged."""

OVERVIEW_SIDE = 64
"""What counts in the world is larger than two pixels, faces and snowflakes apart; those are left to the second look."""

MASK_SIDE = 32


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
    """Both looks; about 1.2 M parameters and 90 MFLOP a frame."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.overview = Overview(config)
        self.second = SecondLook(config.words)

    def forward(self, pixels: Float[Tensor, "b t 3 h w"], stride: int = 2) -> Guess:
        """Judge clips of at least nine frames in [0, 1] at SIDE x SIDE; masks are given for every `stride`-th frame.

        Heads always look at every second frame, so that a stride of 1 (masks for all frames) changes no word.
        """
        first = self.overview(pixels, stride)
        every_second = replace(first, masks=first.masks[:, :: 2 // stride])
        return replace(first, logits={**first.logits, **self.second(pixels, every_second)})


class SecondLook(nn.Module):
    """What the overview cannot see, and a second opinion on what it can hardly."""

    def __init__(self, words: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.closeup = Closeup(words)
        self.moves = Moves(words)
        self.air = Air(words)

    def forward(self, pixels: Float[Tensor, "b t 3 h w"], first: Guess) -> dict[str, Tensor]:
        """Logits of what it judges, given the overview with a mask for every second frame.

        Subject and weather are its own; to the overview's colour and action it adds.
        """
        look = self.at_subject(pixels, first)
        near = self.closeup.identity(look["seen"])
        near["colour"] = near["colour"] + first.logits["colour"]
        near["action"] = self.moves(**look) + first.logits["action"]
        return {**near, "weather": self.air(*neighbours(pixels, every=8))}

    def at_subject(self, pixels: Float[Tensor, "b t 3 h w"], first: Guess) -> dict[str, Tensor]:
        """What `moves` goes by, by the names it gives them."""
        masks = first.masks.sigmoid()
        course = Course.of(masks)
        return {
            "seen": self.closeup.look(*neighbours(pixels, every=2), course),
            "steps": course.steps(),
            "slid": slides(pixels, masks, course),
            "camera": first.logits["camera"].softmax(1),
        }


class Overview(nn.Module):
    """A first guess at every attribute, from small pictures.

    A frame passes a small 2D trunk together with its differences to the frames before and after (so that local motion
    is visible to the first layer); the trunk's 4x4 map is kept, not averaged, because a camera move is a pattern over
    the picture; a temporal stack then compares frames. A light U-shaped branch marks the subject, which the second
    look and the analytic checks need where no ground truth exists.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        a, b, c = config.widths
        d = config.frame_features
        self.stem = unit(5, a, stride=2)
        self.middle = nn.Sequential(unit(a, b, stride=2), unit(b, b))
        self.deep = nn.Sequential(unit(b, c, stride=2), unit(c, c))
        self.summary = nn.Sequential(unit(c, b, stride=2), nn.Flatten(), nn.Linear(b * 16, d))
        self.up_deep = nn.Conv2d(c, b, 1)
        self.up_middle = nn.Conv2d(b, a, 1)
        self.mask = nn.Sequential(unit(a, 16), nn.Conv2d(16, 1, 1))
        self.temporal = over_time(d, (1, 2))
        self.penultimate = nn.Linear(4 * d, config.features)
        self.heads = nn.ModuleDict({name: nn.Linear(config.features, len(w)) for name, w in config.words.items()})
        self.dropout = nn.Dropout(0.2)

    def forward(self, pixels: Float[Tensor, "b t 3 h w"], stride: int = 2) -> Guess:
        """As `Network.forward`."""
        small = clipwise(F.avg_pool2d(pixels.flatten(0, 1), SIDE // OVERVIEW_SIDE), pixels)
        frames, maps = self._trunk(joined(*neighbours(small, every=stride)))
        states = frames[:, :: 2 // stride].transpose(1, 2)  # b d t
        for block in self.temporal:
            states = states + block(states)
        features = F.relu(self.penultimate(summarised(states)))
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


def shrunk(pixels: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 side side"]:
    """Any size to SIDE x SIDE, by area when smaller; the picture is stretched, not cut, so nothing leaves the frame."""
    if pixels.shape[-2:] == (SIDE, SIDE):
        return pixels
    return F.interpolate(pixels, size=(SIDE, SIDE), mode="bilinear", antialias=True).clamp(0, 1)
