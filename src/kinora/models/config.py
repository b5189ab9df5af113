"""Configurations of networks to JSON and back: `dataclasses.asdict` one way, `restored` the other."""

from collections.abc import Mapping
from typing import Any


def restored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a configuration that JSON has held, which has lists where configurations have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
