"""What each request asks of a worker: the model's limits asked first, files looked at, nothing left to choose.

Each function takes a `Visit` and a request and gives the accepted `Job`; `Choice` is what they share.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from kinora.engine.edits.planning import Options, between
from kinora.errors import InvalidRequest
from kinora.grid import Size, format_size
from kinora.request import MAX_SEED, RANDOM_SEEDS, Limits, Plan, Real, Shot
from kinora.serve.errors import of_kinora
from kinora.serve.ordering.catalogue import Asked, Offer
from kinora.serve.ordering.inputs import Brought
from kinora.serve.ordering.reception import Reception, Terms, Visit
from kinora.serve.ordering.sizes import offered, own_size
from kinora.serve.schemas.base import Making, VideoReference
from kinora.serve.schemas.images import CreateImage
from kinora.serve.schemas.order import Order
from kinora.serve.schemas.videos import BlendVideos, CreateVideo, EditVideo, ExtendVideo, LoopVideo, RemixVideo
from kinora.serve.store.values import Job, Kind


@dataclass(frozen=True)
class Choice:
    """A model that was asked for, the size to make, and what to tell about either."""

    asked: Asked
    size: Size | None
    told: dict[str, Any]

    @property
    def offer(self) -> Offer:
        """The model."""
        return self.asked.offer

    @property
    def limits(self) -> Limits:
        """What it can be asked for."""
        return self.asked.offer.limits

    def plan(
        self, making: Making, prompt: str, seconds: Real | None, size: Size | None, fps: int | None = None
    ) -> Plan:
        """The plan of that many seconds of new video. Raises ApiError (400), naming the field at fault."""
        param = "prompt"
        try:
            shot = Shot(
                prompt or "as it is",  # a shot has words; those of the plan are not used
                seconds=seconds,
                size=size,
                fps=fps,
                seed=making.seed,
                steps=making.steps,
                guidance=making.guidance,
                negative=making.negative_prompt,
            )
            param = "fps" if fps not in (None, self.limits.fps) else "seconds"
            return self.limits.plan(shot)
        except InvalidRequest as error:
            raise of_kinora(error, param) from error

    def check_given(self, *, first: bool = False, last: bool = False, seconds: Real) -> None:
        """Raise ApiError (400) where the model can't make so much, its ends included, from what is given of these."""
        param = "model"
        try:
            self.offer.check_given(first=first, last=last)
            param = "seconds"
            self.offer.check_at_once(round(seconds * self.limits.fps))
        except InvalidRequest as error:
            raise of_kinora(error, param) from error

    def check_whole(self, seconds: Real) -> None:
        """Raise ApiError (400) for a finished video that is longer than the model makes."""
        most = self.limits.max_seconds
        if round(seconds * self.limits.fps) > round(most * self.limits.fps):
            wrong = InvalidRequest(
                f"{seconds:g} seconds in all",
                rule=f"this model makes up to {most:g} seconds",
                remedy="ask for less, or begin with a shorter one",
            )
            raise of_kinora(wrong, "seconds")

    def order(self, kind: Kind, making: Making, **fields: Any) -> Order:
        """An order of that kind."""
        return Order(
            kind=kind,
            model=self.offer.name,
            seed=secrets.randbelow(RANDOM_SEEDS) if making.seed is None else making.seed,
            steps=making.steps,
            guidance=making.guidance,
            negative=making.negative_prompt,
            expand=making.expand_prompt,
            fit=making.fit,
            told=self.told,
            **fields,
        )


def choose(reception: Reception, model: str | None, size: str | None = None) -> Choice:
    """The model and the size of a request. Raises ApiError (400, 404)."""
    asked = reception.catalogue.asked(model)
    try:
        chosen, note = offered(asked.offer.limits, size, alias=asked.alias)
    except InvalidRequest as error:
        raise of_kinora(error, "size") from error
    requested = {"model": model, "size": size}
    differs = {name: value for name, value in requested.items() if value is not None}
    if model is None or model == asked.offer.name:
        differs.pop("model", None)
    if not note:
        differs.pop("size", None)
    told: dict[str, Any] = {"requested": differs} if differs else {}
    return Choice(asked, chosen, told | ({"notes": [note]} if note else {}))


