"""Sequences of prompts: edits of one video, shots of a storyboard, steps of a tool chain.

Red teams got through by asking for nothing wrong in any one step. So each step is judged, and so is what the last few
steps say together; and warnings of one kind that keep coming add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kinora.safety.names import NAMES
from kinora.safety.policy import ALLOWED, Finding, Policy, Verdict

TOGETHER = 4
"""So many consecutive steps are read as one text."""

PATIENCE = 3
"""So many steps that each earn a warning of the same category are refused, but for names: three shots in one painter's
manner show nobody more than one does."""


def chained(prompts: Sequence[str]) -> list[str]:
    """The texts to judge: every step, then every run of steps that ends in one (shorter runs are parts of these)."""
    runs = [". ".join(prompts[max(0, end - TOGETHER) : end]) for end in range(2, len(prompts) + 1)]
    return [*prompts, *runs]


def chain_verdict(verdicts: Sequence[Verdict], steps: int, policy: Policy) -> Verdict:
    """The verdict on a chain, from those on `chained` texts. `reason` says which steps led to a refusal."""
    for i, verdict in enumerate(verdicts):
        if not verdict.allowed:
            where = f"step {i + 1}" if i < steps else f"steps {max(1, i - steps + 3 - TOGETHER)} to {i - steps + 2}"
            return replace(verdict, reason=f"{where}: {verdict.reason}")
    warned = Counter(
        category
        for verdict in verdicts[:steps]
        if verdict.action == "warn"
        for category in verdict.categories
        if category not in NAMES
    )
    for category, count in warned.most_common(1):
        if count >= PATIENCE:
            finding = Finding(category, 1.0, f"rule: {count} steps near the limit")
            verdict = policy.judge([finding])
            return replace(verdict, reason=f"{count} of {steps} steps: {verdict.reason}")
    return next((verdict for verdict in verdicts if verdict.action == "warn"), ALLOWED)
