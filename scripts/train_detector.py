"""Fit the detector's classifier: clips of the shipped model against footage and renders.

    .venv/bin/python scripts/train_detector.py --made FOLDER --other FOLDER [FOLDER ...] [--each 4] [--limit 100]

Folders hold videos, or NumPy arrays of clips (uint8, T H W 3 or N T H W 3). Every clip is shown as it is and twice more
after something that happens to clips. Five-fold cross-validation over files gives the figures; the weights in
src/kinora/safety/detector.json are then fitted to everything. What a number adds is bounded by the most that it adds to
any clip of the model: drawings with edges where the model's patches end had been more like it than its own clips.
"""

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinora.errors import KinoraError
from kinora.evals.attacks import coded, cropped, noisy, scaled
from kinora.media import read_frames, replacing
from kinora.safety.detector_features import LOOKED_AT, NAMES, features

Reals = npt.NDArray[np.floating]

TARGET = Path(__file__).parents[1] / "src/kinora/safety/detector.json"
FOLDS, RIDGE = 5, 1.0

CHANGES = (
    partial(scaled, factor=0.5),
    partial(scaled, factor=2.0),
    partial(cropped, share=0.8),
    partial(coded, codec="h264", crf=23, fps=8),
    partial(coded, codec="h264", crf=30, fps=8),
    partial(noisy, sigma=3.0),
)


def main() -> None:
    """Gather, cross-validate, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--other", type=Path, nargs="+", required=True)
    parser.add_argument("--each", type=int, default=4, help="clips of one file")
    parser.add_argument("--limit", type=int, default=100, help="clips of one folder")
    given = parser.parse_args()
    random = np.random.default_rng(0)
    rows, labels, groups = [], [], []
    for folder, made in ((given.made, 1), *((one, 0) for one in given.other)):
        for group, clip in gathered(folder, given.each, given.limit):
            changed = (CHANGES[at](clip) for at in random.choice(len(CHANGES), 2, replace=False))
            for frames in (clip, *changed):
                rows.append(features(frames))
                labels.append(made)
                groups.append(group)
    x, y = np.array(rows), np.array(labels)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - mean) / scale
    measured = validated(z, y, np.array(groups))
    weights = fitted(z, y)
    most = bounds(z, y, weights)
    values = {
        "names": NAMES,
        "mean": mean.tolist(),
        "scale": scale.tolist(),
        "weights": weights[:-1].tolist(),
        "bias": weights[-1],
        "most": most.tolist(),
        "measured": measured,
    }
    with replacing(TARGET) as temporary:
        temporary.write_text(json.dumps(values, indent=1) + "\n")
    print(json.dumps(measured, indent=1))


def gathered(folder: Path, each: int, limit: int) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Clips of the folder's files, with the file's name."""
    count = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            for clip in clips_of(path, each):
                if count < limit and min(clip.shape[1:3]) >= 96:
                    yield str(path), clip
                    count += 1
        except (KinoraError, ValueError):
            continue  # no clip, or a broken one
        if count >= limit:
            return


def clips_of(path: Path, each: int) -> Iterator[npt.NDArray[np.uint8]]:
    """The first `each` clips of a file; of a video every second frame, at half its size where it is large."""
    if path.suffix == ".npy":
        clips = np.load(path, mmap_mode="r")
        yield from (np.array(clip) for clip in (clips[None] if clips.ndim == 4 else clips)[:each])
        return
    kept = []
    for index, frame in enumerate(read_frames(path)):
        if index % 2 == 0:
            kept.append(frame if max(frame.shape) < 800 else np.ascontiguousarray(frame[::2, ::2]))
        if len(kept) == each * LOOKED_AT:
            break
    yield from (np.stack(kept[at : at + LOOKED_AT]) for at in range(0, len(kept) - LOOKED_AT // 2, LOOKED_AT))


def fitted(z: Reals, y: npt.NDArray[np.intp]) -> Reals:
    """Weights and bias of a ridged logistic regression, both classes with equal weight, by Newton's method."""
    design = np.column_stack([z, np.ones(len(z))])
    ridge = np.array([RIDGE] * z.shape[1] + [0.0])
    share = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    weights = np.zeros(design.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-design @ weights))
        curvature = (design * (share * p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        weights -= np.linalg.solve(curvature, design.T @ (share * (p - y)) + ridge * weights)
    return weights


def bounds(z: Reals, y: npt.NDArray[np.intp], weights: Reals) -> Reals:
    """The most that each number adds to the log odds of a clip of the model."""
    most: Reals = (z[y == 1] * weights[:-1]).max(axis=0)
    return most


def validated(z: Reals, y: npt.NDArray[np.intp], groups: npt.NDArray[np.str_]) -> dict[str, float]:
    """Figures on files left out of the fit."""
    names = np.unique(groups)
    fold = dict(zip(names, np.random.default_rng(1).integers(0, FOLDS, len(names)), strict=True))
    folds = np.array([fold[group] for group in groups])
    score = np.zeros(len(y))
    for index in range(FOLDS):
        out = folds == index
        weights = fitted(z[~out], y[~out])
        most = bounds(z[~out], y[~out], weights)
        score[out] = np.minimum(z[out] * weights[:-1], most).sum(axis=1) + weights[-1]
    made, other = score[y == 1], score[y == 0]
    p = 1 / (1 + np.exp(-score))
    return {
        "made": int((y == 1).sum()),
        "other": int((y == 0).sum()),
        "files": len(names),
        "area under the curve": round(float((made[:, None] > other).mean()), 4),
        "found at 1 % false positives": round(float((made > np.quantile(other, 0.99)).mean()), 4),
        "Brier score": round(float((np.square(1 - p[y == 1]).mean() + np.square(p[y == 0]).mean()) / 2), 4),
        "made below 0.5": int((made < 0).sum()),
        "other above 0.5": int((other > 0).sum()),
    }


if __name__ == "__main__":
    main()
