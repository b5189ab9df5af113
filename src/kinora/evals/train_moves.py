"""The last stage of the recogniser's training: what the subject does, from looks that are taken once.

All that `moves` goes by comes from parts that no longer learn, so a pass over the clips is made once, degraded and cut
anew like any other, and what was seen is kept; the small network on top then learns from it for many epochs in the time
that one pass takes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from kinora.evals.attributes import NAMES
from kinora.evals.degrade import Components, degraded
from kinora.evals.network import Network

ACTION = NAMES.index("action")


@dataclass(frozen=True)
class Look:
    """A batch of clips as `moves` knows them, with the overview's guess, which it corrects, and the truth."""

    at_subject: dict[str, Tensor]
    guess: Float[Tensor, "b actions"]
    truth: Int64[Tensor, " b"]


@torch.no_grad()
def looks(
    network: Network,
    batches: Iterable[tuple[Tensor, Tensor, Tensor]],
    components: Components,
    generator: Generator,
) -> list[Look]:
    """One pass over batches of (pixels, masks, labels), degraded; kept in half precision, 10 KB a clip."""
    network.eval()
    kept = []
    for pixels, _, labels in batches:
        worse = degraded(pixels, components, generator)
        first = network.overview(worse)
        seen = {name: each.half() for name, each in network.second.at_subject(worse, first).items()}
        kept.append(Look(seen, first.logits["action"].half(), labels[:, ACTION]))
    return kept


@torch.random.fork_rng(devices=[])  # the random numbers that the caller draws next are the caller's
def train_moves(network: Network, taken: Sequence[Look], *, epochs: int, rate: float = 2e-3, seed: int = 0) -> float:
    """AdamW with a one-cycle rate over the looks, shuffled anew each epoch; the last epoch's mean loss."""
    torch.manual_seed(seed)
    moves = network.second.moves.train()
    optimizer = torch.optim.AdamW(moves.parameters(), lr=rate, weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * len(taken), pct_start=0.15)
    losses: list[float] = []
    for _ in range(epochs):
        losses = []
        for n in torch.randperm(len(taken)).tolist():
            look = taken[n]
            logits = moves(**{name: each.float() for name, each in look.at_subject.items()}) + look.guess.float()
            loss = F.cross_entropy(logits, look.truth, label_smoothing=0.03)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(moves.parameters(), 5.0)
            optimizer.step()
            cycle.step()
            losses.append(loss.item())
    moves.eval()
    return float(np.mean(losses))
