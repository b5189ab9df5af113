"""Where to draw the line between pictures a model knows and others: `python scripts/eval_familiar.py PHOTOS`.

Known are first frames of scenes no training saw, strange the pictures of a folder. For each kind it prints by how many
levels the model's guess is off, and what share falls on the wrong side of the line that animating draws.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from eval_edits import photos, renders

from kinora.checkpoints.store import load_model
from kinora.engine.edits.familiar import STRANGE, strangeness
from kinora.engine.engine import Engine
from kinora.safety import default_guard


def told(name: str, levels: Sequence[float], *, strange: bool) -> str:
    """One line for one kind of pictures."""
    wrong = np.mean([(level > STRANGE) != strange for level in levels])
    low, first, middle, last, high = np.quantile(levels, [0, 0.05, 0.5, 0.95, 1])
    return (
        f"{name}: {len(levels)} pictures, off by {low:.1f} to {high:.1f} levels (5 %: {first:.1f}, half: {middle:.1f}, "
        f"95 %: {last:.1f}); taken for the other kind: {100 * wrong:.1f} %"
    )


def main() -> None:
    """Print a line for renders and one for photos, and the strangest and most familiar of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder of pictures")
    parser.add_argument("--model", default="kinora-small", help="name or directory")
    parser.add_argument("--most", type=int, default=100, help="at most so many photos, and so many renders")
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    engine = Engine(load_model(asked.model, asked.device), default_guard())
    kinds = {"renders": renders(asked.most), "photos": photos(asked.photos, asked.most, engine.model.limits.size)}
    for name, pictures in kinds.items():
        levels = [strangeness(engine, engine.encode(picture[None])) for picture, _ in pictures]
        print(told(name, levels, strange=name == "photos"))
        print(" ".join(f"{level:.1f}" for level in sorted(levels)), flush=True)


if __name__ == "__main__":
    main()
