"""What leaving out steps costs: clips with the caches "safe" and "fast" beside the same clips with all steps computed.

    .venv/bin/python benchmarks/step_cache.py [--model kinora-small] [--seconds 4] [--steps 16 24] [--prompts 4]

PSNR and SSIM (Wang et al. 2004: Gaussian windows of 11 x 11 pixels, on luma) of the frames against the exact ones, the
mean over clips and the worst clip. "CPU" is the processor time of a clip, loading apart, as a share of the exact one's.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kinora.engine import solving
from kinora.engine.api import film
from kinora.evals.edits_measures import psnr
from kinora.flow.reuse import Reuse
from kinora.request import Shot

PROMPTS = (
    "A red ball bounces on the ground in a green meadow by day. The camera stays still.",
    "A blue car drives to the right on the beach. The camera pans right.",
    "A yellow monster hops in the snow at night. The camera zooms in.",
    "A green candle stands on a table in a room. The camera orbits.",
    "A purple cube spins in the desert at sunset. The camera stays still.",
    "A white snowman moves left in the city in the rain. The camera zooms out.",
)
LUMA = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)


class Counted(Reuse):
    """One that remembers all that were made."""

    made: list[Reuse] = []  # noqa: RUF012

    def __init__(self, *given, **named) -> None:  # noqa: ANN002, ANN003
        super().__init__(*given, **named)
        Counted.made.append(self)


def main() -> None:
    """Film each prompt three times for each number of steps; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="kinora-small")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--steps", type=int, nargs="*", default=[16, 24])
    parser.add_argument("--prompts", type=int, default=4, help=f"how many, at most {len(PROMPTS)}")
    given = parser.parse_args()
    solving.Reuse = Counted
    shoot("off", given, steps=2, seed=0)  # loads the model
    print("| steps | cache | left out | PSNR, dB | worst | SSIM | worst | CPU |\n|---|---|---|---|---|---|---|---|")
    for steps in given.steps:
        exact = [shoot("off", given, steps=steps, seed=seed) for seed in range(given.prompts)]
        for cache in ("safe", "fast"):
            clips = [shoot(cache, given, steps=steps, seed=seed) for seed in range(given.prompts)]
            pairs = [(one[0], other[0]) for one, other in zip(clips, exact, strict=True)]
            peaks, likeness = [psnr(*pair) for pair in pairs], [ssim(*pair) for pair in pairs]
            left, cpu = (sum(one[at] for one in clips) for at in (1, 2))
            print(
                f"| {steps} | {cache} | {left / len(clips):.1f} | {np.mean(peaks):.1f} | {min(peaks):.1f} | "
                f"{np.mean(likeness):.4f} | {min(likeness):.4f} | {cpu / sum(one[2] for one in exact):.2f} |",
                flush=True,
            )


def shoot(cache: str, given: argparse.Namespace, *, steps: int, seed: int) -> tuple[np.ndarray, int, float]:
    """A clip's frames, how many steps were left out, and the processor's seconds."""
    Counted.made.clear()
    start = time.process_time()
    shot = Shot(PROMPTS[seed], model=given.model, seconds=given.seconds, steps=steps, seed=seed, cache=cache)
    clip = film(shot)
    return clip.frames, sum(one.reused for one in Counted.made), time.process_time() - start


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity of two clips (uint8 T H W C), the mean over frames and places."""
    x, y = ((torch.from_numpy(frames).double() @ LUMA).unsqueeze(1) for frames in (one, other))
    offsets = torch.arange(-5, 6, dtype=torch.float64)
    line = torch.exp(-(offsets**2) / (2 * 1.5**2))
    window = torch.outer(line, line).div(line.sum() ** 2).view(1, 1, 11, 11)

    def mean(picture: Tensor) -> Tensor:
        return F.conv2d(picture, window)

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


if __name__ == "__main__":
    main()
