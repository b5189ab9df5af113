"""A story becomes one film: a span per shot, cuts at the asked frames, pictures held where shots open on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from jaxtyping import Float
from torch import Tensor

from kinora.engine.engine import Engine
from kinora.engine.events import Event, Read, Refused
from kinora.engine.expand import Expansion
from kinora.engine.film import Carry, Film, Shown, Span
from kinora.engine.stories.story import Card, Story, located
from kinora.flow.conditions import Condition, Keyframes
from kinora.flow.state import LatentState
from kinora.grid import Grid
from kinora.media.ingest import Given, load_frames, load_image
from kinora.request import Plan
from kinora.safety import FrameBook, screen_given, screen_words

FADE = 4
"""Frames over which what the autoencoder lost of a given picture fades out: half a second of the shipped model."""


@dataclass(frozen=True)
class SameNoise:
    """Latent frames from `at` on begin from the noise of those from `source` on, `count` of them."""

    source: int
    at: int
    count: int

    def apply(self, state: LatentState) -> LatentState:
        """Copies the noise."""
        latent = state.latent.clone()
        latent[:, :, self.at : self.at + self.count] = state.latent[:, :, self.source : self.source + self.count]
        return replace(state, latent=latent)


def tell(engine: Engine, story: Story) -> Iterator[Event]:
    """Check, screen and expand all of `story` at once, then film it as the caller iterates; closing it cancels.

    Raises InvalidRequest, naming the shot, before anything is computed, if this model can't make it.
    """
    plans = story.plans(engine.model.limits)
    expands = story.expand and engine.expander is not None
    texts = story.texts(holding=expands)
    # Together too: a sentence that is refused may be spread over shots.
    verdict = screen_words(engine.guard, texts)
    if not verdict.allowed:
        return iter([Refused(verdict)])
    reads = list(_reads(engine, texts, plans)) if expands else [Expansion(text, changed=False) for text in texts]
    told = [Read(text, read.prompt, read.notes) for text, read in zip(texts, reads, strict=True) if read.changed]
    given: dict[int, Given] = {}
    for index, (card, plan, where) in enumerate(zip(story.cards, plans, story.places, strict=True)):
        if card.image is not None or card.clip is not None:
            with located(where):
                verdict = screen_given(engine.guard, (card.image, card.clip))
                given[index] = _given(card, plan, story, engine.model.limits.grid)
            # What the user brings is looked at before anything is made of it, and once more where it is delivered.
            if verdict.allowed:
                verdict = engine.guard.review(given[index].frames, FrameBook(fps=plan.fps))
            if not verdict.allowed:
                return iter([Refused(verdict)])
    return chain(told, engine.film(lowered(engine, story, plans, texts, reads, given)))


def _reads(engine: Engine, texts: list[str], plans: list[Plan]) -> Iterator[Expansion]:
    """What the model reads for each shot, each going on from the one before."""
    previous = ""
    for text, plan in zip(texts, plans, strict=True):
        read = engine.read(text, seconds=plan.seconds, image=plan.frames == 1, previous=previous)
        previous = read.prompt
        yield read


def lowered(
    engine: Engine,
    story: Story,
    plans: list[Plan],
    texts: list[str],
    reads: list[Expansion],
    given: Mapping[int, Given],
) -> Film:
    """The film of a story's shots; `given` is what some of them open on."""
    grid = engine.model.limits.grid
    spans: list[Span] = []
    conditions: list[Condition] = []
    carry: list[Carry] = []
    shown: list[Shown] = []
    starts: list[tuple[int, int]] = []  # of each shot: its first latent frame, its first pixel frame
    latent = frame = 0
    for index, (plan, where) in enumerate(zip(plans, story.places, strict=True)):
        count = grid.latents_for(plan.frames)
        trim = grid.frames_of(count) - plan.frames
        spans.append(Span(prompt=reads[index].prompt, latents=count, cut=index > 0, trim=trim))
        starts.append((latent, frame))
        first = story.first_with(index)
        if story.same_noise and first != index:
            conditions.append(SameNoise(starts[first][0], latent, min(count, spans[first].latents)))
        if index in given:
            with located(where):
                held = engine.encode(given[index].frames)
            conditions.append(Keyframes({latent + n: held[:, :, n : n + 1] for n in range(held.shape[2])}))
            shown.append(Shown(at=latent, frames=given[index].frames))
            carry += _carried(engine, given[index].frames, held, frame)
        latent, frame = latent + count, frame + plan.frames
    shots = [
        {"start": start / plan.fps, "seconds": plan.seconds, "prompt": read.prompt, "prompt_asked": text}
        for (_, start), plan, read, text in zip(starts, plans, reads, texts, strict=True)
    ]
    return Film(
        plan=replace(plans[0], prompt="\n".join(read.prompt for read in reads), frames=frame),
        spans=tuple(spans),
        conditions=tuple(conditions),
        carry=tuple(carry),
        shown=tuple(shown),
        info={
            "shots": shots,
            "parents": story.parents,
            "report": [line for index in sorted(given) for line in given[index].report],
        },
    )


def _given(card: Card, plan: Plan, story: Story, grid: Grid) -> Given:
    """The frames that a shot opens on, as many as 4n+1 of the shot's own can hold, and what was done to get them."""
    if card.image is not None:
        path, found = card.image, load_image(card.image, size=plan.size, fit=story.fit)
        frames = found.frames
    else:
        assert card.clip is not None
        path, found = card.clip, load_frames(card.clip, fps=plan.fps, size=plan.size, fit=story.fit)
        frames = found.frames[: grid.whole(min(len(found.frames), plan.frames))]
        if len(frames) < len(found.frames):
            found.report.append(f"the shot opens on the first {len(frames)} of its {len(found.frames)} frames")
    return Given(frames, plan.fps, [f"{path.name}: {line}" for line in found.report])


def _carried(engine: Engine, given: np.ndarray, held: Float[Tensor, "1 c n h w"], start: int) -> Iterator[Carry]:
    """What decoding loses of each given frame, so that it is delivered as it was given; the last one's fades out."""
    lost = given.astype(np.int16) - engine.decode(held)
    for index, residual in enumerate(lost):
        yield Carry(at=start + index, residual=residual, after=FADE if index + 1 == len(lost) else 0)
