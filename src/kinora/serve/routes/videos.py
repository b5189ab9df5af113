"""/v1/videos: make, list, look up, remove."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from kinora.serve.errors import not_found
from kinora.serve.ordering import characters, orders, stories
from kinora.serve.routes.describing import GIVES, TAKES, body_of
from kinora.serve.routes.parts import Asking, AtReception, VideoId, visiting
from kinora.serve.routes.views import advise, video
from kinora.serve.schemas.answers import DeletedVideo, Video, Videos
from kinora.serve.schemas.base import Identifier
from kinora.serve.schemas.videos import CreateVideo
from kinora.serve.store.ids import moment_of

router = APIRouter(prefix="/v1", tags=["Videos"])

PAGE, LONGEST = 20, 100


@router.post("/videos", responses=TAKES, openapi_extra=body_of(CreateVideo))
async def create_video(request: Request, reception: AtReception, asking: Asking) -> Video:
    """Queue a video of words, or one that a picture opens, or one with characters."""
    async with visiting(request, reception, asking, CreateVideo) as (visit, asked):
        if asked.characters:
            places = {one.id: f"characters[{index}].id" for index, one in enumerate(asked.characters)}
            cast = [await characters.find(reception, asking.id, name, param=param) for name, param in places.items()]
            return video(await stories.with_characters(reception, visit, asked, cast))
        return video(await orders.create(reception, visit, asked))


@router.get("/videos", responses=GIVES)
async def list_videos(
    reception: AtReception,
    asking: Asking,
    after: Annotated[Identifier | None, Query(description="The last id of the page before.")] = None,
    limit: Annotated[int, Query(ge=0, le=LONGEST)] = PAGE,
    order: Annotated[Literal["asc", "desc"], Query(description="By time of creation.")] = "desc",
) -> Videos:
    """The caller's videos, page by page. `after` may have been deleted since it was listed."""
    if after is not None and moment_of(after) is None:
        known = await run_in_threadpool(reception.store.get, after, asking.id)
        if known is None:
            raise not_found("video", after, "after")
    jobs, more = await run_in_threadpool(reception.store.page, asking.id, after, limit, order, pictures=False)
    data = [video(job) for job in jobs]
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return Videos(data=data, first_id=first, last_id=last, has_more=more)


@router.get("/videos/{video_id}", responses=GIVES)
async def retrieve_video(video_id: VideoId, response: Response, reception: AtReception, asking: Asking) -> Video:
    """One video; while it is made `openai-poll-after-ms` says when to ask again."""
    job = await run_in_threadpool(reception.store.get, video_id, asking.id)
    if job is None:
        raise not_found("video", video_id, "video_id")
    advise(response, job, time.time())
    return video(job)


@router.delete("/videos/{video_id}", responses=GIVES)
async def delete_video(video_id: VideoId, request: Request, reception: AtReception, asking: Asking) -> DeletedVideo:
    """Remove a video and its files; one that is being made is cancelled first."""
    if not await run_in_threadpool(reception.store.delete, video_id, asking.id):
        raise not_found("video", video_id, "video_id")
    await reception.access.note(request, "videos.delete", subject=video_id)
    return DeletedVideo(id=video_id)


@router.post("/videos/{video_id}/cancel", responses=GIVES)
async def cancel_video(video_id: VideoId, request: Request, reception: AtReception, asking: Asking) -> Video:
    """Stop a video that is waiting or being made: it then is failed with the code `cancelled`. Ours, not OpenAI's."""
    job = await run_in_threadpool(reception.store.cancel, video_id, asking.id)
    if job is None:
        raise not_found("video", video_id, "video_id")
    await reception.access.note(request, "videos.cancel", subject=video_id)
    return video(job)
