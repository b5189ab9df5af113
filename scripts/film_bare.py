"""Film clips of the shipped model and keep their bare frames, for measuring marks: FOLDER/SEED.npy and SEED.json.

    .venv/bin/python scripts/film_bare.py FOLDER [--clips 24] [--first 0] [--seconds 2]

A clip's seed is its number, and so is its prompt; two runs that share no number share no clip, which is how clips that
a classifier is fitted to are kept apart from those that it is measured on. Every fourth prompt is of something that
stands still under a camera that does, or nothing that the model knows. A file that is there is not filmed again.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import kinora
from kinora.evals.suites import world_cases
from kinora.media import replacing

OTHERS = (
    "A green cube stands still on the beach. The camera does not move.",
    "a cat sleeps on a sofa",
    "A white snowman stands in a snowy field at night. Static camera.",
    "waves break on a rocky shore at dawn",
    "A candle stands on a table in a dark room, static camera.",
    "an old street in the rain",
    "clouds drift over a quiet lake",
    "A yellow mushroom stands in a meadow. The camera does not move.",
)


def main() -> None:
    """Film what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--first", type=int, default=0, help="number of the first clip")
    parser.add_argument("--seconds", type=float, help="the model's own length if not given")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for number in range(given.first, given.first + given.clips):
        target = given.folder / f"{number:04}.npy"
        if target.exists():
            continue
        clip = kinora.generate(prompt_of(number), seed=number, seconds=given.seconds)
        with replacing(target) as temporary, temporary.open("wb") as file:
            np.save(file, clip.frames)
        told = {"prompt": clip.prompt, "seed": clip.seed, "model": clip.model, "version": clip.version}
        target.with_suffix(".json").write_text(json.dumps(told | {"timings": clip.info["timings"]}) + "\n")


def prompt_of(number: int) -> str:
    """The prompt of the clip with that number."""
    if number % 4 == 3:
        return OTHERS[number // 4 % len(OTHERS)]
    return world_cases(1, seed=1_000 + number)[0].prompt


if __name__ == "__main__":
    main()
