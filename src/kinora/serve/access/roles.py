"""What each role may do, and how much of it in a day.

    user       makes videos from words and from pictures without people
    artist     may also upload people, and keep characters with recorded consent
    red_team   an artist whose prompts are judged under the research profile, to find what the policy misses
    admin      all of it without limits, and keys, reports and appeals besides

A key carries a role; its limits are the role's unless the key was given its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kinora.request import Real

Role = Literal["admin", "red_team", "artist", "user"]
ROLES: tuple[Role, ...] = get_args(Role)

Feature = Literal["people", "characters", "research", "administration"]
"""Uploads that show people; characters kept for later; the research profile; keys, audit, reviewing."""

NEEDED: dict[Feature, str] = {
    "people": "Uploading pictures or videos of people",
    "characters": "Keeping characters",
    "research": "The research profile",
    "administration": "Administration",
}
"""What a refusal calls each feature."""

MAY: dict[Role, frozenset[Feature]] = {
    "user": frozenset(),
    "artist": frozenset({"people", "characters"}),
    "red_team": frozenset({"people", "characters", "research"}),
    "admin": frozenset(get_args(Feature)),
}


@dataclass(frozen=True)
class Limits:
    """How much a key may ask for in a UTC day, and how many of its jobs may wait or run at once. None is no limit."""

    jobs: int | None = None
    seconds: Real | None = None
    at_once: int | None = None


LIMITS: dict[Role, Limits] = {
    "user": Limits(jobs=100, seconds=1_200, at_once=10),
    "artist": Limits(jobs=500, seconds=6_000, at_once=50),
    "red_team": Limits(jobs=2_000, seconds=20_000, at_once=200),
    "admin": Limits(),
}
