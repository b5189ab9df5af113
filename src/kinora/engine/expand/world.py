"""The expander of the shipped model: any words become one canonical caption of the small world.

    WorldExpander(encoder).expand("a scared bunny in the woods at dusk", seconds=4)
    # "A pink fluffy creature hops up and down in an enchanted forest at sunset. The camera stays still. 3D animation."
    # could not place "scared"; chosen: pink, hops up and down, the camera stays still

The same prompt always gives the same caption: what it leaves open is what suits what it says, or falls to its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinora.engine.expand import Expansion
from kinora.engine.expand.binding import BODY, PARTS
from kinora.engine.expand.lexicon import LEXICON
from kinora.engine.expand.near import Neighbours
from kinora.engine.expand.notes import noted
from kinora.engine.expand.reading import Mention, Page, read
from kinora.engine.expand.resolve import Wish, resolve
from kinora.request import Real
from kinora.world import details
from kinora.world import vocabulary as words
from kinora.world.captions import canonical
from kinora.world.sample import Place, core_places
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.split import is_held_out

if TYPE_CHECKING:
    from kinora.models.text import TextEncoder

SUITS_PLACE = {"meadow": "creature", "forest": "mushroom", "snowfield": "snowman", "room": "candle", "beach": "ball"}
"""Who is filmed in a place when the prompt names nobody."""

SUITS_KIND = {
    "creature": ("forest", "meadow"),
    "monster": ("forest", "meadow"),
    "ball": ("meadow", "beach"),
    "cube": ("meadow", "beach"),
    "snowman": ("snowfield",),
    "mushroom": ("forest",),
    "candle": ("room",),
    "car": ("meadow", "beach"),
}
"""Where a subject is filmed when the prompt names no place."""

DOES = {
    "creature": "hop",
    "monster": "hop",
    "ball": "bounce",
    "cube": "spin",
    "snowman": "hop",
    "mushroom": "grow",
    "candle": "stand",
    "car": "move_right",
}
"""What a subject does when the prompt names no action that the model knows."""

WEARS = {"snowman": ("white",), "candle": ("red", "yellow", "white"), "mushroom": ("red", "orange", "purple")}
"""Colours that suit a subject; any suits the others."""

BLENDS = {"meadow": "green", "snowfield": "white", "beach": "yellow", "forest": "purple"}
"""The colour in which a subject would be lost before the place; never chosen, only asked for."""

FILLERS = LEXICON.grammar("fillers")
"""Words that ask for nothing that could be shown or missed."""

ALWAYS = ("subject", "colour", "setting", "light", "weather", "verb", "camera")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A value for every factor; `open` are the factors that the prompt left to the expander."""

    values: dict[str, str]
    open: tuple[str, ...]
    broken: tuple[str, ...] = ()


class WorldExpander:
    """Reads by word lists first and by the text encoder's neighbourhood where those end."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._neighbours = Neighbours(encoder)
        self._is_word = lambda word: encoder.tokenizer.token_to_id(word) is not None

    def expand(self, prompt: str, *, seconds: Real, image: bool = False, previous: str = "") -> Expansion:
        """One canonical caption; a prompt that already says everything in the captions' own words stays as it is."""
        page = self.page(prompt)
        wish = resolve(page)
        held = self.held(previous) if previous else {}
        choice = choose(wish, prompt, held)
        missing = tuple(i for i in strangers(page) if not _obvious(page.words[i], choice.values))
        if not missing and not choice.broken and _complete(page, wish, image=image):
            return Expansion(prompt, changed=False)
        caption = canonical(scene(choice.values, float(seconds)), image=image)
        return Expansion(caption, changed=True, notes=noted(page, wish, choice, missing, image=image))

    def page(self, prompt: str) -> Page:
        """The prompt with every word that can be placed placed."""
        page = read(prompt, self._is_word)
        strange = [index for index in strangers(page) if page.words[index] not in PARTS and len(page.words[index]) > 2]
        senses = self._neighbours.place([page.words[index] for index in strange])
        near = [
            Mention(index, index + 1, (page.words[index],), sense, page.denies(index))
            for index, sense in zip(strange, senses, strict=True)
            if sense is not None
        ]
        return replace(page, mentions=tuple(sorted((*page.mentions, *near), key=lambda one: one.start)))

    def held(self, caption: str) -> dict[str, str]:
        """What a shot's caption hands on to the next shot: all but action and camera."""
        wish = resolve(read(caption, self._is_word))
        found = {factor: wish.value(factor) for factor in ("subject", "colour", "setting", "light", "weather")}
        return {factor: value for factor, value in found.items() if value is not None}


def strangers(page: Page) -> Iterator[int]:
    """The words of a page that mean something, and nothing known."""
    return (index for index in page.unread() if page.words[index] not in FILLERS)


def _obvious(word: str, values: dict[str, str]) -> bool:
    """Whether a word names what the subject or the place shows in any case: the creature's striped tail."""
    said = f"{details.FEATURES[values['subject']]} {details.SCENERY[values['setting']]}".split()
    return word in said or (word in BODY and values["subject"] in words.FLUFFY_KINDS)


