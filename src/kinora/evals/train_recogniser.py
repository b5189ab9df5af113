"""Train the recogniser from rendered clips: `python -m kinora.evals.train_recogniser DATA ... [--out FILE]`.

In four stages: the overview; the second look on single frames, cut out by true masks, which is quick; the second look
on clips, by the overview's masks and on top of its guesses; what the subject does, on looks that are kept
(`train_moves`). The last two should have clips that the overview was not trained on (`--fresh`), or they never meet the
overview's mistakes.

DATA are folders of core clips; the last should hold all triples (`split="any"`), so that the check tells whether a
combination can be strange to the judge. The last `--held` clips are never trained on; the table at the end says how
well those are read, sharp and softened, beside noise, and is kept in the weights' file.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from kinora.evals.attributes import CORE, MIRRORED, NAMES
from kinora.evals.course import Course
from kinora.evals.degrade import degraded, fitted_components
from kinora.evals.network import MASK_SIDE, SIDE, Network, NetworkConfig
from kinora.evals.recogniser import SHIPPED, Recogniser
from kinora.evals.self_check import pixels_of, self_check, table
from kinora.evals.train_moves import looks, train_moves
from kinora.evals.truth import MASK_EVERY, Sample, judged

Batch = tuple[Float[Tensor, "b t 3 h w"], Float[Tensor, "b m mh mw"], Int64[Tensor, "b a"]]
Objective = Callable[[Network, Batch], Float[Tensor, ""]]
Say = Callable[[str], None]

BATCH = 16

LENGTHS = (33, 25, 17, 17)
"""Frames a batch is cut to: whole clips, and two or three seconds of them."""

LATEST = 8
"""The last frame that a cut begins with: what was let fall lies still after two seconds, and its word is lost."""

STILLS = 3
"""Frames of a clip that are looked at alone."""

LOOKS = 2
"""Passes over the clips, each cut and degraded anew, whose looks are kept for the last stage."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of the network, what it is to reach, and one pass over the clips it learns from."""

    name: str
    part: nn.Module
    objective: Objective
    data: Sequence[Sample]
    batches: Callable[[Sequence[Sample], Generator], Iterator[Batch]]


@torch.random.fork_rng(devices=[])  # the random numbers that the caller draws next are the caller's
def train(
    network: Network,
    stage: Stage,
    *,
    epochs: int,
    rate: float = 2e-3,
    seed: int = 0,
    say: Say,
    keep: Callable[[], None] = lambda: None,
) -> None:
    """AdamW with a one-cycle rate; every clip is seen once an epoch, degraded at random; `keep` follows each epoch."""
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack this keyword
    weights = list(stage.part.parameters())
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.02)
    steps = epochs * (len(stage.data) // BATCH)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    components = fitted_components(pixels_of(stage.data[:64]))
    started = time.monotonic()
    for epoch in range(epochs):
        network.eval()
        stage.part.train()
        losses = []
        for pixels, masks, labels in stage.batches(stage.data, generator):
            loss = stage.objective(network, (degraded(pixels, components, generator), masks, labels))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 5.0)
            optimizer.step()
            cycle.step()
            losses.append(loss.item())
        keep()
        passed = time.monotonic() - started
        say(f"{stage.name}, epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.3f}, {passed:.0f} s")
    network.eval()


