"""An edit with its files read and every choice made: all that can be refused has been, nothing is computed. No torch.

In each, `plan` is the finished clip's, `expand` says whether the words may be put into the model's own first, and
`info` goes into the clip's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kinora.request import Plan, Real

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bridge:
    """`made` new frames after `before`, or before `after`, or between both; given frames (uint8 T H W C) stay as given.

    `words`: what goes before and what comes after, where they differ: the new frames then lead from one to the other.
    `closes`: the new frames lead up to `after` but only `before` and they are shown: the clip then runs into its start.
    `recalls`: `before` is what the model has seen when it begins, and no part of the clip; `previous` are words whose
    subject and place hold for what the prompt leaves unsaid.
    """

    plan: Plan
    made: int
    before: Frames | None = None
    after: Frames | None = None
    words: tuple[str, str] | None = None
    closes: bool = False
    recalls: bool = False
    previous: str = ""
    expand: bool = True
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompts(self) -> tuple[str, ...]:
        """What the new frames show."""
        return self.words or (self.plan.prompt,)

    @property
    def given(self) -> tuple[Frames, ...]:
        """What the user brought."""
        return tuple(frames for frames in (self.before, self.after) if frames is not None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fade:
    """The last `overlap` frames of one clip turn into the first of another, and both sides go on as they are."""

    plan: Plan
    first: Frames
    second: Frames
    overlap: int
    prompts: tuple[str, str]
    expand: bool = True
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> tuple[Frames, ...]:
        """What the user brought."""
        return self.first, self.second


@dataclass(frozen=True, kw_only=True, eq=False)
class Variation:
    """A clip made again under other words; with a `mask` (bool, T or 1, H W) only where that is True."""

    plan: Plan
    clip: Frames
    strength: Real
    mask: npt.NDArray[np.bool_] | None = None
    expand: bool = True
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompts(self) -> tuple[str, ...]:
        """The other words."""
        return (self.plan.prompt,)

    @property
    def given(self) -> tuple[Frames, ...]:
        """What the user brought."""
        return (self.clip,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ring:
    """A clip of words alone whose last `closing` frames are made once more, so that they lead to its first."""

    plan: Plan
    closing: int
    expand: bool = True
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompts(self) -> tuple[str, ...]:
        """What it shows."""
        return (self.plan.prompt,)

    @property
    def given(self) -> tuple[Frames, ...]:
        """Nothing: all of it is made."""
        return ()


Draft: TypeAlias = Bridge | Fade | Variation | Ring


def reworded(draft: Draft, words: Mapping[str, str]) -> Draft:
    """The draft with each of its prompts replaced by what `words` says."""
    if isinstance(draft, Fade) or (isinstance(draft, Bridge) and draft.words):
        first, second = (words[prompt] for prompt in draft.prompts)
        plan = replace(draft.plan, prompt=both(first, second))
        if isinstance(draft, Fade):
            return replace(draft, prompts=(first, second), plan=plan)
        return replace(draft, words=(first, second), plan=plan)
    return replace(draft, plan=replace(draft.plan, prompt=words[draft.plan.prompt]))


def both(first: str, second: str) -> str:
    """The words of a clip that shows first the one and then the other."""
    return " ".join(dict.fromkeys(prompt for prompt in (first, second) if prompt))
