"""Film the gallery: twelve prompts, one seed each, whatever comes out; `python scripts/gallery.py [--model NAME]`.

Writes docs/gallery/*.webp and its README.md. Seeds are fixed beforehand and every picture is the first take, so that
the gallery shows what a prompt gives and not what a patient person can find.
"""

import argparse
import sys
from pathlib import Path

import kinora
from kinora.errors import OutputError
from kinora.request import DEFAULT_MODEL

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
LARGEST = 200_000  # bytes of one picture: the page must load at once

WELL_KNOWN = {
    "creature-in-the-forest": (
        "A small round fluffy creature, half rabbit and half squirrel, with soft blue fur, a bushy striped tail "
        "and huge shining eyes, hops along a glittering brook through an enchanted forest. Flowers glow and "
        "change colour, the leaves of the trees are violet and silver, and little lights drift about like "
        "fireflies. It stops to play with tiny fairy folk dancing in a ring of mushrooms, then looks up in wonder "
        "at one great glowing tree in the heart of the wood. 3D animation."
    ),
    "monster-by-candlelight": (
        "Close-up of a short fluffy monster kneeling next to a red candle that is slowly melting. It stares at "
        "the flame with wide eyes and an open mouth, curious and innocent, as if it were seeing the world for the "
        "first time. Realistic 3D animation, rich texture, warm colours, dramatic candlelight, a cosy mood."
    ),
}
"""The two best-known kinds of sample prompt for a text-to-video model, in our own words: more than this world holds."""

IN_THE_WORLD = {
    "red-ball-bounces": "A red ball bounces on the ground in a green meadow by day. The camera stays still.",
    "blue-creature-hops": (
        "A blue fluffy creature hops up and down in an enchanted forest at night. The camera slowly zooms in."
    ),
    "green-car-drives-left": "A green car drives to the left on a sandy beach at sunset. The camera stays still.",
    "pink-monster-spins": (
        "A pink fluffy monster spins around in place in a snowy field by day while snow falls. The camera stays still."
    ),
    "purple-mushroom-grows": (
        "A purple mushroom grows bigger and bigger in an enchanted forest by day. The camera slowly orbits around."
    ),
    "yellow-candle-in-the-room": (
        "A yellow candle stands still in a cosy candlelit room at night. The camera slowly zooms out."
    ),
    "white-snowman-glides-right": (
        "A white snowman glides to the right in a snowy field at night. The camera pans slowly to the left."
    ),
    "orange-cube-hops": (
        "An orange cube hops up and down in a green meadow at sunset. The camera pans slowly to the right."
    ),
    "rabbit-walks": "At the seaside in daylight, a snow-white rabbit strolls rightwards.",
    "toy-car-twirls": "A scarlet toy car twirls around and around indoors by candlelight while the camera circles it.",
}


def main() -> None:
    """Film every prompt and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path, default=GALLERY)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    clips = {}
    for seed, (name, prompt) in enumerate({**WELL_KNOWN, **IN_THE_WORLD}.items(), start=1):
        clip = kinora.generate(prompt, seed=seed, model=given.model)
        path = clip.save(given.out / f"{name}.webp")
        if path.stat().st_size > LARGEST:
            raise OutputError(path, rule=f"takes {path.stat().st_size:,} bytes", remedy=f"keep it under {LARGEST:,}")
        clips[name] = clip
        sys.stdout.write(f"{path}\n")
    part = given.out / "README.md.part"
    part.write_text(page(clips))
    part.replace(given.out / "README.md")


def page(clips: dict[str, kinora.Clip]) -> str:
    """The gallery as Markdown: the picture, and beside it the words that made it."""
    first = next(iter(clips.values()))
    rows = [
        f"| ![{name.replace('-', ' ')}]({name}.webp) | {words(clip)} | {clip.seed} |" for name, clip in clips.items()
    ]
    return INTRODUCTION.format(model=f"{first.model} {first.version}".strip()) + "\n".join(rows) + "\n"


def words(clip: kinora.Clip) -> str:
    """The prompt, and what the model read where that is something else."""
    asked = clip.info.get("prompt_asked", clip.prompt)
    return asked if asked == clip.prompt else f"{asked}<br>*read as:* {clip.prompt}"


INTRODUCTION = """# Gallery

Made by `{model}` with `python scripts/gallery.py`: seeds fixed beforehand, every clip the first take. The two
long prompts ask for more than the model's small world holds; they show what it makes of them.

| clip | prompt | seed |
|---|---|---|
"""


if __name__ == "__main__":
    main()
