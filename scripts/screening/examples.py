"""Rows to learn from and to measure on: published ones with their labels, and made ones from examples.toml.

A row knows, for every category, its label (1, 0 or unknown) and how much to trust it. Splits are by hash of the text,
so the same text is never on both sides; half of all names (by hash) appear in no training example, so that what the
heads do with names they have not seen can be measured.
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

from kinora.safety.lists import TermList

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
    # How far a source's positive labels are believed. I2P and DiffusionDB label by the community or by a classifier of
    # words, and call "Two fools playing chess" hate; Adversarial Nibbler's labels are about the picture.
    ("i2p", "sexual"): 0.6,
    ("i2p", "violence"): 0.15,
    ("i2p", "self-harm"): 0.4,
    ("i2p", "illicit"): 0.5,
    ("i2p", ""): 0.0,
    ("diffusiondb-harmful", "violence"): 0.2,
    ("diffusiondb-harmful", "sexual"): 0.4,
    ("diffusiondb-harmful", "hate"): 0.1,
    ("diffusiondb-harmful", "illicit"): 0.5,
    ("diffusiondb-harmful", ""): 0.0,
    ("nibbler", "sexual"): 0.2,
    ("nibbler", ""): 0.05,
    ("tdavidson", "hate"): 0.4,
    ("ailuminate-demo", "ip"): 0.5,
}


@dataclass(frozen=True)
class Row:
    """One text. `labels` maps a category to (label, trust); what is not in it is unknown."""

    text: str
    source: str
    style: str  # prompt or social
    kind: str  # "safe", "unsafe" or a benign set's name
    categories: tuple[str, ...] = ()
    labels: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def bucket(text: str) -> float:
    """A text's place in [0, 1), the same for ever."""
    return int.from_bytes(hashlib.sha256(text.strip().lower().encode()).digest()[:4], "big") / 2**32


def split_of(text: str) -> str:
    """train (70 %), calibrate (10 %) or test (20 %)."""
    place = bucket(text)
    return "train" if place < 0.7 else "calibrate" if place < 0.8 else "test"


def held_out_name(name: str) -> bool:
    """Whether a name is in the half that no example uses."""
    return bucket(f"name:{name}") < 0.5


def published(folder: Path, every: tuple[str, ...], cap: Mapping[str, int]) -> Iterator[Row]:
    """Rows of the published sets with a usable label; at most `cap[source]` of a source, chosen by hash."""
    taken: dict[str, int] = {}
    seen = set()
    for name in SOURCES:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = sorted((json.loads(line) for line in lines), key=lambda row: bucket("order:" + row["text"]))
        for row in rows:
            source = row["src"]
            if row["label"] in ("ambiguous", "implicit") or row["text"].lower() in seen or not row["text"].strip():
                continue
            key = f"{source}/{row['label']}"
            if name == "screening_train" and taken.get(key, 0) >= cap.get(key, cap.get(source, 10**9)):
                continue
            taken[key] = taken.get(key, 0) + 1
            seen.add(row["text"].lower())
            kind = name if name != "screening_train" else "safe" if row["label"] == "safe" else "unsafe"
            yield labelled(row, kind, every)


def labelled(row: dict, kind: str, every: tuple[str, ...]) -> Row:  # type: ignore[type-arg]
    """A published row with its labels in our categories."""
    source, style = row["src"], "social" if row["style"] == "social" else "prompt"
    categories = tuple(dict.fromkeys(CATEGORY[name] for name in row["cats"] if name in CATEGORY))
    if source == "advbench":
        categories = ("illicit",)
    if row["label"] == "offensive":
        labels = {"harassment": (1.0, 0.5), "hate": (0.0, 0.3)}
    elif row["label"] == "safe":
        labels = dict.fromkeys(every, (0.0, 1.0))
        if source in ("diffusiondb-benign", "nibbler"):  # they show famous people and figures freely
            labels |= {"likeness": (0.0, 0.0), "ip": (0.0, 0.0)}
        if style == "social":
            labels |= dict.fromkeys(("harassment", "violence", "deception", "likeness"), (0.0, 0.0))
    else:
        labels = {name: (1.0, TRUST.get((source, name), TRUST.get((source, ""), 1.0))) for name in categories}
    return Row(row["text"], source, style, kind, categories, labels)


