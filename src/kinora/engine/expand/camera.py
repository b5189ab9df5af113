"""What a prompt says about the camera: found first, so that "the camera turns left" turns no subject.

Patterns run over one sentence of small letters with single spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

THE_CAMERA = (
    r"(?:the |a |an |our )?(?:camera|view|lens|cam|frame)"
    r"(?: then| is| has| will| does| slowly| gently| softly| smoothly| just){0,3}"
)
SO = r"(?: \w+ly| a little| steadily| back| then){0,2}"
"""How it moves: adverbs."""

WE = r"(?:(?:the )?(?:camera|view|we) )?(?:\w+ly )?"
STILL = r"(?:still|fixed|static|steady|stationary|motionless|put|locked)(?: off| down| in place)?"
TURNS = r"(?:turn|pan|swing|move|track|slide|sweep|drift|travel|truck|go)(?:s|es|ed|ing|ning|ned)?"
SIDEWAYS = rf"(?:{THE_CAMERA}{SO} {TURNS}|pan(?:s|ning|ned)?)(?: \w+ly| across| over){{0,2}}(?: to| towards?)?(?: the)?"
CIRCLES = r"(?:circl\w+|revolv\w+|rotat\w+|spins?|spinning|arcs?|arcing|turns?|goes|moves?|moving|fl\w+|swirl\w*)"
COMES = r"(?:moves?|moving|comes?|gets?|closes?|closing|creeps?|draws?|glides?|goes|tracks?)"
GRIP = r"(?:drone|crane|tracking|dolly|aerial|handheld|hand held|wide|establishing|pov|slow motion|medium|long|full)"
ANGLE = r"(?:over the shoulder|(?:low|high|dutch) angle)"

MOVES: tuple[tuple[str, str], ...] = (
    ("static", rf"{THE_CAMERA} (?:not|never) (?:move|zoom|pan|turn)\w*(?: at all)?"),
    ("static", r"(?:not|never) (?:move|zoom|pan|turn) (?:the |your )?camera"),
    ("static", r"(?:no|without(?: any)?) (?:camera (?:movements?|motion|moves?)|zoom\w*|pan\w*|moving camera)"),
    ("static", rf"{THE_CAMERA} (?:(?:stay|remain|hold|stand|rest|keep)(?:s|ing|ed)?(?: \w+ly)? )?{STILL}"),
    ("static", rf"{STILL} (?:camera|shot|view|frame|take)|on a tripod|tripod(?: shot)?"),
    ("zoom_in", rf"{WE}(?:zoom|push|dolly|punch|creep)(?:s|es|ed|ing)?(?: \w+ly)? in(?:to|wards?)?\b(?: on| closer)?"),
    ("zoom_in", rf"{THE_CAMERA}{SO} {COMES}(?: \w+ly)? (?:in|closer|near(?:er)?|toward\w*)(?: on| in| to)?"),
    ("zoom_in", rf"{THE_CAMERA}{SO} approach(?:es|ing)"),
    ("zoom_in", r"(?:extreme |tight |slow )?(?:close ?ups?|macro)(?: shot| view)?(?: of)?|close shot(?: of)?"),
    ("zoom_out", rf"{WE}zoom(?:s|ed|ing)?(?: \w+ly)? (?:out|back|away)"),
    (
        "zoom_out",
        rf"{THE_CAMERA}{SO} (?:pull|dolly|move|back|draw|track)(?:s|ed|ing)?(?: \w+ly)? (?:out|back|away|off)\w*",
    ),
    ("zoom_out", rf"pull(?:s|ing)? (?:back|out)|{THE_CAMERA}{SO} (?:widen|retreat)(?:s|ing)?"),
    ("pan_left", rf"{SIDEWAYS} left(?:wards?)?|left(?:ward)? pan"),
    ("pan_right", rf"{SIDEWAYS} right(?:wards?)?|right(?:ward)? pan"),
    (
        "orbit",
        rf"(?:{THE_CAMERA} )?(?:\w+ly )?orbit(?:s|ed|ing)?\b(?: \w+ly)?(?: around| round| it)?(?: shot)?",
    ),
    ("orbit", rf"{THE_CAMERA}{SO} {CIRCLES}(?: \w+ly)?(?: (?:around|round)| it)(?: the scene| it)?"),
    ("orbit", rf"{THE_CAMERA}{SO} circl\w+|360(?: degrees?)?(?: shot| view)?|arc shot"),
    ("", r"pan(?:s|ning)?(?: \w+ly)? across"),
    ("", rf"(?:{GRIP}|{ANGLE}) (?:camera|shot|view|footage|angle)"),
    ("", rf"{THE_CAMERA}{SO} \w+(?:s|ing)\b(?: (?:up|upwards?|down|downwards?|along|pace|over|behind|after))?"),
)
"""The move's id and how people say it, most telling first; an empty id is a move that the model never learnt."""

_MOVES = tuple((move, re.compile(rf"\b(?:{pattern})")) for move, pattern in MOVES)


@dataclass(frozen=True, slots=True)
class Move:
    """One mention of the camera: characters `start` to `end` of the text; `move` is "" for one the model has not."""

    move: str
    start: int
    end: int


def moves(text: str) -> Iterator[Move]:
    """Every mention of what the camera does, none overlapping, in the order of the patterns."""
    taken: list[tuple[int, int]] = []
    for move, pattern in _MOVES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if match[0].strip() and all(end <= first or start >= last for first, last in taken):
                taken.append((start, end))
                yield Move(move, start, end)
