"""The policy and what a guard says: categories, thresholds, actions, verdicts.

    policy = Policy.named("standard")        # or strict, research, or a path to a TOML file of one's own
    guard = default_guard()
    guard.screen("a red ball bounces")       # Verdict(allowed=True)
    guard.review(frames, book)               # the same for pictures; book.reviewed grows by len(frames)

An Engine is built with a guard or not at all, and command line, Python, server and workers all go through an Engine,
so there is no road around this package. A guard is any object with these two methods.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from kinora.errors import BadInputFile, InvalidRequest

Frames = npt.NDArray[np.uint8]

Action = Literal["allow", "warn", "block"]
PROFILES = ("strict", "standard", "research")

CATEGORIES = (
    *("sexual", "sexual/minors", "violence", "violence/graphic", "hate", "hate/threatening", "harassment"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "illicit", "extremism"),
    *("likeness", "ip", "deception"),
)
"""Every category a verdict can name, gravest of its kind last."""

NEVER = "sexual/minors"
"""Blocked under every policy: a policy file that says otherwise is refused."""

SEE = "see the shipped profiles/standard.toml"
"""What helps whose policy file can't be used."""


@dataclass(frozen=True)
class Finding:
    """One category found: how sure (0 to 1), where in the text (start, end), by which rule, and what helps.

    `action` is what the policy makes of it.
    """

    category: str
    score: float
    rule: str
    span: tuple[int, int] = (0, 0)
    action: Action = "block"
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a guard says. A refusal names the policy's categories and a reason fit to show to the user.

    `categories` are those that led to a refusal or a warning; `findings` say why, gravest first; `scores` holds every
    category's score, for logs and for the API; `disguises` what was undone to read the text.
    """

    allowed: bool
    categories: tuple[str, ...] = ()
    reason: str = ""
    action: Action = "allow"
    findings: tuple[Finding, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict, compare=False)
    disguises: tuple[str, ...] = ()


ALLOWED = Verdict(True)


@dataclass(frozen=True)
class Rule:
    """What a policy does about one category: warn from one score on, block from another; `remedy` is for the user."""

    warn: float
    block: float
    remedy: str = ""

    def action(self, score: float) -> Action:
        """What follows from a score."""
        return "block" if score >= self.block else "warn" if score >= self.warn else "allow"


@dataclass(frozen=True)
class Policy:
    """Rules by category, and the table that says how frames are reviewed. A threshold above 1 is never reached."""

    name: str
    rules: Mapping[str, Rule]
    frames: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str | Path) -> Policy:
        """Read a shipped profile by name, or a TOML file by path.

        Raises InvalidRequest if there is neither, BadInputFile if the file has not the form of profiles/standard.toml.
        """
        if str(name) in PROFILES:
            text = (files("kinora.safety") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")
            return cls.parse(text, str(name))
        if not Path(name).is_file():
            shown = ", ".join(PROFILES)
            raise InvalidRequest(name, rule="no such policy", remedy=f"give one of {shown}, or the path of a TOML file")
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise BadInputFile(name, rule=f"can't be read as text ({error})", remedy=SEE) from error
        return cls.parse(text, str(name))

    @classmethod
    def parse(cls, text: str, name: str) -> Policy:
        """Read a policy's TOML. A category left out is as in the standard profile, so none is open by oversight.

        Raises BadInputFile for whatever means nothing: a misspelt line must not leave the standard rule in force.
        """
        try:
            whole = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadInputFile(name, rule=f"no TOML: {error}", remedy=SEE) from error
        if unknown := sorted(set(whole) - {"categories", "frames"}):
            raise BadInputFile(name, rule=f"a policy has no {unknown[0]!r}, only categories and frames", remedy=SEE)
        tables = whole.get("categories", {})
        if unknown := sorted(set(tables) - set(CATEGORIES)):
            raise BadInputFile(
                name, rule=f"no category is called {unknown[0]!r}", remedy=f"there are {', '.join(CATEGORIES)}"
            )
        base = cls("", {}) if name == "standard" else cls.named("standard")
        rules = dict(base.rules)
        for category, table in tables.items():
            try:
                rules[category] = _rule(table, base.rules.get(category))
            except (KeyError, TypeError, ValueError) as error:
                rule = f"{category} needs numbers warn and block, and may have a remedy"
                raise BadInputFile(name, rule=rule, remedy=SEE) from error
        if rules[NEVER].block > 0.5:
            raise BadInputFile(
                name, rule=f"{NEVER} is blocked under every policy", remedy="set its block to 0.5 or less"
            )
        return cls(name, rules, whole.get("frames", base.frames))

    def judge(self, findings: list[Finding], disguises: tuple[str, ...] = ()) -> Verdict:
        """Turn findings (their `action` and `remedy` not yet set) into a verdict."""
        judged = [
            Finding(f.category, f.score, f.rule, f.span, rule.action(f.score), rule.remedy)
            for f in findings
            if (rule := self.rules[f.category])
        ]
        scores: dict[str, float] = {}
        for finding in judged:
            scores[finding.category] = max(finding.score, scores.get(finding.category, 0.0))
        # What led to the action comes first, the category that must never be made before all others, and what can be
        # pointed at before what a classifier thinks.
        grave = sorted(
            (f for f in judged if f.action != "allow"),
            key=lambda f: (f.action != "block", f.category != NEVER, f.rule == "classifier", -f.score),
        )
        action: Action = grave[0].action if grave else "allow"
        decisive = [f for f in grave if f.action == action]
        categories = tuple(dict.fromkeys(f.category for f in decisive))
        reason = ""
        if action == "block":
            remedy = next((f.remedy for f in decisive if f.remedy), "")
            reason = f"Kinora makes no video of this kind ({', '.join(categories)})" + (f"; {remedy}" if remedy else "")
        elif action == "warn":
            reason = f"near the limits of what Kinora makes ({', '.join(categories)})"
        return Verdict(action != "block", categories, reason, action, tuple(grave), scores, disguises)


def _rule(table: Any, standard: Rule | None) -> Rule:
    """A category's table as a rule. Raises KeyError, TypeError or ValueError if it is none."""
    known = {"remedy": standard.remedy if standard else "", **table}
    if set(known) != {"warn", "block", "remedy"}:
        raise KeyError("warn, block, remedy")
    warn, block = float(known["warn"]), float(known["block"])
    if not (warn >= 0 and block >= 0):  # nor is "not a number" one: no score reaches it, and no comparison finds it
        raise ValueError(f"{warn=}, {block=}")
    return Rule(warn, block, str(known["remedy"]))