def made(count: int, every: tuple[str, ...], seed: int = 0) -> Iterator[Row]:
    """About `count` examples per category, and as many harmless ones of the same build, from examples.toml."""
    book = tomllib.loads((Path(__file__).parent / "examples.toml").read_text(encoding="utf-8"))
    chance = random.Random(seed)
    slots = book["slots"] | names()
    for category, group in book["positive"].items():
        for text in fill(group, slots, chance, 2 * count if category in ("likeness", "ip") else count):
            labels = dict.fromkeys(("likeness", "ip", "sexual", "self-harm"), (0.0, 0.3)) | {category: (1.0, 1.0)}
            yield Row(text, f"made-{category}", "prompt", "unsafe", (category,), labels)
    for group_name, group in book["negative"].items():
        amount = {
            "alarming": 4 * count,
            "names": 3 * count,
            "chat": count // 2,
            "children": 2 * count,
            "daily": 3 * count,
        }[group_name]
        for text in fill(group, slots, chance, amount):
            yield Row(text, f"made-{group_name}", "prompt", "safe", (), dict.fromkeys(every, (0.0, 1.0)))


def fill(group: dict[str, list[str]], slots: dict[str, list[str]], chance: random.Random, count: int) -> Iterator[str]:
    """Distinct texts from the patterns of a group."""
    seen = set()
    for _ in range(3 * count):
        text = chance.choice(group["patterns"])
        while slot := re.search(r"\{(\w+)\}", text):
            choices = group.get(slot[1]) or slots[slot[1]]
            text = text[: slot.start()] + chance.choice(choices) + text[slot.end() :]
        text = re.sub(r"\s+", " ", text).strip(" ,")
        if text not in seen:
            seen.add(text)
            yield text
        if len(seen) >= count:
            return


def names() -> dict[str, list[str]]:
    """Slots of names: famous ones of the half for training, and ordinary ones put together from parts of others."""
    lists = TermList.shipped()
    famous = [name for name in lists.terms("likeness") if not held_out_name(name)]
    works = [name for name in lists.terms("ip") if not held_out_name(name) and "*" not in name]
    parts = [name.split() for name in lists.terms("likeness") if len(name.split()) == 2]
    first, last = [part[0] for part in parts], [part[1] for part in parts]
    chance = random.Random(5)
    chance.shuffle(last)
    known = {" ".join(part) for part in parts}
    madeup = [f"{a} {b}" for a, b in zip(first, last, strict=True) if f"{a} {b}" not in known]

    def cased(group: list[str]) -> list[str]:
        return [name.title() if bucket("case:" + name) < 0.6 else name for name in group]

    return {
        "NAME": cased(famous),
        "WORK": cased(works),
        "MADEUP": [name.title() for name in madeup[:400]],
        "SINGLE": [
            "Anna",
            "Tom",
            "Maria",
            "Ben",
            "Lucas",
            "Emma",
            "Jack",
            "Lily",
            "Omar",
            "Mei",
            "Ravi",
            "Sofia",
            "Noah",
            "Mia",
            "Carlos",
            "Yuki",
            "Lena",
            "Max",
            "Ivy",
            "Hugo",
        ],
        "CITY": [
            "Paris",
            "London",
            "Tokyo",
            "Rome",
            "Lagos",
            "Cairo",
            "Mumbai",
            "Berlin",
            "Madrid",
            "Sydney",
            "Toronto",
            "Seoul",
            "Lima",
            "Oslo",
            "Vienna",
        ],
    }
