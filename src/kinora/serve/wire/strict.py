"""JSON as it is read here, be it a body or a form's field: one meaning only, and no more of it than a request can mean.

>>> parsed('{"prompt": "a ball", "seed": 7}')
{'prompt': 'a ball', 'seed': 7}

What two readers could take for two things is refused: a name that stands twice, of which another program on the way (a
filter of prompts, say) may have read the other value; numbers that are none; text that no database takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from kinora.request import Real
from kinora.serve.errors import ApiError

MARKS = 500_000
"""Commas and opening brackets in one text. A request has some hundreds beside what stands in its words; a body of
32 MiB may hold eleven million lists, which take a core for seconds and a gigabyte to read."""


def parsed(text: str | bytes, *, where: str = "") -> Any:
    """The value of a JSON text, which is the field `where`.

    Raises ValueError or RecursionError where it is none, ApiError (400) where it is refused.
    """
    marks = map(text.count, ",[{") if isinstance(text, str) else map(text.count, (b",", b"[", b"{"))
    if sum(marks) > MARKS:
        message = f"The JSON has more than {MARKS:,} commas and brackets, the most that is read."
        raise ApiError(400, message, code="invalid_json")
    return checked(
        json.loads(text, parse_constant=_no_constant, parse_float=_number, object_pairs_hook=_object), where=where
    )


def checked(value: Any, *, where: str) -> Any:
    """The same value. Raises ApiError (400) for text, in it or as a name, that no database and no encoder takes.

    That is what holds NUL, or one half of a surrogate pair.
    """
    if isinstance(value, str):
        _check(value, where)
    stack = [(where, value)] if isinstance(value, dict | list) else []
    while stack:
        here, container = stack.pop()
        inside: Iterable[tuple[Any, Any]] = container.items() if isinstance(container, dict) else enumerate(container)
        for name, one in inside:
            if isinstance(name, str) and not _is_text(name):
                raise ApiError(400, "A field's name is not text.", code="invalid_name", param=here or None)
            if isinstance(one, str):
                if not _is_text(one):
                    _check(one, _place(here, name))
            elif isinstance(one, dict | list):
                stack.append((_place(here, name), one))
    return value


def _check(text: str, where: str) -> None:
    if not _is_text(text):
        raise ApiError(400, f"Invalid value for '{where}': it is not text.", code="invalid_value", param=where or None)


def _is_text(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _place(where: str, name: str | int) -> str:
    return f"{where}[{name}]" if isinstance(name, int) else f"{where}.{name}" if where else name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object (RFC 8259, 4: what a name that is not unique means is unpredictable)."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            shown = name if name.isprintable() and len(name) <= 80 else "..."
            message = f"Invalid JSON: '{shown}' is given twice in one object."
            raise ApiError(400, message, code="invalid_json", param=shown)
        found[name] = value
    return found


def _number(text: str) -> Real:
    """A number with a point or an exponent: 2.0 is the integer 2, as JSON Schema has it (6.3 of its core)."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
