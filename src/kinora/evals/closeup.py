"""The recogniser's second look at what there is: the subject in its window, and what falls through the air.

What a thing is does not depend on where it stands, so the first look's mask says where to cut, and a small network of
its own reads the cut. What the thing does is left to `moves`.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kinora.evals.course import Course, windows
from kinora.evals.layers import Frames, clipwise, joined, unit


class Closeup(nn.Module):
    """Subject and colour from the window; about 0.3 M parameters and 20 MFLOP a frame."""

    def __init__(self, words: Mapping[str, tuple[str, ...]], features: int = 128) -> None:
        super().__init__()
        self.reader = nn.Sequential(
            unit(5, 24, stride=2),
            unit(24, 48, stride=2),
            unit(48, 64),
            unit(64, 96, stride=2),
            unit(96, 96),
            unit(96, 96, stride=2),
            nn.Flatten(),
            nn.Linear(9 * 96, features),
        )
        self.dropout = nn.Dropout(0.2)
        self.heads = nn.ModuleDict({name: nn.Linear(2 * features, len(words[name])) for name in ("subject", "colour")})

    def look(self, before: Frames, now: Frames, after: Frames, course: Course) -> Float[Tensor, "b t d"]:
        """What the window holds in each frame."""
        cut = joined(*(windows(frames, course) for frames in (before, now, after)))
        return clipwise(F.relu(self.reader(cut.flatten(0, 1))), cut)

    def identity(self, seen: Float[Tensor, "b t d"]) -> dict[str, Tensor]:
        """Logits of subject and colour from what was seen, in however many frames."""
        together = self.dropout(torch.cat([seen.mean(1), seen.amax(1)], dim=1))
        return {name: head(together) for name, head in self.heads.items()}


class Air(nn.Module):
    """Weather: what is small and moves all over the picture, wherever it is."""

    def __init__(self, words: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.reader = nn.Sequential(unit(5, 16, stride=2), unit(16, 24, stride=2), unit(24, 32))
        self.head = nn.Linear(64, len(words["weather"]))

    def forward(self, before: Frames, now: Frames, after: Frames) -> Float[Tensor, "b words"]:
        """Logits from a few frames, each with its neighbours."""
        pictures = joined(before, now, after)
        maps = clipwise(self.reader(pictures.flatten(0, 1)), pictures)  # b t c h w
        logits: Tensor = self.head(torch.cat([maps.mean((1, 3, 4)), maps.amax((3, 4)).mean(1)], dim=1))
        return logits
