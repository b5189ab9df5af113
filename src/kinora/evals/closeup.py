"""The recogniser's second look: a window that follows the subject, as fine as the picture is, and what happens in it.

What a thing is does not depend on where it stands, so the first look's mask says where to cut, and a small network of
its own reads the cut. What a thing does is the course of its outline (does it rise, drift, widen?) beside what turns
inside the window, and the camera's part in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kinora.evals.layers import Frames, clipwise, joined, neighbours, over_time, summarised, unit

WINDOW = 48
"""Pixels to a side of the window: about what a subject of middling size has in a picture of 128."""

MARGIN = 4.6
"""Side of the window in standard deviations of the mask along its longer axis; a solid bar would be 3.5 long."""

SMALLEST, CERTAIN = 0.12, 0.3
"""The least side of a window (fraction of the picture), and the probability below which a cell counts as nothing."""


@dataclass(frozen=True)
class Course:
    """Where the mask is in each frame, in fractions of the picture; all [b, t]."""

    x: Tensor
    y: Tensor
    width: Tensor  # standard deviations
    height: Tensor
    area: Tensor

    @classmethod
    def of(cls, masks: Float[Tensor, "b t h w"]) -> "Course":
        """Moments of a mask's probabilities; a mask of nothing lies in the middle and has no size."""
        weight = F.relu(masks - CERTAIN)
        h, w = weight.shape[-2:]
        total = weight.sum((-2, -1)) + 1e-4
        columns, rows = weight.sum(-2), weight.sum(-1)  # b t w, b t h
        across = (torch.arange(w, device=masks.device) + 0.5) / w - 0.5
        down = (torch.arange(h, device=masks.device) + 0.5) / h - 0.5
        x, y = columns @ across / total, rows @ down / total
        width = ((columns @ across.square() / total) - x.square()).clamp_min(0).sqrt()
        height = ((rows @ down.square() / total) - y.square()).clamp_min(0).sqrt()
        return cls(x + 0.5, y + 0.5, width, height, total / (h * w))

    @property
    def side(self) -> Tensor:
        """Side of the square window round the subject."""
        return (MARGIN * torch.maximum(self.width, self.height)).clamp(SMALLEST, 1.0)

    def steps(self) -> Float[Tensor, "b n t"]:
        """The course as numbers of order one: places, sizes, and how they change from frame to frame."""
        size = torch.log(self.area + 1e-3)
        rows = torch.stack([self.x - 0.5, self.y - 0.5, self.width * 4, self.height * 4, size / 4 + 1], dim=1)
        change = F.pad(rows[..., 1:] - rows[..., :-1], (1, 0))
        return torch.cat([rows * 2, change * 10], dim=1)


COURSE_STEPS = 10


class Closeup(nn.Module):
    """Subject, colour and action from the window; about 0.4 M parameters and 20 MFLOP a frame."""

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
        self.course = nn.Conv1d(features + COURSE_STEPS + len(words["camera"]), features, 1)
        self.temporal = over_time(features, (1, 2, 4))
        self.dropout = nn.Dropout(0.2)
        self.heads = nn.ModuleDict(
            {
                "subject": nn.Linear(2 * features, len(words["subject"])),
                "colour": nn.Linear(2 * features, len(words["colour"])),
                "action": nn.Linear(4 * features, len(words["action"])),
            }
        )

    def forward(
        self, pixels: Float[Tensor, "b t 3 h w"], masks: Float[Tensor, "b s mh mw"], camera: Float[Tensor, "b words"]
    ) -> dict[str, Tensor]:
        """Logits from a clip, the subject's mask in every second frame and the camera's word (both probabilities)."""
        course = Course.of(masks)
        seen = self.look(*neighbours(pixels, every=2), course)
        moves = torch.cat([course.steps(), camera[..., None].expand(-1, -1, masks.shape[1])], dim=1)
        states = F.relu(self.course(torch.cat([seen.transpose(1, 2), moves], dim=1)))
        for block in self.temporal:
            states = states + block(states)
        return {**self.identity(seen), "action": self.heads["action"](self.dropout(summarised(states)))}

    def look(self, before: Frames, now: Frames, after: Frames, course: Course) -> Float[Tensor, "b t d"]:
        """What the window holds in each frame."""
        cut = joined(*(windows(frames, course) for frames in (before, now, after)))
        return clipwise(F.relu(self.reader(cut.flatten(0, 1))), cut)

    def identity(self, seen: Float[Tensor, "b t d"]) -> dict[str, Tensor]:
        """Logits of subject and colour from what was seen, in however many frames."""
        together = self.dropout(torch.cat([seen.mean(1), seen.amax(1)], dim=1))
        return {name: self.heads[name](together) for name in ("subject", "colour")}


def windows(pictures: Float[Tensor, "b t c h w"], course: Course) -> Float[Tensor, "b t c side side"]:
    """The square round the subject in each frame, WINDOW pixels to a side; what lies outside the picture is zero."""
    grid = (torch.arange(WINDOW, device=pictures.device) + 0.5) / WINDOW - 0.5
    x = course.x[..., None] + course.side[..., None] * grid
    y = course.y[..., None] + course.side[..., None] * grid
    at = torch.stack([x[:, :, None, :].expand(-1, -1, WINDOW, -1), y[:, :, :, None].expand(-1, -1, -1, WINDOW)], dim=-1)
    flat = F.grid_sample(pictures.flatten(0, 1), at.flatten(0, 1) * 2 - 1, align_corners=False)
    return clipwise(flat, pictures)


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
