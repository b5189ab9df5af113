"""A draft on an engine: screened, looked at, lowered to a film, made."""

from collections.abc import Iterator
from dataclasses import replace

from kinora.engine.edits.drafts import Bridge, Draft, Ring, reworded
from kinora.engine.edits.lowering import around, lower
from kinora.engine.engine import Engine
from kinora.engine.events import Done, Event, Progress, Read, Refused
from kinora.engine.film import Film
from kinora.safety import FrameBook, screen_given, screen_words


def edit(engine: Engine, draft: Draft) -> Iterator[Event]:
    """Screen the words and review what is given at once, then tell the events of `Engine.film`.

    What the user brings is reviewed before anything is made of it, file names and texts inside files too, and its
    frames once more where they are delivered.
    """
    verdict = screen_words(engine.guard, draft.prompts, draft.plan.negative)
    if verdict.allowed:
        verdict = screen_given(engine.guard, draft.info.get("parents", ()))
    if not verdict.allowed:
        return iter([Refused(verdict)])
    for frames in draft.given:
        verdict = engine.guard.review(frames, FrameBook(fps=draft.plan.fps))
        if not verdict.allowed:
            return iter([Refused(verdict)])
    return _made(engine, draft)


def _made(engine: Engine, draft: Draft) -> Iterator[Event]:
    if draft.expand:
        words = {}
        for asked in dict.fromkeys(prompt for prompt in draft.prompts if prompt):
            previous = draft.previous if isinstance(draft, Bridge) else ""
            read = engine.read(asked, seconds=draft.plan.seconds, previous=previous)
            words[asked] = read.prompt
            if read.changed:
                yield Read(asked, read.prompt, read.notes)
        if any(asked != read_as for asked, read_as in words.items()):
            info = {**draft.info, "prompt_asked": draft.plan.prompt}
            draft = replace(reworded(draft, {"": "", draft.plan.prompt: draft.plan.prompt, **words}), info=info)
    if isinstance(draft, Ring):
        yield from _ring(engine, draft)
    else:
        film = lower(draft, engine)
        for event in engine.film(film):
            if isinstance(event, Done):
                event.clip.info["warnings"] = [*film.info.get("warnings", ()), *event.clip.info["warnings"]]
            yield event


def _ring(engine: Engine, draft: Ring) -> Iterator[Event]:
    """Film a ring; or, where it is too long for one, the clip, and then a bridge from its end to its start.

    Of a bridge only the second time is told as it is made.
    """
    ring = around(draft, engine)
    if ring is not None:
        yield from engine.film(ring)
        return
    plan = draft.plan
    film = Film.of(plan, engine.model.limits.grid.latents_for(plan.frames))
    for event in engine.film(film):
        if isinstance(event, Refused):
            yield event
            return
        if isinstance(event, Progress) and event.stage != "decode":
            yield event
        if isinstance(event, Done):
            first = event.clip
    bridge = Bridge(
        plan=plan,
        made=draft.closing,
        before=first.frames[: -draft.closing],
        after=first.frames,
        closes=True,
        info=draft.info,
    )
    for event in engine.film(lower(bridge, engine)):
        if isinstance(event, Done):
            spent, again = first.info["timings"], event.clip.info["timings"]
            stages = dict.fromkeys([*spent, *again])
            event.clip.info["timings"] = {
                stage: round(spent.get(stage, 0) + again.get(stage, 0), 3) for stage in stages
            }
        yield event
