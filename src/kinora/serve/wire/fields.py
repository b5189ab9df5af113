"""Form fields into nested values: the brackets of OpenAI's clients, dots, indices and repeated names.

>>> nested([("prompt", "a ball"), ("video[id]", "video_1")])
{'prompt': 'a ball', 'video': {'id': 'video_1'}}
>>> nested([("characters[][id]", "char_1"), ("characters[][id]", "char_2")])
{'characters': [{'id': 'char_1'}, {'id': 'char_2'}]}
>>> nested([("shots[0].prompt", "a ball"), ("shots[1].prompt", "a cat")])
{'shots': [{'prompt': 'a ball'}, {'prompt': 'a cat'}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kinora.serve.errors import ApiError

DEEPEST = 6
"""Levels of nesting: OpenAI's own requests have two."""

LONGEST = 100
"""Elements of an array written field by field."""

_NAME = re.compile(r"(?P<head>[^\[\].]+)(?P<rest>(?:\[[^\[\]]*\]|\.[^\[\].]+)*)")
_STEP = re.compile(r"\[([^\[\]]*)\]|\.([^\[\].]+)")


def nested(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Put every field in its place. `name[]` appends; `list[][key]` begins a new element when it has that key already.

    Raises ApiError (400) for a name that is malformed, said twice, too deep, or at odds with another.
    """
    root: dict[str, Any] = {}
    for name, value in fields:
        _put(root, _steps(name), value, name)
    return root


def _steps(name: str) -> list[str]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise _wrong(name, "write nested fields as video[id] or video.id")
    steps = [found["head"], *(one[0] or one[1] for one in _STEP.findall(found["rest"]))]
    if len(steps) > DEEPEST:
        raise _wrong(name, f"fields nest at most {DEEPEST} deep")
    return steps


def _put(root: dict[str, Any], steps: list[str], value: Any, name: str) -> None:
    """Walk to the last container, making those that are missing, and lay the value there."""
    here: Any = root
    for index, step in enumerate(steps):
        after = steps[index + 1] if index + 1 < len(steps) else None
        make = None if after is None else list if after == "" or after.isdecimal() else dict
        if isinstance(here, list):
            here = _in_list(here, step, steps[index + 1 :], make, value, name)
        elif make is None:
            if step in here:
                raise _wrong(name, "it is given twice")
            here[step] = value
        else:
            here = here.setdefault(step, make())
        if make is not None and not isinstance(here, make):
            raise _wrong(name, "another field says that this is of another kind")


def _in_list(items: list[Any], step: str, rest: list[str], make: Any, value: Any, name: str) -> Any:
    """The element that `step` means: the one with that index, or for "" the last, if the value is still to be said."""
    if step and not step.isdecimal():
        raise _wrong(name, "another field says that this is an array")
    at = int(step) if step and len(step) < 5 else LONGEST if step else len(items)
    if make is dict and not step and items and isinstance(items[-1], dict) and rest[0] not in items[-1]:
        at = len(items) - 1
    if at >= LONGEST:
        raise _wrong(name, f"an array in a form has at most {LONGEST} elements")
    if at > len(items):
        raise _wrong(name, f"element {len(items)} is missing")
    if at == len(items):
        items.append(value if make is None else make())
    elif make is None:
        raise _wrong(name, "it is given twice")
    return items[at]


def _wrong(name: str, why: str) -> ApiError:
    shown = name if len(name) <= 80 else f"{name[:77]}..."
    return ApiError(400, f"Invalid form field '{shown}': {why}.", code="invalid_form", param=shown)
