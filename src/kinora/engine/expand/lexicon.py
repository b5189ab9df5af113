"""The word lists of `lexicon.toml`, read once.

>>> LEXICON.grammar("body")  # doctest: +ELLIPSIS
frozenset({...'fur'...})
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def listed(line: str) -> tuple[str, ...]:
    """The phrases of a comma-separated line, in order."""
    return tuple(phrase.strip() for phrase in line.split(","))


class Lexicon:
    """Phrases by what they are for; the file itself says what each table means."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._tables = tables
        self.senses: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
            (factor, grade): {name: listed(line) for name, line in table.items()}
            for factor, grades in tables["sense"].items()
            for grade, table in grades.items()
        }
        """(factor, grade) to id to phrases."""
        self.others = {factor: listed(line) for factor, line in tables["other"].items()}
        """Factor to phrases that the model has nothing for."""
        self.anchors = {
            (factor, name): listed(line) for factor, table in tables["anchor"].items() for name, line in table.items()
        }
        """(factor, id) to phrases near which the text encoder may find a word."""
        self.decoys = listed(tables["decoy"]["phrases"])

    def grammar(self, name: str) -> frozenset[str]:
        """A list of the table "grammar"."""
        return frozenset(listed(self._tables["grammar"][name]))

    @classmethod
    def shipped(cls) -> Lexicon:
        """The lexicon in the package."""
        return cls(tomllib.loads((files("kinora.engine.expand") / "lexicon.toml").read_text(encoding="utf-8")))


LEXICON = Lexicon.shipped()
