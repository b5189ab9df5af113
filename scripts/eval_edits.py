"""Measure the editing verbs: `python scripts/eval_edits.py --clips 8 --photos folder --renders 20 -o edits.txt`."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from kinora.checkpoints.store import load_model
from kinora.engine.engine import Engine
from kinora.errors import BadInputFile
from kinora.evals.edits import VERBS, judge
from kinora.evals.edits_measures import summary
from kinora.evals.motion import Frames
from kinora.evals.recogniser import Recogniser
from kinora.evals.suites import EVALUATION
from kinora.grid import Size
from kinora.media import load_image
from kinora.safety import default_guard
from kinora.world.captions import canonical
from kinora.world.render import Renderer
from kinora.world.sample import sample_scene

PROMPTS = {
    "a red ball bounces in a meadow": {"subject": "ball", "colour": "red", "setting": "meadow"},
    "a blue car drives to the right on the beach": {"subject": "car", "colour": "blue", "setting": "beach"},
    "a yellow candle grows in a cosy room": {"subject": "candle", "colour": "yellow", "setting": "room"},
    "a purple mushroom spins in a forest at night": {"subject": "mushroom", "colour": "purple", "setting": "forest"},
    "a green monster hops in the snow": {"subject": "monster", "colour": "green", "setting": "snowfield"},
    "a white snowman stands in a meadow in the rain": {"subject": "snowman", "colour": "white", "setting": "meadow"},
    "an orange cube spins on the beach at sunset": {"subject": "cube", "colour": "orange", "setting": "beach"},
    "a pink creature walks to the left in a forest": {"subject": "creature", "colour": "pink", "setting": "forest"},
}
"""What is filmed, and the words the recogniser must read in it."""

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".avif"}


def photos(folder: Path, most: int, size: Size) -> Iterator[tuple[Frames, str]]:
    """Up to `most` pictures from all over a folder, each to be animated under one of the prompts."""
    paths, found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES), 0
    for path in paths[:: max(1, len(paths) // most)]:  # neighbours are often of one motif
        if found < most:
            try:
                yield load_image(path, size=size).frames[0], list(PROMPTS)[found % len(PROMPTS)]
                found += 1
            except BadInputFile as error:
                print(f"left out: {error}")


def renders(count: int) -> Iterator[tuple[Frames, str]]:
    """First frames of scenes no training saw, each with its own caption; needs OpenGL."""
    for number in range(count):
        scene = sample_scene(EVALUATION + number)
        with Renderer(scene.height, scene.width) as renderer:
            yield renderer.render(scene)[0], canonical(scene)


def main() -> None:
    """Print every finding as it is made, then a table, and write that to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="kinora-small", help="name or directory")
    parser.add_argument("--clips", type=int, default=8, help="how many source clips")
    parser.add_argument("--first", type=int, default=0, help="the first one's seed; others see other clips")
    parser.add_argument("--only", nargs="*", default=[], choices=[*VERBS, "remix"], help="these verbs and no others")
    parser.add_argument("--seconds", type=float, default=2, help="length of sources and of what is added")
    parser.add_argument("--steps", type=int, default=None, help="solver steps; the model's own if left out")
    parser.add_argument("--photos", type=Path, default=None, help="a folder of pictures to animate")
    parser.add_argument("--most", type=int, default=10, help="at most so many of them")
    parser.add_argument("--renders", type=int, default=0, help="so many first frames of rendered scenes to animate")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("-o", "--out", type=Path, default=None)
    told = parser.parse_args()
    engine = Engine(load_model(told.model, told.device), default_guard())
    shown = {"a photo": list(photos(told.photos, told.most, engine.model.limits.size))} if told.photos else {}
    shown["a render"] = list(renders(told.renders))
    prompts, recogniser = [list(PROMPTS)[index % len(PROMPTS)] for index in range(told.clips)], Recogniser.load()

    def follows(number: int, frames: Frames) -> float:
        words = recogniser.read(frames).words
        wanted = PROMPTS[prompts[number]]
        return sum(words[name] == word for name, word in wanted.items()) / len(wanted)

    findings = []
    for finding in judge(
        engine,
        prompts,
        first=told.first,
        seconds=told.seconds,
        steps=told.steps,
        only=told.only,
        pictures=shown,
        follows=follows,
    ):
        findings.append(finding)
        print(finding, flush=True)
    print(table := summary(findings))
    if told.out is not None:
        told.out.write_text("\n".join([*map(str, findings), "", table, ""]))


if __name__ == "__main__":
    main()
