"""The recogniser's second look at what the subject does.

Three things tell: the course of its outline (does it rise, drift, widen?), what the window shows, and what slides. A
thing that stands while the camera pans crosses the picture as one that walks does, but its ground goes with it; a
candle that turns keeps its outline, but what is drawn on it goes by. Both are a matter of a pixel or two from one frame
to the next, which a stack of convolutions hardly learns to tell apart and a correlation says at once (the correlation
layer of FlowNet, Dosovitskiy et al., arXiv 1504.06852, sideways only and over whole regions).
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kinora.evals.course import COURSE_STEPS, WINDOW, Course, windows
from kinora.evals.layers import over_time, summarised

REACH = 8
"""Pixels of the window that a thing may slide to either side: a sixth of it in a quarter of a second."""

SLIDES = 5 * (2 * REACH + 1)
"""Numbers of `slides` for a frame."""

DETAIL = 7
"""Side of the square whose mean is taken off: light and shade don't slide, detail does."""


class Moves(nn.Module):
    """The action's word, from what was seen of each second frame; about 0.2 M parameters."""

    def __init__(self, words: Mapping[str, tuple[str, ...]], features: int = 128) -> None:
        super().__init__()
        self.read = nn.Conv1d(features + COURSE_STEPS + len(words["camera"]) + SLIDES, features, 1)
        self.temporal = over_time(features, (1, 2, 4))
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(4 * features, len(words["action"]))

    def forward(
        self,
        seen: Float[Tensor, "b t d"],
        steps: Float[Tensor, "b n t"],
        slid: Float[Tensor, "b t slides"],
        camera: Float[Tensor, "b words"],
    ) -> Float[Tensor, "b actions"]:
        """Logits from what the window showed, the course's steps, what slid and the camera's word (probabilities)."""
        word = camera[..., None].expand(-1, -1, seen.shape[1])
        states = F.relu(self.read(torch.cat([seen.transpose(1, 2), steps, word, slid.transpose(1, 2)], dim=1)))
        for block in self.temporal:
            states = states + block(states)
        logits: Tensor = self.head(self.dropout(summarised(states)))
        return logits


def slides(
    pixels: Float[Tensor, "b t 3 h w"], masks: Float[Tensor, "b s mh mw"], course: Course
) -> Float[Tensor, "b s slides"]:
    """How far what is in and about the window has slid sideways since two frames ago, for every second frame.

    For each of five regions the correlation at every shift from REACH pixels to the left to as many to the right: the
    ground, the background and the subject, the window held still; the subject and its ground, the window gone along
    with the subject. `masks` are the subject's probabilities in every second frame, `course` is theirs.
    """
    gray = pixels[:, ::2].mean(2, keepdim=True)
    was = replace(course, x=earlier(course.x), y=earlier(course.y))
    now, held, along = (
        detail(windows(*each)) for each in ((gray, course), (earlier(gray), course), (earlier(gray), was))
    )
    subject = windows(masks[:, :, None], course)[:, :, 0]
    low = (torch.arange(WINDOW, device=pixels.device) >= WINDOW // 2).to(pixels)[:, None]
    ground, back = (1 - subject) * low, (1 - subject) * (1 - low)
    regions = ((held, ground), (held, back), (held, subject), (along, subject), (along, ground))
    return torch.cat([correlation(now, then, weight) for then, weight in regions], dim=-1)


def earlier(each: Float[Tensor, "b s ..."]) -> Float[Tensor, "b s ..."]:
    """What was one step before; before the first, the first."""
    return torch.cat([each[:, :1], each[:, :-1]], dim=1)


def detail(cut: Float[Tensor, "b s 1 side side"]) -> Float[Tensor, "b s side side"]:
    """Less the mean of each pixel's surroundings."""
    flat = cut[:, :, 0]
    return flat - F.avg_pool2d(flat, DETAIL, stride=1, padding=DETAIL // 2, count_include_pad=False)


def correlation(
    now: Float[Tensor, "b s h w"], then: Float[Tensor, "b s h w"], weight: Float[Tensor, "b s h w"]
) -> Float[Tensor, "b s shifts"]:
    """Normalised correlation, -1 to 1, of `now` with `then` moved sideways, for each shift; weighted where `now` is."""
    wide = F.pad(then, (REACH, REACH))
    across = now.shape[-1]
    norm = (weight * now.square()).sum((-2, -1))
    found = []
    for shift in range(2 * REACH, -1, -1):
        moved = wide[..., shift : shift + across]
        power = norm * (weight * moved.square()).sum((-2, -1))
        found.append((weight * now * moved).sum((-2, -1)) / (power.sqrt() + 1e-4))
    return torch.stack(found, dim=-1)
