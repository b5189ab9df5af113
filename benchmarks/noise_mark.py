"""Whether the mark in the noise can be read back from clips of the shipped model, after what happens to clips.

    .venv/bin/python benchmarks/noise_mark.py --made FOLDER [--clips 12] [--steps 10] [--all]

FOLDER holds bare clips of `scripts/film_bare.py`, which began from marked noise as every clip does. Each is given its
watermark, encoded, solved backwards with the empty prompt and read with the open key, and with WRONG others, by which
it bears no mark. `--all` adds what isn't encoding.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinora.checkpoints.store import Model, load_model
from kinora.engine.marks.inversion import STEPS, noise_of
from kinora.engine.marks.marking import marked
from kinora.evals.attacks import brightened, coded, noisy, scaled
from kinora.flow.state import LatentState
from kinora.media.write import CRF
from kinora.safety.noise_mark import NoiseMark, NoiseReading
from kinora.safety.watermark import Watermark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import OPEN_KEY

FPS, WRONG = 8, 10

CODED = {
    "none": lambda frames: frames,
    f"as Kinora writes it (CRF {CRF})": lambda frames: coded(frames, "h264", CRF, FPS),
    "H.264 CRF 28": lambda frames: coded(frames, "h264", 28, FPS),
    "H.264 CRF 32": lambda frames: coded(frames, "h264", 32, FPS),
}
CHANGED = {
    "H.264 CRF 23": lambda frames: coded(frames, "h264", 23, FPS),
    "scaled 0.5x and back": lambda frames: scaled(scaled(frames, 0.5), 2.0),
    "noise, sigma 5": lambda frames: noisy(frames, 5.0),
    "brightness 1.3x": lambda frames: brightened(frames, 1.3),
}


def main() -> None:
    """Change, invert, read, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of the way back")
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    model, mark = load_model("kinora-small"), NoiseMark(OPEN_KEY)
    attacks = CODED | (CHANGED if given.all else {})
    reads: dict[str, list[tuple[NoiseReading, bool, float]]] = {name: [] for name in attacks}
    wrong = []
    for path in sorted(given.made.glob("*.npy"))[: given.clips]:
        told = json.loads(path.with_suffix(".json").read_text())
        payload = Payload.of(model.name, told["version"], f"seed {told['seed']}")
        bare = np.load(path)
        shown = Watermark(OPEN_KEY).embed(bare, Payload.of(model.name, told["version"], path.stem))
        for name, attack in attacks.items():
            guess = noise_of(model, attack(bare if name == "none" else shown), steps=given.steps)
            read = mark.read(guess)
            reads[name].append((read, read.payload == payload, likeness(model, guess, told["seed"])))
            wrong += [NoiseMark(b"wrong %d" % key).read(guess).p_value for key in range(WRONG)]
            sys.stderr.write(f"{path.stem}, {name}: p {read.p_value:.0e}\n")
    print("| attack | clips | found | largest p | payload read | correlation with the true noise |")
    print("|---|---|---|---|---|---|")
    for name, all_of_it in reads.items():
        found, read, near = zip(*all_of_it, strict=True)
        cells = [sum(one.found for one in found), f"{max(one.p_value for one in found):.0e}", sum(read)]
        print(f"| {name} | {len(found)} | " + " | ".join(map(str, cells)) + f" | {min(near):.2f} to {max(near):.2f} |")
    print(f"wrong keys: smallest p of {len(wrong)} looks {min(wrong):.2g}")


def likeness(model: Model, guess: npt.NDArray[np.float32], seed: int) -> float:
    """The correlation of recovered noise (C T H W) with what the clip began from."""
    channels, frames, height, width = guess.shape
    made = model.limits.grid.frames_for(model.limits.seconds, model.limits.fps)
    count = max(frames, model.limits.grid.latent_shape(made, *model.limits.size)[0])
    true = (
        marked(LatentState.noise([seed], (channels, count, height, width)), model, seed).latent[0, :, :frames].numpy()
    )
    return float(np.corrcoef(guess.ravel(), true.ravel())[0, 1])


if __name__ == "__main__":
    main()
