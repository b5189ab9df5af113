"""What a reviewer is told about a clip, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Showing:
    """The clip to be reviewed: its frames a second, and what was asked for (empty for an upload)."""

    fps: float | int
    prompt: str = ""


@dataclass(frozen=True)
class Finding:
    """Frame `frame` of those just shown belongs to `category` with `score` from 0 to 1; `reason` is for the user."""

    frame: int
    category: str
    score: float
    reason: str
