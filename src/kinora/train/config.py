"""What decides a flow training run; recipes.py has functions that return whole runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, Literal

from kinora.checkpoints.manifest import Defaults
from kinora.data.loader import LoaderConfig
from kinora.errors import InvalidRequest
from kinora.flow.schedule import ForcingConfig
from kinora.models.dit import DiTConfig
from kinora.request import Real
from kinora.train.optim import OptimConfig
from kinora.train.spikes import SpikeConfig

__all__ = ["Budget", "Cadence", "FlowConfig", "HeldOutConfig", "Phase"]


@dataclass(frozen=True, kw_only=True)
class FlowConfig:
    """One training run of a transformer on a latents cache.

    `block` is the size in latent frames of the causal blocks after the first one, which is a single frame. `warmup` and
    `decay` are shares of the run: the learning rate rises over the first, falls to zero over the second. `motion`
    weighs the second lesson, told by a head on the middle layers (see train.motion_head; 0: there is none). `defaults`
    say how the finished model is sampled.
    """

    name: str
    model: DiTConfig
    budget: "Budget"
    phases: tuple["Phase", ...]
    loader: LoaderConfig = field(default_factory=LoaderConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    spikes: SpikeConfig = field(default_factory=SpikeConfig)
    forcing: ForcingConfig = field(default_factory=lambda: ForcingConfig(full=0.65, anywhere=0.3))
    held_out: "HeldOutConfig" = field(default_factory=lambda: HeldOutConfig())
    cadence: "Cadence" = field(default_factory=lambda: Cadence())
    shift: float = 1.5
    motion: float = 0.0
    block: int = 4
    defaults: Defaults = field(default_factory=Defaults)
    warmup: float = 0.02
    decay: float = 0.35
    ema: float = 0.999
    snapshot_steps: int = 50
    seed: int = 0
    threads: int = 2
    device: str = "cpu"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        total = sum(phase.share for phase in self.phases)
        assert abs(total - 1) < 1e-6, f"phases of {self.name} sum to {total}"
        assert self.warmup + self.decay <= 1, f"{self.warmup=} {self.decay=}"

    def mixture(self, position: Real) -> Mapping[str, Real]:
        """The weights of the buckets at a position in the run (0 begin, 1 end)."""
        end = 0.0
        for phase in self.phases:
            end += phase.share
            if position < end:
                return phase.mixture
        return self.phases[-1].mixture

    def rate(self, position: Real) -> float:
        """The factor on both learning rates: linear warm-up, constant, linear decay to zero (WSD)."""
        rise = position / self.warmup if self.warmup else 1.0
        fall = (1 - position) / self.decay if self.decay else 1.0
        return max(0.0, min(1.0, rise, fall))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the record of a run."""
        values: dict[str, Any] = _plain(self)
        return values


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long a run is: minutes of wall clock (evaluation and checkpoints included) or optimizer steps."""

    minutes: Real | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.minutes, self.steps) if value is not None]
        if len(given) != 1 or given[0] <= 0:
            raise InvalidRequest(
                f"minutes={self.minutes}, steps={self.steps}",
                rule="a run is as long as a number of minutes or of steps, above 0",
                remedy="give exactly one: --minutes 90",
            )

    def position(self, step: int, minutes: Real) -> float:
        """Where in the run, 0 to 1, after `step` steps and `minutes`."""
        done = step / self.steps if self.steps else minutes / (self.minutes or 1.0)
        return min(1.0, done)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A share of the run and the weights of the loader's buckets in it."""

    share: Real
    mixture: Mapping[str, Real]

    def __post_init__(self) -> None:
        object.__setattr__(self, "mixture", MappingProxyType(dict(self.mixture)))


@dataclass(frozen=True, kw_only=True)
class HeldOutConfig:
    """How many samples the held-out loss is measured on, and at which noise levels."""

    images: int = 256
    clips: int = 64
    sigmas: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    tokens: int = 16384


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """Minutes between events; zero: at every step; infinity: only at the end."""

    metrics: Real = 0.5
    checkpoint: Real = 5.0
    held_out: Real = 15.0
    sheet: Real = 15.0


def _plain(value: Any) -> Any:
    """Dataclasses and mappings as dictionaries, tuples as lists, all the way down: what json and torch.load accept."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
