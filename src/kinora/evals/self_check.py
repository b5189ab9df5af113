"""How well the recogniser reads clips it never saw: as rendered, softened as in training, and noise, where it fails."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from kinora.evals.analytic import analyse
from kinora.evals.attributes import CORE, NAMES
from kinora.evals.degrade import degraded, fitted_components
from kinora.evals.recogniser import Recogniser
from kinora.evals.truth import MASK_EVERY, Sample

FEW = 100
"""Clips of noise, which are all alike, and clips for the analytic checks, which are slow."""


def self_check(recogniser: Recogniser, held: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Accuracy per attribute on every kind of clip, and "chance": what guessing by the words' frequency would reach.

    "analytic" is how often the checks that need no training agree with the truth, given the recogniser's masks.
    """
    generator = Generator().manual_seed(1)
    components = fitted_components(pixels_of(held[:64]))
    labels = np.stack([sample.labels for sample in held])
    return {
        "renders": accuracy(recogniser, held, lambda x: x),
        "softened": accuracy(recogniser, held, lambda x: degraded(x, components, generator)),
        "noise": accuracy(recogniser, held[:FEW], lambda x: torch.rand(x.shape, generator=generator)),
        "analytic": analytic_accuracy(recogniser, held[:FEW]),
        "chance": {n: float(np.square(np.bincount(labels[:, a]) / len(held)).sum()) for a, n in enumerate(NAMES)},
    }


def accuracy(recogniser: Recogniser, data: Sequence[Sample], change: Callable[[Tensor], Tensor]) -> dict[str, float]:
    """Share of clips read correctly, per attribute, plus the masks' intersection over union as "mask"."""
    right, both, either = np.zeros(len(NAMES)), 0.0, 0.0
    for sample in data:
        guess = recogniser.guess(change(pixels_of([sample])), stride=2)
        right += [int(guess.logits[name].argmax()) == sample.labels[a] for a, name in enumerate(NAMES)]
        found, true = guess.masks[0, :: MASK_EVERY // 2].numpy() > 0, sample.masks() > 127
        both, either = both + (found & true).sum(), either + (found | true).sum()
    rates = dict(zip(NAMES, (right / len(data)).tolist(), strict=True))
    return {**rates, "mask": float(both / either)}


def analytic_accuracy(recogniser: Recogniser, data: Sequence[Sample]) -> dict[str, float]:
    """Share of clips where `analyse` agrees with the truth, per attribute it speaks of."""
    verdicts: dict[str, list[bool]] = {}
    for sample in data:
        frames = sample.pictures()
        truth = {name: CORE[name][sample.labels[i]] for i, name in enumerate(NAMES)}
        for name, agrees in analyse(frames, recogniser.read(frames).masks).agrees(truth).items():
            verdicts.setdefault(name, []).append(agrees)
    return {name: float(np.mean(said)) for name, said in verdicts.items()}


def pixels_of(samples: Sequence[Sample], shown: slice = slice(None)) -> Float[Tensor, "b t 3 side side"]:
    """Clips of equal length, or some of their frames, as the network takes them."""
    frames = torch.from_numpy(np.stack([sample.pictures(shown) for sample in samples]))
    return frames.permute(0, 1, 4, 2, 3).contiguous().float().div_(255)


def table(rows: dict[str, dict[str, float]]) -> str:
    """The self-check as Markdown, in percent."""
    columns = [*NAMES, "mask"]
    head = ["| clips | " + " | ".join(columns) + " |", "|" + "---|" * (len(columns) + 1)]
    lines = [
        f"| {row} | " + " | ".join(f"{rates[c] * 100:.1f}" if c in rates else "" for c in columns) + " |"
        for row, rates in rows.items()
    ]
    return "\n".join([*head, *lines])
