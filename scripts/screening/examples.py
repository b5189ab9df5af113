"""Rows to learn from and to measure on: published ones with their labels, made ones from examples.toml, written ones.

A row knows, for every category, its label (1, 0 or unknown) and how much to trust it; splits.py says which rows are
learnt from. Half of all names (by hash) appear in no training example, so that what the heads do with names they have
not seen can be measured.
"""

import gzip
import hashlib
import json
import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from splits import bucket

from kinora.safety.lists import TermList
from kinora.safety.persons import first_names, surnames

SOURCES = ("benign_trigger_words", "benign_minors_mentioned", "screening_train")

CATEGORY = {
    "sexual": "sexual",
    **dict.fromkeys(("violence", "gore", "violent"), "violence"),
    "hate": "hate",
    "self_harm": "self-harm",
    **dict.fromkeys(("illegal", "weapons", "privacy"), "illicit"),
    "harassment": "harassment",
    "public_figure": "harassment",
    "copyright": "ip",
    "misinfo_discrimination": "deception",
}
"""The published labels by our names; "bias" and "other" have none."""

TRUST = {
    # How far a source's positive labels are believed where nobody has reread them.
    ("i2p", "ip"): 0.0,
    ("i2p", "deception"): 0.0,
    ("diffusiondb-harmful", "ip"): 0.0,
    ("diffusiondb-harmful", "deception"): 0.0,
    ("tdavidson", "hate"): 0.4,
    ("ailuminate-demo", "ip"): 0.5,
}

REREAD = ("i2p", "diffusiondb-harmful", "nibbler")
"""Sources whose labels are about what a picture turned out to be (Adversarial Nibbler), a community's tag (I2P) or a
count of bad words (DiffusionDB: "Two fools playing chess" is hate there). Their texts were read again, without a look
at any classifier's verdict, and labelled by what the words ask for: relabelled.tsv."""

HARM = ("sexual", "violence", "hate", "self-harm", "illicit", "extremism", "harassment")


@dataclass(frozen=True)
class Row:
    """One text. `labels` maps a category to (label, trust); what is not in it is unknown."""

    text: str
    source: str
    style: str  # prompt or social
    kind: str  # "safe", "unsafe" or a benign set's name
    categories: tuple[str, ...] = ()
    labels: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    claimed: tuple[str, ...] = ()
    """The categories as published, where they were read again."""


def held_out_name(name: str) -> bool:
    """Whether a name is in the half that no example uses."""
    return bucket(f"name:{name}") < 0.5


def reported_name(name: str) -> bool:
    """Whether a name is in the quarter that is reported on; the other held-out quarter is for setting thresholds."""
    return bucket(f"name:{name}") < 0.25


def published(folder: Path, every: tuple[str, ...], cap: Mapping[str, int]) -> Iterator[Row]:
    """Rows of the published sets with a usable label; at most `cap[source]` of a source, chosen by hash."""
    taken: dict[str, int] = {}
    seen = set()
    again = reread()
    for name in SOURCES:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = sorted((json.loads(line) for line in lines), key=lambda row: bucket("order:" + row["text"]))
        for row in rows:
            source, text = row["src"], row["text"]
            implicit = row["label"] == "implicit" and key_of(text) not in again
            if row["label"] == "ambiguous" or implicit or text.lower() in seen or not text.strip():
                continue
            key = f"{source}/{row['label']}"
            if name == "screening_train" and taken.get(key, 0) >= cap.get(key, cap.get(source, 10**9)):
                continue
            taken[key] = taken.get(key, 0) + 1
            seen.add(text.lower())
            kind = name if name != "screening_train" else "safe" if row["label"] == "safe" else "unsafe"
            yield labelled(row, kind, every, again.get(key_of(text)))


def key_of(text: str) -> str:
    """What a text goes by in relabelled.tsv."""
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()[:12]