def overview_objective(network: Network, batch: Batch) -> Float[Tensor, ""]:
    """Cross-entropy of every head of the overview, and of the subject's mask."""
    pixels, masks, labels = batch
    guess = network.overview(pixels)
    mask = F.binary_cross_entropy_with_logits(guess.masks[:, :: MASK_EVERY // 2], masks)
    return surprise(guess.logits, labels) + 2 * mask


def second_objective(network: Network, batch: Batch) -> Float[Tensor, ""]:
    """Cross-entropy of the heads of the second look."""
    pixels, _, labels = batch
    with torch.no_grad():
        first = network.overview(pixels)
    return surprise(network.second(pixels, first), labels)


def still_objective(network: Network, batch: Batch) -> Float[Tensor, ""]:
    """Cross-entropy of what the second look says of single frames, the subject cut out a little askew."""
    pixels, masks, labels = batch
    second = network.second
    before, now, after = pixels[:, :1], pixels[:, 1:2], pixels[:, 2:]
    seen = second.closeup.look(before, now, after, shaken(Course.of(masks)))
    return surprise({**second.closeup.identity(seen), "weather": second.air(before, now, after)}, labels)


def shaken(course: Course) -> Course:
    """The course as a poorer mask might give it."""
    x, y, stretch = (torch.randn_like(course.x) * 0.06 for _ in range(3))
    return replace(
        course,
        x=course.x + x * course.side,
        y=course.y + y * course.side,
        width=course.width * (1 + 2 * stretch),
        height=course.height * (1 + 2 * stretch),
    )


def surprise(logits: dict[str, Tensor], labels: Int64[Tensor, "b a"]) -> Float[Tensor, ""]:
    """Sum of the heads' cross-entropies (smoothed, so that confidences mean something)."""
    heads = [F.cross_entropy(each, labels[:, NAMES.index(n)], label_smoothing=0.03) for n, each in logits.items()]
    return torch.stack(heads).sum()


def clips(data: Sequence[Sample], generator: Generator, *, masked: bool) -> Iterator[Batch]:
    """One shuffled pass; half of the clips mirrored, with the words for left and right exchanged, all cut anew.

    Masks are blank unless they are asked for: to draw them takes as long as to draw the clips.
    """
    mirror = torch.tensor(mirrored_labels())
    order = torch.randperm(len(data), generator=generator).tolist()
    whole = len(data[0].clip)
    for start in range(0, len(data) - BATCH + 1, BATCH):
        rows = [data[i] for i in order[start : start + BATCH]]
        length = min(LENGTHS[int(torch.randint(len(LENGTHS), (), generator=generator))], whole)
        first = int(torch.randint(min(whole - length, LATEST) // MASK_EVERY + 1, (), generator=generator)) * MASK_EVERY
        shown = slice(first // MASK_EVERY, (first + length - 1) // MASK_EVERY + 1)
        pixels = pixels_of(rows, slice(first, first + length))
        masks = torch.zeros(BATCH, shown.stop - shown.start, MASK_SIDE, MASK_SIDE)
        if masked:
            masks = torch.from_numpy(np.stack([row.masks()[shown] for row in rows])).float() / 255
        labels = torch.from_numpy(np.stack([row.labels for row in rows]))
        flip = torch.rand(BATCH, generator=generator) < 0.5
        pixels[flip], masks[flip] = pixels[flip].flip(-1), masks[flip].flip(-1)
        labels[flip] = mirror[torch.arange(len(NAMES)), labels[flip]]
        yield *framed(pixels, masks, generator), labels


def stills(data: Sequence[Sample], generator: Generator) -> Iterator[Batch]:
    """One shuffled pass; of each clip STILLS frames that have a mask, each between its neighbours."""
    order = torch.randperm(len(data), generator=generator).tolist()
    marked = len(data[0].masks())
    for start in range(0, len(data) - BATCH + 1, BATCH):
        rows = [data[i] for i in order[start : start + BATCH]]
        at = [int(n) + 1 for n in torch.randperm(marked - 2, generator=generator)[:STILLS]]
        shown = [slice(n * MASK_EVERY - 1, n * MASK_EVERY + 2) for n in at]
        pixels = torch.cat([pixels_of(rows, each) for each in shown])
        masks = torch.from_numpy(np.concatenate([[row.masks()[n : n + 1] for row in rows] for n in at])).float() / 255
        labels = torch.from_numpy(np.stack([row.labels for row in rows] * len(at)))
        flip = torch.rand(len(pixels), generator=generator) < 0.5
        pixels[flip], masks[flip] = pixels[flip].flip(-1), masks[flip].flip(-1)
        yield pixels, masks, labels


def framed(
    pixels: Float[Tensor, "b t 3 h w"], masks: Float[Tensor, "b m mh mw"], generator: Generator
) -> tuple[Float[Tensor, "b t 3 h w"], Float[Tensor, "b m mh mw"]]:
    """Another cut of the same clips: seven eighths of the picture or more, in one place for the whole batch.

    A model may frame its subjects a little otherwise than the renderer; words must not depend on that. Every other
    batch stays as it is, since a cut made larger again is no longer as sharp.
    """
    cell = SIDE // MASK_SIDE
    size = MASK_SIDE - max(0, int(torch.randint(-4, 5, (), generator=generator)))
    if size == MASK_SIDE:
        return pixels, masks
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


def main() -> None:
    """Parse the command line, train, check, save."""
    parser = argparse.ArgumentParser(prog="python -m kinora.evals.train_recogniser", description=__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="folders of rendered core clips")
    parser.add_argument("--fresh", type=Path, nargs="+", help="folders for the last stage; those of DATA by default")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="written after every epoch, and with the check")
    parser.add_argument("--init", type=Path, help="weights to go on from")
    parser.add_argument("--held", type=int, default=300, help="clips kept for the self-check")
    parser.add_argument(
        "--epochs", type=int, nargs=4, default=(20, 3, 2, 8), metavar="N", help="of each stage; 0 skips it"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    samples = judged(*given.data)
    data, held = samples[: -given.held], samples[-given.held :]
    say(f"{len(data)} clips to train on, {len(held)} to check with")
    recogniser = Recogniser.load(given.init) if given.init else Recogniser(Network(NetworkConfig()))
    network = recogniser.network
    fresh = judged(*given.fresh) if given.fresh else data
    everything, unmasked = partial(clips, masked=True), partial(clips, masked=False)
    stages = (
        Stage(name="overview", part=network.overview, objective=overview_objective, data=data, batches=everything),
        Stage(name="stills", part=network.second, objective=still_objective, data=data, batches=stills),
        Stage(name="clips", part=network.second, objective=second_objective, data=fresh, batches=unmasked),
    )
    for stage, epochs in zip(stages, given.epochs[:-1], strict=True):
        if epochs:
            keep = partial(recogniser.save, given.out, checked={})
            train(network, stage, epochs=epochs, seed=given.seed, say=say, keep=keep)
    if given.epochs[-1]:
        generator = Generator().manual_seed(given.seed)
        components = fitted_components(pixels_of(fresh[:64]))
        passes = (unmasked(fresh, generator) for _ in range(LOOKS))
        taken = looks(network, chain.from_iterable(passes), components, generator)
        loss = train_moves(network, taken, epochs=given.epochs[-1], seed=given.seed)
        say(f"moves, {given.epochs[-1]} epochs of {len(taken)} looks: loss {loss:.3f}")
    checked = self_check(recogniser, held)
    recogniser.save(given.out, checked=checked)
    say(table(checked))


if __name__ == "__main__":
    main()
