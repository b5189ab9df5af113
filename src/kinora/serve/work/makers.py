"""Who makes what is asked: the engine with the model's weights, or the fake one. Nothing heavy is imported before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from kinora.clip import Clip
from kinora.engine.edits import Edit
from kinora.engine.events import Event
from kinora.engine.frames.record import record
from kinora.engine.stories.story import Story
from kinora.request import Limits, Real, Shot
from kinora.safety import Guard
from kinora.safety.release import payload_of
from kinora.serve.settings import FAKE
from kinora.serve.work.orders import Asked

Watch = Callable[[Event], object]


@runtime_checkable
class Maker(Protocol):
    """Makes a file of what is asked, telling `watch` each event; what `watch` raises ends it and leaves no file."""

    def make(self, asked: Asked, to: Path, watch: Watch) -> Clip:
        """Make it. Raises errors.UserError, SigningFailed or Unavailable; there is then no file."""


def limits_of(model: str) -> Limits:
    """What a model can be asked for, by its description alone. Raises UnknownModel or CorruptWeights."""
    if model == FAKE:
        from kinora.engine.fake import LIMITS

        return LIMITS
    from kinora.engine.api import limits

    return limits(model)


def weight_of(model: str) -> int:
    """Bytes of a model's files, in folders below its own, too. Raises UnknownModel if they are not here."""
    from kinora.checkpoints.catalog import find

    return sum(path.stat().st_size for path in find(model).rglob("*") if path.is_file())


class Weights:
    """The models of the catalogue; the one used last stays loaded."""

    def __init__(self, guard: Guard, device: str = "") -> None:
        self._guard, self._device = guard, device or None

    def make(self, asked: Asked, to: Path, watch: Watch) -> Clip:
        """Load the model unless it is there, and film."""
        from kinora.engine import api
        from kinora.engine.edits import verbs
        from kinora.engine.runtime import Runtime
        from kinora.engine.stories import api as stories

        runtime = Runtime(device=self._device, guard=self._guard, watch=watch)
        if isinstance(asked, Shot):
            return api.film(asked, runtime, to=to)
        if isinstance(asked, Story):
            return stories.film_story(asked, runtime, to=to)
        return verbs.make(verbs.draft(asked), asked.options.model, runtime, to=to)


class Fake:
    """Colour bars, from `kinora.engine.fake`; each step takes `pause` seconds."""

    def __init__(self, guard: Guard, pause: Real = 0) -> None:
        from kinora.engine.fake import FakeEngine

        self._engine = FakeEngine(guard, pause=pause)

    def make(self, asked: Asked, to: Path, watch: Watch) -> Clip:
        """Film bars."""
        start = time.perf_counter()
        events, about, seed, words = self._begun(asked)
        payload = payload_of(FAKE, "1", seed, words)
        clip = record(events, to, about, watch, fps=self._engine.limits.fps, payload=payload)
        clip.info["timings"] = {"denoise": round(time.perf_counter() - start, 3), **clip.info["timings"]}
        return clip

    def _begun(self, asked: Asked) -> tuple[Iterator[Event], str, int, str]:
        """The events, what they are about, the seed, and the words that the mark names."""
        if isinstance(asked, Shot):
            plan = self._engine.limits.plan(asked)
            return self._engine.generate(replace(asked, seed=plan.seed)), asked.prompt, plan.seed, plan.prompt
        if isinstance(asked, Story):
            words = "\n".join(card.prompt for card in asked.cards)
            return self._engine.tell(asked), asked.cards[0].prompt, asked.seed or 0, words
        assert isinstance(asked, Edit)
        draft = asked.draft(self._engine.limits)
        return self._engine.edit(draft), draft.plan.prompt or asked.verb, draft.plan.seed, draft.plan.prompt
