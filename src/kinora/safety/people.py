"""Whether pictures show people, as far as NudeNet's detector can tell (an extra; its licence: reviewers_nudenet.py).

    shows_people(frames)          # True, False, or None where there is no detector to ask

It knows faces and bare bodies seen from near. Who turns their back, is far away or painted is missed, and a doll may be
taken for a person: a help against uploads of people by those who may not, and no proof that there are none.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.safety.reviewers import need

Frames = npt.NDArray[np.uint8]

SURE = 0.4
"""Score from which a detection counts; the detector itself leaves out what is below 0.2."""

LOOKED_AT = 4
"""Frames that are looked at, evenly apart: each takes a core for some hundredths of a second."""

COVERED = "COVERED"
"""Labels of what is covered are not counted: cloth and fur are taken for them too easily."""


def can_tell() -> bool:
    """Whether there is a detector to ask."""
    return find_spec("nudenet") is not None


def shows_people(frames: Frames) -> bool | None:
    """Whether some of the frames (uint8 T H W C) show a person; None where NudeNet is not installed."""
    if not can_tell():
        return None
    places = np.unique(np.linspace(0, len(frames) - 1, LOOKED_AT).round().astype(int))
    pictures = [np.ascontiguousarray(frames[place][..., ::-1]) for place in places]  # the detector takes OpenCV's BGR
    found = (one for picture in pictures for one in _detector().detect(picture))
    return any(one["score"] >= SURE and COVERED not in one["class"] for one in found)


@cache
def _detector() -> Any:
    return need("nudenet", extra="nudenet", reason="looking for people").NudeDetector()