def reread() -> dict[str, str]:
    """Labels of texts that were read again: categories with commas, "-" for harmless, "?" for can't tell."""
    lines = (Path(__file__).parent / "relabelled.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)


def labelled(row: dict, kind: str, every: tuple[str, ...], again: str | None) -> Row:  # type: ignore[type-arg]
    """A published row with its labels in our categories; `again` is what a second reading made of it."""
    source, style = row["src"], "social" if row["style"] == "social" else "prompt"
    claimed = tuple(dict.fromkeys(CATEGORY[name] for name in row["cats"] if name in CATEGORY))
    if source == "advbench":
        claimed = ("illicit",)
    categories, labels = claimed, {}
    if row["label"] == "safe":
        labels = dict.fromkeys(every, (0.0, 1.0))
        if source in ("diffusiondb-benign", "nibbler"):  # they show famous people and figures freely
            labels |= {"likeness": (0.0, 0.0), "ip": (0.0, 0.0)}
        if style == "social":
            labels |= dict.fromkeys(("harassment", "violence", "deception", "likeness"), (0.0, 0.0))
    elif row["label"] == "offensive":
        labels = {"harassment": (1.0, 0.5), "hate": (0.0, 0.3)}
    elif again is not None:
        categories = tuple(again.split(",")) if again not in ("-", "?") else ()
        kind = kind if categories else "reread as harmless" if again == "-" else "unclear"
        labels = {} if again == "?" else dict.fromkeys(HARM, (0.0, 0.4)) | dict.fromkeys(categories, (1.0, 1.0))
    else:
        labels = {name: (1.0, TRUST.get((source, name), 1.0)) for name in categories}
        categories = tuple(name for name in categories if labels[name][1])
    return Row(row["text"], source, style, kind, categories, labels, claimed)


FILES = ("examples", "examples_more", "examples_near", "examples_wide")

AMOUNT = {
    "alarming": 3,
    "idioms": 4,
    "groups": 4,
    "names": 6,
    "chat": 0.5,
    "children": 1.5,
    "daily": 3,
    "own": 16,
    "history": 2,
    "sport": 2,
    "science": 2.5,
    "respect": 4,
    "plain": 9,
    "wide": 9,
    "neutral": 6,
}
"""How many examples of each harmless group, in multiples of `count`."""

FAMOUS = 20
"""The same for people and for characters: a name that everybody knows is told by having met it."""


def made(count: int, every: tuple[str, ...], seed: int = 0) -> Iterator[Row]:
    """About `count` examples per category and file, and as many harmless ones of the same build."""
    chance = random.Random(seed)
    books = [tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8")) for name in FILES]
    slots = names()
    for book in books:
        slots |= book.get("slots", {})
    for book in books:
        for category, group in book["positive"].items():
            amount = FAMOUS * count if category in ("likeness", "ip") else count
            for text in fill(group, slots, chance, amount):
                labels = dict.fromkeys(("likeness", "ip", "sexual", "self-harm"), (0.0, 0.3)) | {category: (1.0, 1.0)}
                yield Row(text, f"made-{category}", "prompt", "unsafe", (category,), labels)
        for group_name, group in book["negative"].items():
            for text in fill(group, slots, chance, round(AMOUNT[group_name] * count)):
                labels = dict.fromkeys(every, (0.0, 1.0))
                if group_name == "own" or "{MADEUP}" in text:
                    # A name that nobody is known by looks like one that is.
                    labels |= {"likeness": (0.0, 0.5), "ip": (0.0, 0.5)}
                while "{MADEUP}" in text:
                    text = text.replace("{MADEUP}", chance.choice(slots["UNKNOWN"]), 1)
                text = text.lower() if group_name in ("own", "history", "plain") and chance.random() < 0.5 else text
                yield Row(text, f"made-{group_name}", "prompt", "safe", (), labels)


WRITTEN = 2.0
"""How much a text that somebody wrote counts beside one that was made by filling a pattern."""


def written(every: tuple[str, ...]) -> Iterator[Row]:
    """The texts of written.toml, which no pattern made."""
    book = tomllib.loads((Path(__file__).parent / "written.toml").read_text(encoding="utf-8"))
    for name, texts in book["harmless"].items():
        labels = dict.fromkeys(every, (0.0, WRITTEN))
        if name in ("invented", "private"):  # as in `made`
            labels |= {"likeness": (0.0, 0.5), "ip": (0.0, 0.5)}
        for text in texts:
            yield Row(text, f"made-{name}", "prompt", "safe", (), labels)
    for category, texts in book["harmful"].items():
        labels = dict.fromkeys(("likeness", "ip", "sexual", "self-harm"), (0.0, 0.3)) | {category: (1.0, WRITTEN)}
        for text in texts:
            yield Row(text, f"made-{category}", "prompt", "unsafe", (category,), labels)


def fill(group: dict[str, list[str]], slots: dict[str, list[str]], chance: random.Random, count: int) -> Iterator[str]:
    """Distinct texts from the patterns of a group."""
    seen = set()
    for _ in range(3 * count):
        text = chance.choice(group["patterns"])
        while slot := re.search(r"\{(?!MADEUP)(\w+)\}", text):
            choices = group.get(slot[1]) or slots[slot[1]]
            text = text[: slot.start()] + chance.choice(choices) + text[slot.end() :]
        text = re.sub(r"\s+", " ", text).strip(" ,")
        if text not in seen:
            seen.add(text)
            yield text
        if len(seen) >= count:
            return


def names() -> dict[str, list[str]]:
    """Slots of names: famous ones of the half for training, ordinary ones put together from parts, made-up ones."""
    lists = TermList.shipped()
    famous = [name for name in lists.terms("likeness") if not held_out_name(name)]
    works = [name for name in lists.terms("ip") if not held_out_name(name) and "*" not in name]
    long_dead = [name for name in lists.terms("historic") if not held_out_name(name)]
    first = sorted(name for name in first_names() if not held_out_name(name))
    return {
        "NAME": cased(famous),
        "WORK": cased(works),
        "HISTORIC": [name.title() for name in long_dead],
        "UNKNOWN": cased(nobody(1200, held_out=False)),
        "FIRST": [name.title() for name in first],
        "PET": [name for name in invented(3000, seed=6) if not held_out_name(name)],
    }


def cased(group: list[str]) -> list[str]:
    """Names as they are, and with capitals."""
    return [*group, *(name.title() for name in group)]


def nobody(count: int, *, held_out: bool) -> list[str]:
    """Full names that no list has: a first name and a surname of the same half, by chance."""
    lists = TermList.shipped()
    known = set(lists.terms("likeness")) | set(lists.terms("historic"))
    first, last = (sorted(n for n in part if held_out_name(n) == held_out) for part in (first_names(), surnames()))
    chance = random.Random(5)
    pairs = dict.fromkeys(f"{chance.choice(first)} {chance.choice(last)}" for _ in range(2 * count))
    return [name for name in pairs if name not in known][:count]


def invented(count: int, seed: int) -> list[str]:
    """Names as people give to pets and figures of their own: of syllables ("Zorbi") and of words ("Fizzlebeard")."""
    chance = random.Random(seed)
    parts = tomllib.loads((Path(__file__).parent / "examples_near.toml").read_text(encoding="utf-8"))["invented"]

    def one() -> str:
        kind = chance.random()
        if kind < 0.2:
            return chance.choice(parts["pets"])
        if kind < 0.4:
            return chance.choice(parts["before"]) + chance.choice(parts["after"])
        length = chance.choice((1, 2, 2, 2, 3))
        syllables = (chance.choice(parts["onset"]) + chance.choice(parts["vowel"]) for _ in range(length))
        return ("".join(syllables) + (chance.choice(parts["coda"]) if chance.random() < 0.7 else "")).title()

    found = dict.fromkeys(one() for _ in range(4 * count))
    return [name for name in found if len(name) > 2][:count]
