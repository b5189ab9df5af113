"""What pydantic has against a request, in OpenAI's words and codes, which programs and their authors know.

    complaint(error.errors())      # {"message": "Missing required parameter: 'prompt'.", "code": ..., "param": ...}

They are as users of that API report them: "Invalid 'n': integer above maximum value. Expected a value <= 128, but got
130 instead." is `integer_above_max_value`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class Complaint(TypedDict):
    """An error's message, its code, and the field at fault, None if a rule is about several."""

    message: str
    code: str
    param: str | None


def complaint(found: Sequence[Any], *, skip: int = 0) -> Complaint:
    """The first of pydantic's errors; the first `skip` parts of its place are left out."""
    first = found[0]
    param = place(first["loc"][skip:])
    message, code = _said(str(first["type"]), param, first.get("input"), first.get("ctx", {}), str(first["msg"]))
    return {"message": message, "code": code, "param": param or None}


def _said(kind: str, param: str, value: Any, rule: Mapping[str, Any], said: str) -> tuple[str, str]:
    """Message and code of one error: its kind, what it is about, what was given, and what the rule's bounds are."""
    match kind:
        case "missing":
            return f"Missing required parameter: '{param}'.", "missing_required_parameter"
        case "extra_forbidden":
            return f"Unknown parameter: '{param}'.", "unknown_parameter"
        case "literal_error":
            *most, last = str(rule["expected"]).replace(" or ", ", ").replace("False", "false").split(", ")
            known = f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}" if most else last
            return f"Invalid value: {shown(value)}. Supported values are: {known}.", "invalid_value"
        case "string_pattern_mismatch":
            wanted = f"Expected a string that matches the pattern '{rule['pattern']}'."
            return f"Invalid '{param}': string does not match pattern. {wanted}", "invalid_value"
        case "string_too_short" | "too_short" if not value:
            what = named(value).partition(" ")[2]
            wanted = f"Expected {named(value)} with minimum length {rule['min_length']}, but got an empty {what}"
            return f"Invalid '{param}': empty {what}. {wanted} instead.", f"empty_{what}"
        case "string_too_long" | "too_long":
            what = named(value).partition(" ")[2]
            wanted = f"Expected {named(value)} with maximum length {rule['max_length']}"
            got = f"but got {named(value)} with length {len(value)} instead."
            return f"Invalid '{param}': {what} too long. {wanted}, {got}", f"{what}_above_max_length"
        case _ if kind in BOUNDS:
            name, sign, side, code = BOUNDS[kind]
            what = "integer" if str(value).lstrip("-").isdecimal() else "decimal"
            bound = rule[name] if isinstance(rule[name], int) else f"{rule[name]:g}"
            wanted = f"Expected a value {sign} {bound}, but got {str(value)[:80]} instead."
            return f"Invalid '{param}': {what} {side} value. {wanted}", f"{what}_{code}"
        case _ if kind in WANTED:
            wanted = f"expected {WANTED[kind]}, but got {named(value)} instead."
            return f"Invalid type for '{param}': {wanted}", "invalid_type"
        case _:
            what = f"Invalid value for '{param}'" if param else "Invalid request"
            return f"{what}: {said.removeprefix('Value error, ')}.", "invalid_value"


BOUNDS = {
    "less_than_equal": ("le", "<=", "above maximum", "above_max_value"),
    "less_than": ("lt", "<", "above maximum", "above_max_value"),
    "greater_than_equal": ("ge", ">=", "below minimum", "below_min_value"),
    "greater_than": ("gt", ">", "below minimum", "below_min_value"),
}
"""How pydantic and OpenAI call the bounds of a number."""

WANTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "a boolean",
    "bool_parsing": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "is_instance_of": "a file",
    "union_tag_not_found": "an object",
}
"""What pydantic wanted where it found another type."""


def shown(value: object) -> str:
    """A value as it is told back, cut where it is long."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}'" if len(text) <= 80 else f"'{text[:77]}...'"


def named(value: object) -> str:
    """A JSON value's type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "a file"


def place(parts: Sequence[str | int]) -> str:
    """`("shots", 0, "prompt")` as `shots[0].prompt`; what stands in angle brackets is a schema's, not the caller's."""
    text = ""
    for part in parts:
        if isinstance(part, str) and part.startswith("<"):
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
