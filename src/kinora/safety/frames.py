"""Reviewing frames: each one is shown to every reviewer before anybody else sees it.

    review = FrameReview.of(profile["frames"])     # the [frames] table of a policy profile
    review(frames, book)                           # Verdict; book.reviewed grows by len(frames)

A reviewer is begun once a clip and shown its frames in order, chunk by chunk; it keeps what it must remember to itself
and answers with findings: frame, category, score from 0 to 1. The policy says from which score a category ends the clip
or is mentioned to the user; a category it says nothing of ends the clip from 0.5, so that adding a reviewer never adds
one that is not listened to. A reviewer that can't be had is an error and not one reviewer fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from kinora.errors import InvalidRequest
from kinora.safety.frames_faults import PLAIN, FaultFinder
from kinora.safety.frames_findings import Finding, Showing
from kinora.safety.frames_flashing import FLASHING, FlashMeter
from kinora.safety.policy import ALLOWED, NEVER, FrameBook, Frames, Verdict

UNSTATED = 0.5
"""From this score a category that the policy does not name ends the clip."""

Look = Callable[[Frames], Sequence[Finding]]
"""Shown the next frames (uint8 T H W C) of one clip, says what it found in them, the first being frame 0."""


@runtime_checkable
class Reviewer(Protocol):
    """Looks at the frames of clips."""

    name: str

    def begin(self, clip: Showing) -> Look:
        """Start on a new clip; what is returned is shown all of it, in order."""


class BuiltIn:
    """What can be known without weights: dangerous flashing, and frames that are blank, frozen or noise."""

    name = "built-in"

    def begin(self, clip: Showing) -> Look:
        """Start a flash meter and a fault finder."""
        meter, finder = FlashMeter(clip.fps), FaultFinder(clip)
        return lambda frames: [*meter(frames), *finder(frames)]


@dataclass(frozen=True)
class FrameReview:
    """Reviewers, and the scores from which a category ends the clip (`block`) or is mentioned (`warn`)."""

    reviewers: tuple[Reviewer, ...] = (BuiltIn(),)
    block: Mapping[str, float] = field(default_factory=lambda: {FLASHING: 1.0})
    warn: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PLAIN, 1.0))

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> FrameReview:
        """Build the review that a profile's [frames] table describes.

            [frames]
            reviewers = ["built-in", "nudenet", {kind = "classifier", model = "some/model", labels = {nsfw = "sexual"}}]
            block = {flashing = 1.0, sexual = 0.6}
            warn = {black = 1.0, sexual = 0.3}

        Raises InvalidRequest for what means nothing, Unavailable for a reviewer whose package or model is missing.
        """
        from kinora.safety.reviewers import reviewer

        unknown = set(table) - {"reviewers", "block", "warn"}
        if unknown:
            rule = "the table [frames] has reviewers, block and warn"
            raise InvalidRequest(", ".join(sorted(unknown)), rule=rule)
        asked = table.get("reviewers", ["built-in"])
        if not asked:
            raise InvalidRequest("reviewers = []", rule="frames are reviewed", remedy='name at least "built-in"')
        scores = {name: _scores(name, table[name]) for name in ("block", "warn") if name in table}
        if any(NEVER in one for one in scores.values()) and scores.get("block", {}).get(NEVER, np.inf) > UNSTATED:
            remedy = f"set its block to {UNSTATED:g} or less"
            raise InvalidRequest(NEVER, rule="is blocked under every policy", remedy=remedy)
        return cls(tuple(reviewer(one) for one in asked), **scores)

    def __call__(self, frames: Frames, book: FrameBook) -> Verdict:
        """Show the next frames to every reviewer, enter each frame in `book`, and judge."""
        if book.looks is None:
            clip = Showing(fps=book.fps, prompt=book.prompt)
            book.looks = [reviewer.begin(clip) for reviewer in self.reviewers]
        worst: dict[str, Finding] = {}
        for look in book.looks:
            for finding in look(frames):
                assert 0 <= finding.frame < len(frames), f"{finding=} in {len(frames)} frames"
                if self._blocks(finding):
                    worst.setdefault(finding.category, finding)
                elif finding.score >= self.warn.get(finding.category, np.inf):
                    _warn(book, finding.reason)
        first = book.reviewed
        book.reviewed += len(frames)
        if not worst:
            return ALLOWED
        reasons = "; ".join(f"frame {first + one.frame}: {one.reason}" for one in worst.values())
        return Verdict(allowed=False, categories=tuple(worst), reason=reasons)

    def _blocks(self, finding: Finding) -> bool:
        named = finding.category in self.block or finding.category in self.warn
        return finding.score >= self.block.get(finding.category, np.inf if named else UNSTATED)


def _scores(name: str, asked: Any) -> Mapping[str, float]:
    """What a profile says under `block` or `warn`. Raises InvalidRequest unless it is a table of scores."""
    if not isinstance(asked, Mapping) or not all(_is_score(one) for one in asked.values()):
        raise InvalidRequest(f"{name} = {asked}", rule="is a table of categories and scores from 0")
    return asked


def _is_score(one: Any) -> bool:
    return isinstance(one, int | float) and one >= 0  # which "not a number" is not


def _warn(book: FrameBook, text: str) -> None:
    if text not in book.warnings:
        book.warnings.append(text)
