"""Words for a scene, from its scene graph alone: exhaustive, long, short, terse, and for stills.

`canonical` is the one wording that names everything in a fixed order. `captions` draws *numbered wordings*: a number
stands for one choice of clause order, tense and synonyms, whatever the scene, so a tenth of the numbers can be kept
from training (`kinora.world.split`). Nothing is said that the scene graph does not hold; left and right are its own.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinora.errors import InvalidRequest
from kinora.world.grammar import Speech, capital, indefinite, sentence
from kinora.world.scene import Scene
from kinora.world.split import Split, is_held_out_wording

Kind = Literal["long", "medium", "short", "terse", "image"]

WORDINGS = 4096
"""Numbered wordings of each kind."""

TURNS: tuple[Kind, ...] = ("medium", "long", "short", "terse")
LIMITS = {"long": (40, 90), "short": (5, 10), "terse": (2, 6)}
"""Fewest and most words of a kind, for scenes of a single shot."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One wording of a scene."""

    text: str
    kind: Kind


def canonical(scene: Scene, image: bool = False) -> str:
    """Every attribute in a fixed order; for a still (`image`) without action and camera."""
    return _image(scene, Speech()) if image else _medium(scene, Speech(), form=0)


def captions(scene: Scene, n: int, seed: int, split: Split = "train") -> list[Caption]:
    """`n` different captions: the canonical one first, then medium, long, short and terse ones in turn.

    A still gets `image` captions only. The same arguments give the same captions. Wordings come from the split.
    """
    still = scene.frames == 1
    rng = np.random.Generator(np.random.PCG64([seed, scene.seed, 11]))
    found = [Caption(canonical(scene, image=still), "image" if still else "medium")]
    texts = {found[0].text}
    while len(found) < n:
        kind: Kind = "image" if still else TURNS[(len(found) - 1) % len(TURNS)]
        caption = _another(scene, kind, texts, rng, split) or _another(scene, "medium", texts, rng, split)
        if caption is None:
            raise InvalidRequest(f"{n} captions", rule="the scene has fewer wordings", remedy=f"at most {len(found)}")
        texts.add(caption.text)
        found.append(caption)
    return found[:n]


def wording(scene: Scene, kind: Kind, number: int) -> str:
    """The scene in wording `number` (0 to `WORDINGS` - 1) of a kind."""
    speech = Speech(np.random.Generator(np.random.PCG64([number, *kind.encode()])))
    if kind == "long":
        return _long(scene, speech)
    if kind == "short":
        return _short(scene, speech)
    if kind == "terse":
        return _terse(scene, speech)
    if kind == "image":
        return _image(scene, speech)
    return _medium(scene, speech, form=speech.number(1, FORMS))


FORMS = 10


def _medium(scene: Scene, speech: Speech, form: int) -> str:
    """One to three sentences; at most one of light, camera and style is left out, and never in form 0."""
    dropped = "" if form == 0 else speech.choice(("", "", "", "", "light", "camera", "style"))
    style = "" if dropped == "style" else speech.style(scene.style)
    shots = []
    for index, shot in enumerate(scene.shots):
        where = speech.place(shot, light=dropped != "light")
        camera = "" if dropped == "camera" else speech.camera(shot.camera)
        who = speech.subject(shot.subject)
        parts: tuple[str, ...]
        match form:
            case 1:
                parts = (f"{where}, {who} {speech.does(shot)}", camera)
            case 2:
                parts = (f"{speech.there(shot)} {who} {speech.doing(shot)} {where}", camera)
            case 3:
                parts = (f"{who} can be seen {speech.doing(shot)} {where}", camera)
            case 4 if camera:
                parts = (f"{camera} as {who} {speech.does(shot)} {where}",)
            case 5:
                parts = (f"{who} {speech.is_doing(shot)} {where}", camera)
            case 6:
                parts = (f"{where}, {who} {speech.is_doing(shot)}", camera)
            case 7:
                parts = (f"{who} {speech.did(shot)} {where}", camera)
            case 8 if camera:
                parts = (f"{who} {speech.does(shot)} {where} while {camera}",)
            case 9 if camera:
                parts = (camera, f"{where}, {who} {speech.does(shot)}")
            case _:
                parts = (f"{who} {speech.does(shot)} {where}", camera)
        shots.append(_cut(index, parts))
    body = " ".join(shots)
    if style and form in (3, 5, 8):
        return f"{capital(style)}: {body}"
    return f"{body} {capital(style)}." if style else body


def _cut(index: int, parts: tuple[str, ...]) -> str:
    """The sentences of one shot; every shot but the first says that it follows a cut."""
    first, *rest = (part for part in parts if part)
    lead = first if index == 0 else f"then, after a cut, {first}"
    return " ".join(sentence(part) for part in (lead, *rest))


