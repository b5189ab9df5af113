"""Where the subject is in each frame, and a window that follows it, as fine as the picture is."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinora.evals.layers import clipwise

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
"""Rows of `Course.steps`."""


def windows(pictures: Float[Tensor, "b t c h w"], course: Course) -> Float[Tensor, "b t c side side"]:
    """The square round the subject in each frame, WINDOW pixels to a side; what lies outside the picture is zero."""
    grid = (torch.arange(WINDOW, device=pictures.device) + 0.5) / WINDOW - 0.5
    x = course.x[..., None] + course.side[..., None] * grid
    y = course.y[..., None] + course.side[..., None] * grid
    at = torch.stack([x[:, :, None, :].expand(-1, -1, WINDOW, -1), y[:, :, :, None].expand(-1, -1, -1, WINDOW)], dim=-1)
    flat = F.grid_sample(pictures.flatten(0, 1), at.flatten(0, 1) * 2 - 1, align_corners=False)
    return clipwise(flat, pictures)
