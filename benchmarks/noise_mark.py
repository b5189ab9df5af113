"""Whether the mark in the noise can be read back from clips of the shipped model, after what happens to clips.

    .venv/bin/python benchmarks/noise_mark.py [--clips 4] [--steps 10]

Each clip is made twice from one seed, with and without the mark; both are encoded, solved backwards with the empty
prompt and read with the right key, the plain one also with WRONG others.
"""

import argparse
import sys

import numpy as np
import torch

from kinora.checkpoints.store import Model, load_model
from kinora.engine.coding import decode
from kinora.engine.inversion import STEPS, noise_of
from kinora.engine.script import Script
from kinora.engine.solving import SOLVERS
from kinora.evals.attacks import brightened, coded, noisy, scaled
from kinora.flow.sample import solve
from kinora.flow.schedule import shifted
from kinora.flow.solvers import last
from kinora.flow.state import LatentState
from kinora.safety.noise_mark import NoiseMark
from kinora.safety.watermark_code import Payload

PROMPTS = (
    "A red ball bounces in a meadow.",
    "A blue robot walks to the left on a beach at sunset.",
    "A green cube spins in a room.",
    "A yellow fluffy monster jumps in a snowy field.",
)

FPS, WRONG = 8, 10
ATTACKS = {
    "none": lambda frames: frames,
    "H.264 CRF 23": lambda frames: coded(frames, "h264", 23, FPS),
    "H.264 CRF 28": lambda frames: coded(frames, "h264", 28, FPS),
    "H.264 CRF 32": lambda frames: coded(frames, "h264", 32, FPS),
    "scaled 0.5x and back": lambda frames: scaled(scaled(frames, 0.5), 2.0),
    "noise, sigma 5": lambda frames: noisy(frames, 5.0),
    "brightness 1.3x": lambda frames: brightened(frames, 1.3),
}


def main() -> None:
    """Film, change, invert, read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of the way back")
    given = parser.parse_args()
    model = load_model("kinora-small")
    mark = NoiseMark(b"benchmark")
    print("| clip | attack | correlation with the true noise | p marked | payload | p unmarked | wrong keys |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for index in range(given.clips):
        plain = torch.randn((48, 9, 8, 8), generator=torch.Generator().manual_seed(index)).numpy()
        payload = Payload.of("kinora-small", "1", f"clip {index}")
        noise = mark.write(plain, payload)
        prompt = PROMPTS[index % len(PROMPTS)]
        marked, unmarked = filmed(model, noise, prompt), filmed(model, plain, prompt)
        other = noise_of(model, unmarked, steps=given.steps)
        wrong = min(NoiseMark(b"wrong %d" % key).read(other).p_value for key in range(WRONG))
        chance = f"{mark.read(other).p_value:.1e} | {wrong:.1e}"
        for name, attack in ATTACKS.items():
            guess = noise_of(model, attack(marked), steps=given.steps)
            read, near = mark.read(guess), np.corrcoef(guess.ravel(), noise.ravel())[0, 1]
            right = "read" if read.payload == payload else "no"
            print(f"| {index} | {name} | {near:.2f} | {read.p_value:.1e} | {right} | {chance} |")
            sys.stdout.flush()


@torch.inference_mode()
def filmed(model: Model, noise: np.ndarray, prompt: str) -> np.ndarray:
    """A clip from this noise, with the model's own defaults."""
    latent = torch.from_numpy(noise)[None]
    state = LatentState(latent=latent, clean=torch.zeros_like(latent), mask=torch.ones_like(latent[:, :1]))
    velocity = Script(model, [prompt], "", float(model.defaults.guidance)).velocity(prompt)
    sigmas = shifted(model.defaults.steps, float(model.defaults.shift))
    return decode(model, last(solve(velocity, state, sigmas, SOLVERS[model.defaults.solver])).x)


if __name__ == "__main__":
    main()
