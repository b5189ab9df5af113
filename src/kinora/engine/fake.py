"""An engine without a model: colour bars that slide, the same events, no torch, in milliseconds.

    FakeEngine(default_guard()).generate(Shot("anything", seconds=2))

The server, the studio and the command line are tested against it; it checks, screens, reviews, reports and cancels
exactly where the real one does. `steps` take `pause` seconds each, for tests of progress and cancelling.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kinora.engine.edits.drafts import Bridge, Draft, Fade
from kinora.engine.events import Done, Event, Progress, Refused
from kinora.engine.film import Cut, Film, Span
from kinora.engine.frames.delivery import Delivery, required
from kinora.engine.stories.story import Story
from kinora.flow.windows import Reach, Window
from kinora.flow.windows import plan as plan_windows
from kinora.request import Limits, Plan, Real, Shot
from kinora.safety import FrameBook, Guard, screen_given, screen_words

Pixels = npt.NDArray[np.uint8]

BARS = np.array(
    [[235, 235, 235], [235, 235, 16], [16, 235, 235], [16, 235, 16], [235, 16, 235], [235, 16, 16], [16, 16, 235]],
    np.uint8,
)

LIMITS = Limits(size=(128, 128), fps=8, seconds=4.0, max_seconds=60.0, steps=8, guidance=4.0, max_pixels=2048 * 2048)

CHUNK = 8


class FakeEngine:
    """Films colour bars under a guard; `limits` say what it pretends to be able to do."""

    def __init__(self, guard: Guard, *, limits: Limits = LIMITS, pause: Real = 0) -> None:
        self.guard = required(guard)
        self.limits = limits
        self.pause = pause

    def generate(self, shot: Shot) -> Iterator[Event]:
        """Check `shot` at once, then tell the events of `Engine.generate`.

        Raises InvalidRequest if `limits` don't allow the shot.
        """
        plan = self.limits.plan(shot)
        return self.film(Film.of(plan, self.limits.grid.latents_for(plan.frames)))

    def film(self, film: Film) -> Iterator[Event]:
        """Screen every prompt of `film` at once, then tell the events of `Engine.film`."""
        verdict = screen_words(self.guard, (film.plan.prompt, *film.prompts), film.plan.negative)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        return self._film(film)

    def edit(self, draft: Draft) -> Iterator[Event]:
        """Screen and review as `engine.edits.perform.edit` does; what would be new are bars, what is given stays."""
        verdict = screen_words(self.guard, draft.prompts, draft.plan.negative)
        if verdict.allowed:
            verdict = screen_given(self.guard, draft.info.get("parents", ()))
        if not verdict.allowed:
            return iter([Refused(verdict)])
        for frames in draft.given:
            verdict = self.guard.review(frames, FrameBook(fps=draft.plan.fps))
            if not verdict.allowed:
                return iter([Refused(verdict)])
        return self.film(_film_of(draft, self.limits))

    def tell(self, story: Story) -> Iterator[Event]:
        """Tell the events of `engine.stories.telling.tell`: a span of bars for each shot."""
        plans, grid = story.plans(self.limits), self.limits.grid
        spans: list[Span] = []
        for plan, text in zip(plans, story.texts(holding=False), strict=True):
            latents = grid.latents_for(plan.frames)
            trim = grid.frames_of(latents) - plan.frames
            spans.append(Span(prompt=text, latents=latents, cut=bool(spans), trim=trim))
        prompt, frames = "\n".join(span.prompt for span in spans), sum(plan.frames for plan in plans)
        verdict = screen_given(self.guard, story.parents)
        if not verdict.allowed:
            return iter([Refused(verdict)])
        return self.film(
            Film(
                plan=replace(plans[0], prompt=prompt, frames=frames),
                spans=tuple(spans),
                info={"parents": story.parents},
            )
        )

    def _film(self, film: Film) -> Iterator[Event]:
        with Delivery(self.guard, film.plan) as delivery:
            for made in self._made(film):
                if isinstance(made, Progress):
                    yield made
                elif (yield from delivery.tell([made])):
                    return
            yield Done(delivery.clip(model="fake", version="1", timings={}, before=film.info))

    def _made(self, film: Film) -> Iterator[Progress | Pixels]:
        """Progress, and the frames that are delivered, in chunks: window after window, as far as the film goes."""
        yield Progress("read", 1, 1)
        yield from _chunks(film.before)
        start, stop = film.kept
        ends = [window.made.stop + cut.start for cut in film.cuts() for window in _windows(cut)]
        at = start
        for index, end in enumerate(ends):
            for step in range(film.plan.steps):
                time.sleep(self.pause)
                yield Progress("denoise", index * film.plan.steps + step + 1, len(ends) * film.plan.steps)
            upto = stop if end == ends[-1] else max(at, min(stop, self.limits.grid.frames_of(end)))
            for first in range(at, upto, CHUNK):
                yield _bars(film.plan, first - start, min(CHUNK, upto - first))
            at = upto
        yield from _chunks(film.after)


def _film_of(draft: Draft, limits: Limits) -> Film:
    """What is given as it is, and bars for the rest."""
    before = after = None
    if isinstance(draft, Bridge):
        before, after = None if draft.recalls else draft.before, None if draft.closes else draft.after
    elif isinstance(draft, Fade):
        before, after = draft.first[: -draft.overlap], draft.second[draft.overlap :]
    made = draft.plan.frames - sum(len(given) for given in (before, after) if given is not None)
    span = Span(prompt=draft.plan.prompt, latents=limits.grid.latents_for(made))
    return Film(plan=draft.plan, spans=(span,), keep=(0, made), before=before, after=after, info=draft.info)


def _windows(cut: Cut) -> list[Window]:
    edges = [edge - cut.start for edge in cut.edges]
    return plan_windows([False] * (cut.stop - cut.start), Reach(), edges=edges)


def _chunks(frames: Pixels | None) -> Iterator[Pixels]:
    for start in range(0, 0 if frames is None else len(frames), CHUNK):
        assert frames is not None
        yield frames[start : start + CHUNK]


def _bars(plan: Plan, start: int, count: int) -> Pixels:
    """Seven vertical bars; each frame slides them by one pixel, and the seed says where they begin."""
    height, width = plan.size
    columns = np.arange(width) + np.arange(start, start + count)[:, None] + plan.seed % width
    colours = BARS[columns % width * len(BARS) // width]  # [count, width, 3]
    return np.repeat(colours[:, None], height, axis=1)
