"""Train the recogniser from rendered clips: `python -m kinora.evals.train_recogniser DATA ... [--out FILE]`.

DATA are folders of core clips; the last should hold all triples (`split="any"`), so that the check tells whether a
combination can be strange to the judge. The last `--held` clips are never trained on; the table at the end says how
well those are read, sharp and softened, beside noise, and is kept in the weights' file.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from kinora.evals.analytic import analyse
from kinora.evals.attributes import CORE, MIRRORED, NAMES
from kinora.evals.degrade import Components, degraded
from kinora.evals.network import MASK_SIDE, SIDE, Network, NetworkConfig
from kinora.evals.recogniser import SHIPPED, Recogniser
from kinora.evals.truth import MASK_EVERY, Judged, judged

Batch = tuple[Float[Tensor, "b t 3 h w"], Float[Tensor, "b m mh mw"], Int64[Tensor, "b a"]]
Say = Callable[[str], None]

LENGTHS = (33, 33, 33, 25, 17)
"""Frames a batch is cut to: mostly whole clips, sometimes two or three seconds of one."""


def train(
    data: Judged,
    *,
    epochs: int,
    batch: int = 32,
    rate: float = 4e-3,
    seed: int = 0,
    init: Recogniser | None = None,
    say: Say,
) -> Recogniser:
    """AdamW with a one-cycle rate; every clip is seen once an epoch, flipped, cut and degraded at random.

    `init` is a recogniser to go on from, at half the rate.
    """
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    network = init.network.train() if init else Network(NetworkConfig()).train()
    rate = rate / 2 if init else rate
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack this keyword
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    steps = epochs * (len(data) // batch)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    components = fitted_components(data)
    started, losses = time.monotonic(), []
    for epoch in range(epochs):
        for pixels, masks, labels in batches(data, batch, generator):
            loss = objective(network, (degraded(pixels, components, generator), masks, labels))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            cycle.step()
            losses.append(loss.item())
        recent = float(np.mean(losses[-len(data) // batch :]))
        say(f"epoch {epoch + 1}/{epochs}: loss {recent:.3f}, {time.monotonic() - started:.0f} s")
    return Recogniser(network)


def objective(network: Network, batch: Batch) -> Float[Tensor, ""]:
    """Cross-entropy of every head (smoothed, so that confidences mean something) and of the subject's mask."""
    pixels, masks, labels = batch
    guess = network(pixels)
    heads = [F.cross_entropy(guess.logits[n], labels[:, i], label_smoothing=0.03) for i, n in enumerate(NAMES)]
    mask = F.binary_cross_entropy_with_logits(guess.masks[:, :: MASK_EVERY // 2], masks)
    return torch.stack(heads).sum() + 2 * mask


def batches(data: Judged, size: int, generator: Generator) -> Iterator[Batch]:
    """One shuffled pass; half of the clips mirrored, with the words for left and right exchanged, all cut anew."""
    mirror = torch.tensor(mirrored_labels())
    order = torch.randperm(len(data), generator=generator)
    for start in range(0, len(data) - size + 1, size):
        rows = order[start : start + size].numpy()
        whole = data.pictures.shape[1]
        length = min(LENGTHS[int(torch.randint(len(LENGTHS), (), generator=generator))], whole)
        first = int(torch.randint((whole - length) // MASK_EVERY + 1, (), generator=generator)) * MASK_EVERY
        shown = slice(first // MASK_EVERY, (first + length - 1) // MASK_EVERY + 1)
        pixels = torch.from_numpy(data.pictures[rows, first : first + length]).permute(0, 1, 4, 2, 3).float() / 255
        masks = torch.from_numpy(data.masks[rows, shown]).float() / 255
        labels = torch.from_numpy(data.labels[rows])
        flip = torch.rand(size, generator=generator) < 0.5
        pixels[flip], masks[flip] = pixels[flip].flip(-1), masks[flip].flip(-1)
        labels[flip] = mirror[torch.arange(len(NAMES)), labels[flip]]
        yield *framed(pixels, masks, generator), labels


def framed(
    pixels: Float[Tensor, "b t 3 h w"], masks: Float[Tensor, "b m mh mw"], generator: Generator
) -> tuple[Float[Tensor, "b t 3 h w"], Float[Tensor, "b m mh mw"]]:
    """Another cut of the same clips: 56 to 64 of the 64 pixels, in one place for the whole batch.

    A model may frame its subjects a little otherwise than the renderer; words must not depend on that.
    """
    cell = SIDE // MASK_SIDE
    size = MASK_SIDE - int(torch.randint(5, (), generator=generator))
    top, left = (int(n) for n in torch.randint(MASK_SIDE - size + 1, (2,), generator=generator))
    masks = masks[..., top : top + size, left : left + size]
    pixels = pixels[..., top * cell : (top + size) * cell, left * cell : (left + size) * cell]
    wide = F.interpolate(pixels.flatten(0, 1), size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    mask = F.interpolate(masks, size=(MASK_SIDE, MASK_SIDE), mode="bilinear", align_corners=False)
    return wide.reshape(*pixels.shape[:3], SIDE, SIDE), mask


def mirrored_labels() -> list[list[int]]:
    """For every attribute (row) and word (column, padded), the word that a mirrored picture shows."""
    longest = max(map(len, CORE.values()))
    table = [[CORE[name].index(MIRRORED.get(word, word)) for word in CORE[name]] for name in NAMES]
    return [row + [0] * (longest - len(row)) for row in table]


def fitted_components(data: Judged, clips: int = 64) -> Components:
    """The linear bottleneck that `degraded` imitates, from the first clips of the data."""
    length = data.pictures.shape[1] // 4 * 4
    return Components.of(torch.from_numpy(data.pictures[:clips, :length]).permute(0, 1, 4, 2, 3).float() / 255)


def accuracy(recogniser: Recogniser, data: Judged, change: Callable[[Tensor], Tensor]) -> dict[str, float]:
    """Share of clips read correctly, per attribute, plus the masks' intersection over union as "mask"."""
    right, both, either = np.zeros(len(NAMES)), 0.0, 0.0
    for i in range(len(data)):
        pixels = torch.from_numpy(data.pictures[i : i + 1]).permute(0, 1, 4, 2, 3).float() / 255
        guess = recogniser.guess(change(pixels))
        right += [int(guess.logits[name].argmax()) == data.labels[i, a] for a, name in enumerate(NAMES)]
        found, true = guess.masks[0, ::MASK_EVERY].numpy() > 0, data.masks[i] > 127
        both, either = both + (found & true).sum(), either + (found | true).sum()
    rates = dict(zip(NAMES, (right / len(data)).tolist(), strict=True))
    return {**rates, "mask": float(both / either)}


def self_check(recogniser: Recogniser, held: Judged) -> dict[str, dict[str, float]]:
    """Accuracy on clips it never saw: as rendered, softened as in training, and on noise, where it must fail.

    "analytic" is how often the checks that need no training agree with the truth, given the recogniser's masks.
    """
    generator = Generator().manual_seed(1)
    components = fitted_components(held)
    return {
        "renders": accuracy(recogniser, held, lambda x: x),
        "softened": accuracy(recogniser, held, lambda x: degraded(x, components, generator)),
        "noise": accuracy(recogniser, held, lambda x: torch.rand(x.shape, generator=generator)),
        "analytic": analytic_accuracy(recogniser, held),
        "chance": {n: float(np.square(np.bincount(held.labels[:, a]) / len(held)).sum()) for a, n in enumerate(NAMES)},
    }


def analytic_accuracy(recogniser: Recogniser, data: Judged) -> dict[str, float]:
    """Share of clips where `analyse` agrees with the truth, per attribute it speaks of."""
    verdicts: dict[str, list[bool]] = {}
    for frames, row in zip(data.pictures, data.labels, strict=True):
        truth = {name: CORE[name][row[i]] for i, name in enumerate(NAMES)}
        for name, agrees in analyse(frames, recogniser.read(frames).masks).agrees(truth).items():
            verdicts.setdefault(name, []).append(agrees)
    return {name: float(np.mean(said)) for name, said in verdicts.items()}


def table(rows: dict[str, dict[str, float]]) -> str:
    """The self-check as Markdown, in percent."""
    columns = [*NAMES, "mask"]
    head = ["| clips | " + " | ".join(columns) + " |", "|" + "---|" * (len(columns) + 1)]
    lines = [
        f"| {row} | " + " | ".join(f"{rates[c] * 100:.1f}" if c in rates else "" for c in columns) + " |"
        for row, rates in rows.items()
    ]
    return "\n".join([*head, *lines])


def main() -> None:
    """Parse the command line, train, check, save."""
    parser = argparse.ArgumentParser(prog="python -m kinora.evals.train_recogniser", description=__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="folders of rendered core clips")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--held", type=int, default=300, help="clips kept for the self-check")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--init", type=Path, help="weights to go on from")
    parser.add_argument("--check", action="store_true", help="train nothing; check the weights in --out again")
    given = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    data, held = judged(*given.data).split(given.held)
    say(f"{len(data)} clips to train on, {len(held)} to check with")
    if given.check:
        recogniser = Recogniser.load(given.out)
    else:
        init = Recogniser.load(given.init) if given.init else None
        recogniser = train(data, epochs=given.epochs, seed=given.seed, init=init, say=say)
    checked = self_check(recogniser, held)
    recogniser.save(given.out, checked=checked)
    say(table(checked))


if __name__ == "__main__":
    main()
