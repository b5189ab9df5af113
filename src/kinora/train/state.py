"""A checkpoint: everything a run needs to go on to the bit, in one file that is either whole or absent."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from kinora.errors import BadInputFile

__all__ = ["STATE_FILE", "TrainState", "load_state", "save_state"]

STATE_FILE = "state.pt"


@dataclass(frozen=True, kw_only=True)
class TrainState:
    """A run after `step` steps and `minutes`.

    There is no random state: batches, noise and sigmas are functions of the seed and the step. `manifest` names the
    data. Tensors are float32, whatever the run computes in.
    """

    step: int
    minutes: float
    samples: int
    config: dict[str, Any]
    manifest: str
    model: Mapping[str, Tensor]
    ema: Mapping[str, Tensor]
    ema_updates: int
    optimizer: Mapping[str, Any]
    spikes: Mapping[str, float]
    losses: Mapping[str, float]


def save_state(out: Path, state: TrainState) -> None:
    """Write the state into `out`, replacing the one before only once this one is on the disk."""
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / (STATE_FILE + ".tmp")
    fields = {key: getattr(state, key) for key in TrainState.__dataclass_fields__}
    with temporary.open("wb") as file:
        torch.save(fields, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(out / STATE_FILE)


def load_state(out: Path) -> TrainState:
    """Read the state back, on the CPU. Raises BadInputFile when there is none or it isn't whole."""
    path = out / STATE_FILE
    if not path.exists():
        raise BadInputFile(path, rule="no checkpoint stands there", remedy="train first, or check --out")
    try:
        return TrainState(**torch.load(path, map_location="cpu", weights_only=True))
    except (UnpicklingError, RuntimeError, TypeError, EOFError) as error:
        raise BadInputFile(path, rule="not a whole checkpoint", remedy="delete it to begin anew") from error