def note_fit(choice: Choice, role: str, brought: Brought, size: Size, fit: str) -> None:
    """Note it where a source is not of the size that is made."""
    if brought.seen.size != size:
        note = f"{role} is {format_size(brought.seen.size)}: fitted to {format_size(size)} ({fit})"
        choice.told.setdefault("notes", []).append(note)


async def create(reception: Reception, visit: Visit, asked: CreateVideo) -> Job:
    """A video of words, or one that a picture opens, or one that runs into its own start."""
    choice, size = choose(reception, asked.model, asked.size), None
    if asked.input_reference is not None:
        picture = await visit.inputs.bring("image", asked.input_reference, param="input_reference", moving=False)
        size = choice.size or own_size(choice.limits, picture.seen.size)
        note_fit(choice, "input_reference", picture, size, asked.fit)
    plan = choice.plan(asked, asked.prompt, asked.seconds, size or choice.size, asked.fps)
    choice.check_given(first=asked.input_reference is not None, seconds=plan.seconds)
    order = choice.order(
        "loop" if asked.loop else "generate",
        asked,
        prompt=asked.prompt,
        size=format_size(plan.size),
        seconds=plan.seconds,
    )
    terms = Terms(size=plan.size, seconds=plan.seconds, words=[asked.prompt], shown=asked.prompt)
    return await reception.accept(visit, order, terms)


async def remix(reception: Reception, visit: Visit, source: str, asked: RemixVideo) -> Job:
    """A finished video made again under other words, by the model that made it."""
    given = EditVideo(
        video=VideoReference(id=source), **{name: getattr(asked, name) for name in RemixVideo.model_fields}
    )
    return await _again(reception, visit, given, kind="remix", param="video_id")


async def edit(reception: Reception, visit: Visit, asked: EditVideo) -> Job:
    """A video made again under other words."""
    return await _again(reception, visit, asked, kind="edit", param="video")


async def _again(reception: Reception, visit: Visit, asked: EditVideo, *, kind: Kind, param: str) -> Job:
    video = await visit.inputs.bring("video", asked.video, param=param, moving=True)
    choice = choose(reception, asked.model or _maker(reception, video))
    if asked.mask is not None:
        await visit.inputs.bring("mask", asked.mask, param="mask")
    size = own_size(choice.limits, video.seen.size)
    note_fit(choice, "the video", video, size, asked.fit)
    choice.check_whole(video.seen.seconds)
    choice.plan(asked, asked.prompt, None, size)
    choice.check_given(first=True, last=True, seconds=video.seen.seconds)
    order = choice.order(kind, asked, prompt=asked.prompt, size=format_size(size), strength=asked.strength)
    terms = Terms(
        size=size,
        seconds=video.seen.seconds,
        words=[video.seen.prompt, asked.prompt],
        shown=asked.prompt,
        remixed_from=video.job.id if video.job else None,
    )
    return await reception.accept(visit, order, terms)


async def extend(reception: Reception, visit: Visit, asked: ExtendVideo) -> Job:
    """A video that goes on, or whose beginning is told."""
    video = await visit.inputs.bring("video", asked.video, param="video", moving=True)
    choice = choose(reception, asked.model or _maker(reception, video))
    size = own_size(choice.limits, video.seen.size)
    note_fit(choice, "the video", video, size, asked.fit)
    plan = choice.plan(asked, asked.prompt, asked.seconds, size)
    choice.check_whole(video.seen.seconds + plan.seconds)
    forward = asked.direction == "forward"
    choice.check_given(first=forward, last=not forward, seconds=plan.seconds)
    order = choice.order(
        "extend",
        asked,
        prompt=asked.prompt,
        size=format_size(size),
        seconds=plan.seconds,
        direction=asked.direction,
    )
    terms = Terms(
        size=size,
        seconds=video.seen.seconds + plan.seconds,
        words=[video.seen.prompt, asked.prompt],
        shown=asked.prompt,
    )
    return await reception.accept(visit, order, terms)