def _long(scene: Scene, speech: Speech) -> str:
    """Every attribute, and what all scenes of this kind show besides."""
    shot = scene.shots[0]
    who, where = speech.subject(shot.subject), speech.place(shot)
    style = speech.style(scene.style)
    opening = speech.choice(
        (
            f"in this {style} clip, {who} {speech.does(shot)} {where}",
            f"this {style} clip shows {who} {speech.doing(shot)} {where}",
            f"{where}, {who} {speech.is_doing(shot)}, shown as {indefinite(style)} clip",
            f"{indefinite(style)} clip in which {who} {speech.does(shot)} {where}",
            f"we see {who} {speech.doing(shot)} {where}, in the style of {indefinite(style)} clip",
        )
    )
    details = speech.shuffled((speech.features(shot.subject), speech.scenery(shot.setting), speech.sky(shot)))
    camera = sentence(f"{speech.camera(shot.camera)} {speech.choice(CAMERA_TAILS)}")
    if len(scene.shots) == 1:
        return " ".join((sentence(opening), *(sentence(detail) for detail in details), camera))
    return " ".join((sentence(opening), sentence(speech.camera(shot.camera)), *_later(scene, speech)))


CAMERA_TAILS = (
    "for the whole clip",
    "from beginning to end",
    "throughout the shot",
    "from the first frame to the last",
)


def _later(scene: Scene, speech: Speech) -> list[str]:
    """The shots after the first, one sentence each."""
    return [
        sentence(
            f"{speech.choice(('then a cut', 'next', 'after a cut'))}: {speech.again(shot)} {speech.does(shot)} "
            f"{speech.place(shot)}, {speech.camera(shot.camera)}"
        )
        for shot in scene.shots[1:]
    ]


def _short(scene: Scene, speech: Speech) -> str:
    """Five to ten words: who does what, and where or when if there is room."""
    shot = scene.shots[0]
    fewest, most = LIMITS["short"]
    for _ in range(ATTEMPTS):
        who = speech.subject(shot.subject, terse=True)
        does = speech.choice((speech.does(shot, terse=True), speech.is_doing(shot, terse=True)))
        places = speech.shuffled((speech.place(shot, light=False, weather=False), speech.light(shot.light)))
        texts = [f"{who} {does} {place}".strip() for place in (*places, "")]
        fitting = [text for text in texts if fewest <= len(text.split()) <= most]
        if fitting:
            return sentence(fitting[0])
    return sentence(texts[-1])


def _terse(scene: Scene, speech: Speech) -> str:
    """The fewest words: who does what."""
    shot = scene.shots[0]
    for _ in range(ATTEMPTS):
        who = speech.subject(shot.subject, terse=True, article=speech.choice((True, True, False)))
        does = speech.choice((speech.does, speech.doing, speech.is_doing))
        text = f"{who} {does(shot, terse=True)}"
        if len(text.split()) <= LIMITS["terse"][1]:
            break
    return text


ATTEMPTS = 16
"""Draws of synonyms for a caption that must be brief."""


def _image(scene: Scene, speech: Speech) -> str:
    """A still: who, where, when and in which style."""
    shot = scene.shots[0]
    who, where, style = speech.subject(shot.subject), speech.place(shot), speech.style(scene.style)
    if shot.second is not None and shot.relation is not None:
        who = f"{who} {speech.relation(shot)}"
    plain = f"{sentence(f'{who} {where}')} {capital(style)}."
    return speech.choice(
        (
            plain,
            f"{capital(where)}, {who}. {capital(style)}.",
            f"{capital(style)}: {who} {where}.",
            sentence(f"{indefinite(style)} still of {who} {where}"),
            sentence(f"{indefinite(style)} picture of {who} {where}"),
            sentence(f"{who} {where}"),
            f"{sentence(f'{where} there {speech.be(shot.subject)} {who}')} {capital(style)}.",
        )
    )


def _another(scene: Scene, kind: Kind, texts: set[str], rng: np.random.Generator, split: Split) -> Caption | None:
    """A caption of the kind that is not among the texts, unless the kind has run out of wordings."""
    for _ in range(64):
        text = wording(scene, kind, _draw(rng, kind, split))
        if text not in texts:
            return Caption(text, kind)
    return None


def _draw(rng: np.random.Generator, kind: Kind, split: Split) -> int:
    """A wording number of the split."""
    while True:
        number = int(rng.integers(WORDINGS))
        if split == "any" or is_held_out_wording(kind, number) == (split == "heldout"):
            return number