class FrameDigest:
    """A fingerprint of frames (uint8 T H W C), in order, however they are cut into chunks."""

    def __init__(self, frames: Frames | None = None) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        if frames is not None:
            self.add(frames)

    def add(self, frames: Frames) -> None:
        """The next frames."""
        self._hash.update(np.ascontiguousarray(frames).data)

    @property
    def hex(self) -> str:
        """The fingerprint so far."""
        return self._hash.hexdigest()


@dataclass
class FrameBook:
    """What the guard has seen of one clip: kept by the engine, written by the guard.

    `reviewed` counts frames and must equal the frames of the finished clip; `warnings` are for the user to read. `fps`
    and `prompt`, where the caller knows them, help reviewers; `looks` is what they remember of this clip. `seen` grows
    with every frame that `reviewed_by` let pass.
    """

    reviewed: int = 0
    warnings: list[str] = field(default_factory=list)
    fps: float | int = 8
    prompt: str = ""
    looks: list[Any] | None = None
    seen: FrameDigest = field(default_factory=lambda: FrameDigest())

    @property
    def proof(self) -> dict[str, Any]:
        """What a clip carries in its `info` so that the door knows its frames for the reviewed ones."""
        return {"frames_reviewed": self.reviewed, "frames_digest": self.seen.hex}


@runtime_checkable
class Guard(Protocol):
    """Decides what may be asked for and what may be shown."""

    def screen(self, prompt: str) -> Verdict:
        """Judge a prompt before anything is computed."""

    def screen_chain(self, prompts: Sequence[str]) -> Verdict:
        """Judge the prompts of one work, each alone and together."""

    def screen_negative(self, prompt: str, negative: str) -> Verdict:
        """Judge what a clip is steered away from."""

    def review(self, frames: Frames, book: FrameBook) -> Verdict:
        """Judge the next frames (uint8, T H W C) of a clip and enter each of them in `book`.

        The first refusal ends the clip: none of it is delivered.
        """


def reviewed_by(guard: Guard, frames: Frames, book: FrameBook) -> Verdict:
    """Have `guard` look at the next frames of a clip, and enter in `book` which they were.

    Every engine asks this. A guard that doesn't count what it is shown has a bug.
    """
    before = book.reviewed
    verdict = guard.review(frames, book)
    if verdict.allowed:
        assert book.reviewed - before == len(frames), f"{book.reviewed - before} frames reviewed, {len(frames)} shown"
        book.seen.add(frames)
    return verdict


def screen_words(guard: Guard, prompts: Iterable[str], negative: str = "") -> Verdict:
    """The verdict on all the words of one work: each prompt, the prompts together, the negative beside them.

    Every entrance asks this, so that none forgets one of the three.
    """
    words = [prompt for prompt in dict.fromkeys(prompts) if prompt]
    verdict = guard.screen_chain(words) if len(words) > 1 else guard.screen(" ".join(words))
    if verdict.allowed and negative:
        steered = guard.screen_negative(" ".join(words), negative)
        return steered if not steered.allowed else verdict
    return verdict
