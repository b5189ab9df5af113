"""The engine: a shot or a film goes in, events come out.

    engine = Engine(load_model("kinora-small"), default_guard())
    for event in engine.generate(Shot("a red ball bounces in a meadow")): ...
    for event in engine.film(Film(...)): ...

Nothing about a request is kept on the engine, so several generations may take turns on one; weights are its only state.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.engine.events import Done, Event, Progress, Read, Refused
from kinora.engine.expand import Expander, Expansion, expander_for
from kinora.engine.film import Film
from kinora.engine.frames import coding
from kinora.engine.frames.coding import Frames
from kinora.engine.frames.delivery import Delivery, required
from kinora.engine.frames.projector import Projector, given
from kinora.engine.script import Guidance, Script
from kinora.engine.solving import SOLVERS, solve_film
from kinora.request import Real, Shot
from kinora.safety import Guard, screen_words

__all__ = ["SOLVERS", "Engine"]

Item = TypeVar("Item")


@dataclass
class Timings:
    """Seconds spent in each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Add the time the block takes to `stage`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class Engine:
    """Films shots with one model under one guard; `expander` takes the place of the model's own."""

    def __init__(self, model: Model, guard: Guard, expander: Expander | None = None) -> None:
        self.model = model
        self.guard = required(guard)
        self.expander = expander or expander_for(model.defaults.expander, model.text)

    def generate(self, shot: Shot) -> Iterator[Event]:
        """Check `shot` and expand its words at once, film it as the caller iterates; closing the iterator cancels.

        The same shot with the same seed, on the same version, gives the same frames. Raises InvalidRequest, before
        anything is computed, if this model can't make the shot.
        """
        plan = self.model.limits.plan(shot)
        verdict = self.guard.screen(plan.prompt)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        latents = self.model.limits.grid.latents_for(plan.frames)
        read = self.read(plan.prompt, seconds=plan.seconds, image=plan.frames == 1) if shot.expand else None
        if read is None or not read.changed:
            return self.film(Film.of(plan, latents))
        film = Film.of(replace(plan, prompt=read.prompt), latents)
        info = {"prompt_asked": plan.prompt, "expansion": list(read.notes)}
        return chain([Read(plan.prompt, read.prompt, read.notes)], self.film(replace(film, info=info)))

    def read(self, words: str, *, seconds: Real, image: bool = False, previous: str = "") -> Expansion:
        """What the model reads for a user's words, which the caller has screened; see `Expander.expand`.

        Raises Unavailable if the expander is somewhere else and can't be asked.
        """
        if self.expander is None:
            return Expansion(words, changed=False)
        return self.expander.expand(words, seconds=seconds, image=image, previous=previous)

    def film(self, film: Film) -> Iterator[Event]:
        """Screen every prompt of `film` at once, then make it as the caller iterates; closing the iterator cancels.

        Raises InvalidRequest, on iteration, where a prompt is too long or the conditions don't fit.
        """
        verdict = screen_words(self.guard, (film.plan.prompt, *film.prompts), film.plan.negative)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        return self._film(film)

    def encode(self, frames: Frames) -> Float[Tensor, "1 c t h w"]:
        """Latents of 4n+1 frames (uint8 T H W C) that open a shot; see `coding.encode`."""
        return coding.encode(self.model, frames)

    def encode_groups(self, frames: Frames) -> Float[Tensor, "1 c t h w"]:
        """Latents of 4n frames in the midst of a shot; see `coding.encode_groups`."""
        return coding.encode_groups(self.model, frames)

    def decode(self, latents: Float[Tensor, "1 c t h w"]) -> Frames:
        """Frames of latents that open a shot; see `coding.decode`."""
        return coding.decode(self.model, latents)

    def _beside(self) -> dict[str, list[str]]:
        """What was added to the weights, for credentials."""
        return {"loras": list(self.model.loras)} if self.model.loras else {}

    def _film(self, film: Film) -> Iterator[Event]:
        with Delivery(self.guard, film.plan) as delivery:
            yield from self._make(film, delivery, Timings())

    def _make(self, film: Film, delivery: Delivery, timings: Timings) -> Iterator[Event]:
        plan = film.plan
        with timings.of("read"):
            script = Script(self.model, film.prompts, plan.negative, Guidance.of(plan))
        yield Progress("read", 1, 1)
        projector = Projector(self.model, film)
        if (yield from delivery.tell(_paced(given(film.before), "decode", timings))):
            return
        for solved in _paced(solve_film(self.model, film, script), "denoise", timings):
            if solved.total:
                yield Progress("denoise", solved.done, solved.total)
            if solved.latents is not None:
                shown = projector.show(solved.latents, solved.cut)
                if (yield from delivery.tell(_paced(shown, "decode", timings))):
                    return
        if (yield from delivery.tell(_paced(given(film.after), "decode", timings))):
            return
        sampling = {**plan.sampling, "dtype": str(self.model.dtype).removeprefix("torch."), **self._beside()}
        yield Done(
            delivery.clip(
                model=self.model.name,
                version=self.model.version,
                timings=timings.seconds,
                before=film.info,
                sampling=sampling,
            )
        )


def _paced(items: Iterable[Item], stage: str, timings: Timings) -> Iterator[Item]:
    """Pass items on, charging to `stage` the time they take to come (and not what is done with them)."""
    iterator = iter(items)
    while True:
        with timings.of(stage):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item
