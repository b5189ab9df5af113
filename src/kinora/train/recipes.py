"""Whole runs as functions. Each says what it is for and what it was measured to take."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from kinora.checkpoints.manifest import Defaults
from kinora.data.loader import LoaderConfig
from kinora.flow.schedule import ForcingConfig
from kinora.models.dit import DiTConfig
from kinora.train.config import Budget, Cadence, FlowConfig, HeldOutConfig, Phase
from kinora.train.optim import OptimConfig
from kinora.train.spikes import SpikeConfig

__all__ = ["RECIPES", "cpu_small", "cpu_small_motion", "cpu_small_shapes", "cpu_small_takes", "cpu_tiny", "gpu_medium"]

PICTURES_FIRST = (
    Phase(share=0.30, mixture={"still": 1.0}),
    Phase(share=0.15, mixture={"short": 0.8, "still": 0.2}),
    Phase(share=0.55, mixture={"full": 0.8, "short": 0.05, "still": 0.15}),
)
"""Subjects, colours and places are learnt from pictures at a ninth of a clip's cost, motion afterwards."""


def cpu_small(budget: Budget | None = None) -> FlowConfig:
    """The shipped model: 128x128, 4 s at 8 fps; an hour of two CPU cores, one process each.

    Small batches: at a few thousand steps in all, more steps are worth more than smoother gradients.
    """
    return FlowConfig(
        name="cpu_small",
        model=DiTConfig(dim=192, heads=3, layers=8, ffn_dim=768),
        budget=budget or Budget(minutes=56),
        phases=PICTURES_FIRST,
        loader=LoaderConfig(tokens=4096),
        held_out=HeldOutConfig(images=128, clips=24),
        defaults=Defaults(steps=16, guidance=3.0, expander="world"),
        ema=0.99,  # of a run of two thousand steps 0.999 remembers half: it scored 1-2 % worse than no average
        threads=1,
    )


def cpu_small_motion(budget: Budget | None = None) -> FlowConfig:
    """On from `cpu_small`'s weights: motion, 85 minutes of two CPU cores. The rate stays; `cpu_small_takes` lowers it.

    What a clip shows is learnt from pictures by now; how it moves is decided at high noise (shift 3) and told by the
    motion head. Half of the steps see four frames scattered over the clip: twice the clips for the same work.
    """
    return replace(
        cpu_small(budget or Budget(minutes=85)),
        name="cpu_small_motion",
        phases=(Phase(share=1.0, mixture={"full": 0.5, "scattered": 0.4, "still": 0.1}),),
        loader=LoaderConfig(tokens=4608),  # 8 whole clips: two processes share them evenly
        forcing=ForcingConfig(full=0.7, anywhere=0.25, same=0.5, independent=0.2, prefix=0.3),
        shift=3.0,
        motion=0.25,
        decay=0.0,
    )


def cpu_small_takes(budget: Budget | None = None) -> FlowConfig:
    """The last hour of the shipped model: as `cpu_small_motion`, and how a take goes on after its first window.

    Needs data sets rendered with --continued. The rate only falls, and less of the noise is high: what is decided is
    worked out.
    """
    return replace(
        cpu_small_motion(budget or Budget(minutes=50)),
        name="cpu_small_takes",
        shift=2.0,
        phases=(Phase(share=1.0, mixture={"full": 0.5, "scattered": 0.15, "window": 0.25, "still": 0.1}),),
        decay=0.95,
    )


def cpu_small_shapes(budget: Budget | None = None) -> FlowConfig:
    """On from `cpu_small_takes`: pictures that are not square, and more clips with an end that is given (joins, loops).

    Needs data sets of other sizes. The peak rates are a third of what they were: nothing is to be unlearnt.
    """
    takes = cpu_small_takes(budget or Budget(minutes=50))
    return replace(
        takes,
        name="cpu_small_shapes",
        phases=(
            Phase(share=1.0, mixture={"full": 0.35, "scattered": 0.1, "window": 0.15, "shaped": 0.35, "still": 0.05}),
        ),
        optim=OptimConfig(muon_lr=0.007, adam_lr=3.5e-4),
        forcing=replace(takes.forcing, anywhere=0.35),
    )


def cpu_tiny(budget: Budget | None = None) -> FlowConfig:
    """Two layers for tests and for a first look at new data: seconds."""
    return FlowConfig(
        name="cpu_tiny",
        model=DiTConfig(dim=32, heads=2, layers=2, ffn_dim=64, freq_dim=32),
        budget=budget or Budget(steps=20),
        phases=PICTURES_FIRST,
        loader=LoaderConfig(tokens=256),
        held_out=HeldOutConfig(images=8, clips=4),
        spikes=SpikeConfig(warmup=10),
        cadence=Cadence(metrics=0.0),
        snapshot_steps=5,
        threads=1,
        dtype="float32",
    )


def gpu_medium(budget: Budget | None = None) -> FlowConfig:
    """29 M parameters (58 MB in bfloat16), 256x256, 4 s at 16 fps; 20 minutes of one H200-class GPU.

    A clip is 17 latent frames of 256 positions. Compiled, so captions are padded to one length.
    """
    return FlowConfig(
        name="gpu_medium",
        model=DiTConfig(dim=384, heads=6, layers=12, ffn_dim=1536),
        budget=budget or Budget(minutes=20),
        phases=PICTURES_FIRST,
        loader=LoaderConfig(tokens=65536, text_multiple=64, workers=6),
        held_out=HeldOutConfig(tokens=131072),
        cadence=Cadence(metrics=0.25, checkpoint=3, held_out=4, sheet=4),
        shift=3.0,
        defaults=Defaults(size=(256, 256), fps=16, shift=3.0, window=17),
        ema=0.9995,
        snapshot_steps=200,
        threads=8,
        device="cuda",
        dtype="bfloat16",
        compile=True,
    )


RECIPES: MappingProxyType[str, Callable[[Budget | None], FlowConfig]] = MappingProxyType(
    {
        recipe.__name__: recipe
        for recipe in (cpu_small, cpu_small_motion, cpu_small_takes, cpu_small_shapes, cpu_tiny, gpu_medium)
    }
)