def choose(wish: Wish, prompt: str, held: dict[str, str]) -> Choice:
    """A value for every factor: as asked, else as in the shot before, else what suits; within the world's rules."""
    asked = {factor: value for factor in ALWAYS if (value := wish.value(factor)) is not None}
    pick = _Pick(prompt, wish.denied)
    values = {**held, **asked}
    if asked.get("subject", held.get("subject")) != held.get("subject") and "colour" not in asked:
        values.pop("colour", None)
    if "setting" in asked and "light" not in asked and held.get("setting") == "room" != asked["setting"]:
        values.pop("light", None)
    if "weather" not in values and snow_hinted(wish) and asked.get("setting") == "forest":
        values["weather"] = asked["weather"] = "snow"
    known = dict(values)
    if "setting" not in values:
        fitting = SUITS_KIND[values["subject"]] if "subject" in values else tuple(SUITS_PLACE)
        if values.get("weather") == "snow":
            fitting = tuple(one for one in fitting if one == "forest" and "subject" in values) or ("snowfield",)
        fitting = (
            tuple(one for one in fitting if one != "room") if values.get("light") in ("day", "sunset") else fitting
        )
        values["setting"] = pick("setting", fitting, ("meadow", "beach", "forest"))
    if "subject" not in values:
        values["subject"] = pick("subject", (SUITS_PLACE[values["setting"]],), words.ids(words.SUBJECTS, "core"))
    kind = values["subject"]
    values["verb"] = _deed(wish, values, pick)
    if "colour" not in values:
        every = words.ids(words.COLOURS, "core")
        seen = tuple(one for one in WEARS.get(kind, every) if not is_held_out(kind, one, values["verb"]))
        clear = (
            tuple(one for one in seen if one != BLENDS.get(values["setting"]) and one not in wish.elsewhere) or every
        )
        values["colour"] = pick("colour", clear, every)
    values.setdefault(
        "light", pick("light", ("night",) if values["setting"] == "room" else ("day",), tuple(words.LIGHTS))
    )
    values.setdefault("weather", "clear")
    values.setdefault("camera", "static")
    broken = tuple(_keep_the_rules(values, asked))
    stated = {*known} - ({"verb"} if asked.get("verb") == "move" and wish.value("way") is None else set())
    return Choice(values=values, open=tuple(factor for factor in ALWAYS if factor not in stated), broken=broken)


def _deed(wish: Wish, values: dict[str, str], pick: _Pick) -> str:
    """The action's id; a movement without a direction gets one."""
    deed = wish.value("verb")
    if deed == "move":
        return wish.value("way") or pick("way", tuple(words.DIRECTIONS), tuple(words.DIRECTIONS))
    return deed or pick("verb", (DOES[values["subject"]],), words.verbs("core"))


def _keep_the_rules(values: dict[str, str], asked: dict[str, str]) -> Iterator[str]:
    """Bring light and weather within what the place can have, and yield which asked ones gave way."""
    if Place(values["setting"], values["light"], values["weather"]) in core_places():
        return
    for factor, value in (("weather", "clear"), ("light", "night")):
        if values["setting"] == "room" or factor == "weather":
            if values[factor] != value and factor in asked:
                yield factor
            values[factor] = value


def snow_hinted(wish: Wish) -> bool:
    """Whether a prompt that names another place speaks of snow: "a snowy forest"."""
    return any(one.sense.value == "snowfield" and one.sense.grade == "hint" for one in wish.hints)


def scene(values: dict[str, str], seconds: float) -> Scene:
    """The scene graph of a choice."""
    kind = values["subject"]
    material = "fluffy" if kind in words.FLUFFY_KINDS else "matte"
    shot = Shot(
        subject=Subject(kind=kind, colour=values["colour"], material=material),
        actions=(Action(verb=values["verb"], start=0.0, end=seconds),),
        setting=values["setting"],
        light=values["light"],
        weather=values["weather"],
        camera=values["camera"],
        seconds=seconds,
    )
    return Scene(shots=(shot,))


def _complete(page: Page, wish: Wish, *, image: bool) -> bool:
    """Whether a prompt says all that a caption says, in nothing but a caption's words."""
    needed: Sequence[str] = (
        ("subject", "colour", "setting") if image else ("subject", "colour", "setting", "verb", "camera")
    )
    lit = wish.value("light") is not None or wish.value("setting") == "room"
    told = all(wish.value(factor) is not None for factor in needed) and (
        wish.value("verb") != "move" or wish.value("way")
    )
    clean = all(one.sense.grade == "exact" and not one.denied for one in page.mentions) and not page.corrections
    return lit and bool(told) and clean and not wish.second and not wish.later


class _Pick:
    """Chooses among options by the prompt's hash, never what the prompt denies."""

    def __init__(self, prompt: str, denied: frozenset[tuple[str, str]]) -> None:
        self._prompt = " ".join(prompt.casefold().split())
        self._denied = denied

    def __call__(self, factor: str, options: tuple[str, ...], otherwise: tuple[str, ...]) -> str:
        """One of the options that is not denied; of all `otherwise` where each of them is."""
        free = [one for one in options if (factor, one) not in self._denied]
        free = free or [one for one in otherwise if (factor, one) not in self._denied] or list(otherwise)
        digest = hashlib.sha256(f"{factor}\0{self._prompt}".encode()).digest()
        return free[int.from_bytes(digest[:8]) % len(free)]
