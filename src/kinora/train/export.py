"""Weights in and out of a run: where to start from, and the model directory that ships."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from kinora.checkpoints.manifest import Manifest
from kinora.checkpoints.store import load_model, save_model
from kinora.models.dit import DiT, DiTConfig
from kinora.models.vae import Autoencoder
from kinora.train.config import FlowConfig
from kinora.train.state import STATE_FILE, load_state

__all__ = ["export_model", "starting_weights"]


def starting_weights(source: Path) -> Mapping[str, Tensor]:
    """The averaged weights of a run's folder, or the transformer of a model directory, in float32.

    Raises UnknownModel when `source` is neither.
    """
    if (source / STATE_FILE).exists():
        return load_state(source).ema
    return load_model(source).dit.state_dict()


def export_model(
    run: Path,
    vae: Autoencoder,
    directory: Path,
    config: FlowConfig,
    *,
    name: str,
    version: str,
    card: str | None = None,
) -> Manifest:
    """Write the averaged weights of the run in folder `run` and its autoencoder as a model directory.

    `config` says how the model is sampled by default; what it was trained with comes from the run itself.
    """
    state = load_state(run)
    dit = DiT(DiTConfig.from_dict(state.config["model"]))
    dit.load_state_dict(dict(state.ema))
    return save_model(
        directory,
        name=name,
        version=version,
        dit=dit,
        vae=vae,
        defaults=config.defaults,
        training={
            "steps": state.step,
            "samples": state.samples,
            "minutes": round(state.minutes, 1),
            "data": state.manifest,
            "losses": dict(state.losses),
            "recipe": state.config,
        },
        card=card,
    )
