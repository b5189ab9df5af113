"""Whether values are of the kind they should be, for callers whose program no type checker has read.

    check_kinds(shot, whole=("steps",))      # InvalidRequest: steps 20.5: is a whole number; for example 7

Said before anything is computed and in the words of any other mistake. NumPy's numbers are numbers; `plain` makes them
Python's own, which can be written into a file's credentials.
"""

from __future__ import annotations

import numbers
from typing import Any, TypeVar

from kinora.errors import InvalidRequest

Number = TypeVar("Number", int, float, int | float)

Names = tuple[str, ...]


def check_kinds(request: object, *, text: Names = (), whole: Names = (), real: Names = (), size: Names = ()) -> None:
    """Raise InvalidRequest unless these attributes are texts, whole numbers, numbers and (height, width).

    None, a choice left open, passes for all but a text.
    """
    for name in text:
        _check_text(name, getattr(request, name))
    for name in whole:
        if (value := getattr(request, name)) is not None and not _is_whole(value):
            raise _wrong(name, value, "is a whole number", "for example 7")
    for name in real:
        if (value := getattr(request, name)) is not None and not _is_real(value):
            raise _wrong(name, value, "is a number", "for example 4 or 4.5")
    for name in size:
        if (value := getattr(request, name)) is not None and not _is_size(value):
            raise _wrong(name, value, "is WIDTHxHEIGHT or the tuple (height, width)", 'for example "128x128"')


def plain(number: Number) -> Number:
    """The number as Python's own int or float."""
    kind: Any = int if isinstance(number, numbers.Integral) else float
    return number if type(number) in (int, float) else kind(number)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise _wrong(name, value, "is a text", 'for example "a red ball"' if name == "prompt" else "give a str")
    if any("\ud800" <= letter <= "\udfff" for letter in value):  # a terminal's bytes that are no UTF-8, for example
        raise _wrong(name, value, "holds what is no character", "write it in UTF-8")


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    try:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and isinstance(float(value), float)
    except OverflowError:
        return False


def _is_size(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_whole, value))


def _wrong(name: str, value: object, rule: str, remedy: str) -> InvalidRequest:
    shown = repr(value)
    return InvalidRequest(f"{name} {shown if len(shown) <= 40 else shown[:37] + '...'}", rule=rule, remedy=remedy)
