"""The guard every Engine has unless it is given another: prompts screened, frames reviewed, by one policy.

    guard = default_guard()
    guard.screen("a red ball bounces")                       # Verdict(allowed=True)
    guard.screen_many(prompts)                               # the same for many, faster
    guard.screen_negative("a woman in a garden", "clothes")  # what is steered away from
    guard.screen_chain(["a girl on a beach", "now ..."])     # a user's edits, storyboards, tool chains
    guard.screen_name("holiday.mp4"); guard.screen_metadata({"comment": "..."})

There is no weaker guard to fall back on: without the text encoder's package, screening raises Unavailable and names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePath

from kinora.safety.chain import chain_verdict, chained
from kinora.safety.frames import FrameReview
from kinora.safety.given import words_of
from kinora.safety.lists import TermList
from kinora.safety.negative import negative_findings
from kinora.safety.policy import FrameBook, Frames, Policy, Verdict
from kinora.safety.prompts import Kind, Screener, Screening


class PolicyGuard:
    """Screens by a `Screener`, reviews by a `FrameReview`, and judges both by a `Policy`.

    The shipped ones are shared by all who ask for them: who wants another judgement subclasses, for no method of an
    instance can be put in place of another.
    """

    __slots__ = ("_review", "_screener", "policy")

    def __init__(self, policy: Policy, screener: Screener, review: FrameReview | None = None) -> None:
        self.policy = policy
        self._screener = screener
        self._review = FrameReview.of(policy.frames) if review is None else review

    def screen(self, prompt: str) -> Verdict:
        """Judge one prompt. Raises InvalidRequest if it is too long to read."""
        return self.screen_many([prompt])[0]

    def screen_many(self, texts: Sequence[str], kind: Kind = "prompt") -> list[Verdict]:
        """Judge texts, in order. `kind` "social" is for what people write to each other, as comments and captions."""
        return [self._judge(screening) for screening in self._screener.findings(texts, kind)]

    def screen_negative(self, prompt: str, negative: str) -> Verdict:
        """Judge a negative prompt beside its prompt.

        To steer away from nudity or blood is well meant, so what the text names is not held against it; to steer away
        from clothes or from grown-ups is not.
        """
        (own,) = self._screener.findings([prompt])
        return self.policy.judge(negative_findings(own.text, negative))

    def screen_chain(self, prompts: Sequence[str]) -> Verdict:
        """Judge a sequence: each step, and what consecutive steps say together.

        For the edits of one video, the shots of a storyboard, and the prompts that tools hand to each other: what is
        harmless step by step may not be so as a whole.
        """
        steps = chained(prompts)
        return chain_verdict([self._judge(one) for one in self._screener.findings(steps)], len(prompts), self.policy)

    def screen_name(self, name: str | PurePath) -> Verdict:
        """Judge a file's name, read as words."""
        return self.screen(words_of(name))

    def screen_metadata(self, fields: Mapping[str, str]) -> Verdict:
        """Judge the text inside an uploaded file, field by field; the first refusal counts, else the first warning."""
        verdicts = self.screen_many(list(fields.values()), "prompt") if fields else []
        worst = [v for action in ("block", "warn", "allow") for v in verdicts if v.action == action]
        return worst[0] if worst else self.policy.judge([])

    def review(self, frames: Frames, book: FrameBook) -> Verdict:
        """Show the next frames of a clip to every reviewer, and count them."""
        return self._review(frames, book)

    def _judge(self, screening: Screening) -> Verdict:
        return self.policy.judge(list(screening.findings), screening.disguises)


@cache
def default_guard(policy: str | Path = "standard") -> PolicyGuard:
    """The guard with everything that ships, under a shipped profile or the policy file at a path.

    Raises Unavailable if the text encoder's package is missing, InvalidRequest or BadInputFile for a policy that can't
    be read.
    """
    return PolicyGuard(Policy.named(policy), _Lazily())


@cache
def lists_only_guard() -> PolicyGuard:
    """A guard without classifiers, for tests that must not load torch. It is never a default: it misses most."""
    return PolicyGuard(Policy.named("standard"), Screener(TermList.shipped(), None))


class _Lazily(Screener):
    """The shipped screener, loaded with the first text: building an Engine loads no second model before it is used."""

    def __init__(self) -> None:
        pass

    def findings(self, texts: Sequence[str], kind: Kind = "prompt") -> list[Screening]:
        return Screener.shipped().findings(texts, kind)