async def blend(reception: Reception, visit: Visit, asked: BlendVideos) -> Job:
    """Two videos that turn into one another."""
    first = await visit.inputs.bring("first", asked.first, param="first", moving=True)
    second = await visit.inputs.bring("second", asked.second, param="second", moving=True)
    choice = choose(reception, asked.model or _maker(reception, first), asked.size)
    size = choice.size or own_size(choice.limits, first.seen.size)
    for role, one in (("first", first), ("second", second)):
        note_fit(choice, role, one, size, asked.fit)
    overlap = _between(choice, asked, size, asked.seconds)
    choice.check_given(first=True, last=True, seconds=overlap)
    total = first.seen.seconds + second.seen.seconds - overlap
    choice.check_whole(total)
    for role, one in (("first", first), ("second", second)):
        if one.seen.seconds <= overlap:
            wrong = InvalidRequest(role, rule=f"too short to blend over {overlap:g} s", remedy="ask for fewer seconds")
            raise of_kinora(wrong, "seconds")
    prompts = (asked.first_prompt, asked.second_prompt)
    order = choice.order("blend", asked, prompts=prompts, size=format_size(size), seconds=overlap)
    said = [text for text in (*prompts, first.seen.prompt, second.seen.prompt) if text]
    shown = " / ".join(text for text in prompts if text) or None
    return await reception.accept(visit, order, Terms(size=size, seconds=total, words=said, shown=shown))


async def loop(reception: Reception, visit: Visit, asked: LoopVideo) -> Job:
    """A video led back to its start, or a clip of words that runs into its own."""
    shown = asked.prompt or None
    if asked.video is None:
        choice = choose(reception, asked.model, asked.size)
        plan = choice.plan(asked, asked.prompt, asked.seconds, choice.size)
        choice.check_given(seconds=plan.seconds)
        order = choice.order("loop", asked, prompt=asked.prompt, size=format_size(plan.size), seconds=plan.seconds)
        terms = Terms(size=plan.size, seconds=plan.seconds, words=[asked.prompt], shown=shown)
        return await reception.accept(visit, order, terms)
    video = await visit.inputs.bring("video", asked.video, param="video", moving=True)
    choice = choose(reception, asked.model or _maker(reception, video), asked.size)
    size = choice.size or own_size(choice.limits, video.seen.size)
    note_fit(choice, "the video", video, size, asked.fit)
    added = _between(choice, asked, size, asked.seconds)
    choice.check_given(first=True, last=True, seconds=added)
    choice.check_whole(video.seen.seconds + added)
    order = choice.order("loop", asked, prompt=asked.prompt, size=format_size(size), seconds=added)
    said = [text for text in (video.seen.prompt, asked.prompt) if text]
    terms = Terms(size=size, seconds=video.seen.seconds + added, words=said, shown=shown)
    return await reception.accept(visit, order, terms)


async def images(reception: Reception, visit: Visit, asked: CreateImage) -> list[Job]:
    """Pictures: as many jobs, with seeds that follow each other."""
    choice = choose(reception, asked.model, None if asked.size == "auto" else asked.size)
    plan = choice.plan(asked, asked.prompt, 1 / choice.limits.fps, choice.size)
    choice.check_given(seconds=plan.seconds)
    form = {"jpeg": "jpg", None: "png"}.get(asked.output_format, asked.output_format)
    first = choice.order(
        "image", asked, prompt=asked.prompt, size=format_size(plan.size), seconds=plan.seconds, format=form
    )
    terms = Terms(size=plan.size, seconds=plan.seconds, words=[asked.prompt], shown=asked.prompt)
    each = [first.model_copy(update={"seed": (first.seed + part) % (MAX_SEED + 1)}) for part in range(asked.n or 1)]
    return await reception.accept_all(visit, each, terms)


def _between(choice: Choice, asked: Making, size: Size, seconds: Real | None) -> Real:
    """Seconds of what lies between two given ends. Raises ApiError (400) for what is no whole latent frames."""
    options = Options(size=size, seed=asked.seed, steps=asked.steps, guidance=asked.guidance)
    try:
        return between(options, choice.limits, size, "", seconds)[0].seconds
    except InvalidRequest as error:
        raise of_kinora(error, "seconds") from error


def _maker(reception: Reception, video: Brought) -> str | None:
    """The model that made a video, if it is still offered."""
    return video.job.model if video.job and video.job.model in reception.catalogue.offers else None
