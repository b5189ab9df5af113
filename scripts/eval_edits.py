"""Measure the editing verbs of a model: `python scripts/eval_edits.py --clips 2 --photos folder -o edits.txt`."""

import argparse
from pathlib import Path

from kinora.checkpoints.store import load_model
from kinora.engine.engine import Engine
from kinora.errors import BadInputFile
from kinora.evals.edits import judge
from kinora.evals.motion import Frames
from kinora.evals.recogniser import Recogniser
from kinora.media import load_image
from kinora.safety import default_guard

PROMPTS = {
    "a red ball bounces in a meadow": {"subject": "ball", "colour": "red", "setting": "meadow"},
    "a blue car drives to the right on the beach": {"subject": "car", "colour": "blue", "setting": "beach"},
    "a yellow candle grows in a cosy room": {"subject": "candle", "colour": "yellow", "setting": "room"},
    "a purple mushroom spins in a forest at night": {"subject": "mushroom", "colour": "purple", "setting": "forest"},
}
"""What is filmed, and the words the recogniser must read in it."""


def main() -> None:
    """Print every finding as it is made, and write all to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="kinora-small", help="name or directory")
    parser.add_argument("--clips", type=int, default=1, help="how many source clips")
    parser.add_argument("--seconds", type=float, default=2, help="length of sources and of what is added")
    parser.add_argument("--steps", type=int, default=None, help="solver steps; the model's own if left out")
    parser.add_argument("--photos", type=Path, default=None, help="a folder of pictures to animate")
    parser.add_argument("--most", type=int, default=10, help="at most so many of them")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("-o", "--out", type=Path, default=None)
    told = parser.parse_args()
    engine = Engine(load_model(told.model, told.device), default_guard())
    pictures = []
    for path in sorted(told.photos.rglob("*")) if told.photos else ():
        if len(pictures) < told.most and path.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".avif"}:
            try:
                pictures.append(load_image(path, size=engine.model.limits.size).frames[0])
            except BadInputFile as error:
                print(f"left out: {error}")
    prompts, recogniser = [list(PROMPTS)[index % len(PROMPTS)] for index in range(told.clips)], Recogniser.load()

    def follows(number: int, frames: Frames) -> float:
        words = recogniser.read(frames).words
        wanted = PROMPTS[prompts[number]]
        return sum(words[name] == word for name, word in wanted.items()) / len(wanted)

    lines = []
    for finding in judge(engine, prompts, seconds=told.seconds, steps=told.steps, pictures=pictures, follows=follows):
        lines.append(str(finding))
        print(finding, flush=True)
    if told.out is not None:
        told.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
