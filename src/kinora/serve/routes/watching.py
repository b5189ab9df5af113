"""A running job, watched: its progress as server-sent events, its newest frame as a picture. Ours, not OpenAI's."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from kinora.serve.errors import ApiError, not_found
from kinora.serve.ordering.reception import Reception
from kinora.serve.routes.describing import GIVES
from kinora.serve.routes.parts import Asking, AtReception, VideoId
from kinora.serve.routes.views import video
from kinora.serve.schemas.answers import Video

router = APIRouter(prefix="/v1/videos", tags=["Watching"])

LOOK = 0.4
"""Seconds between looks at the store."""

BEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing between here and the client hangs up."""

EVENTS = {200: {"description": "Events.", "content": {"text/event-stream": {}}}, **GIVES}
PICTURE = {
    200: {"description": "The frame.", "content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}},
    **GIVES,
}


@router.get("/{video_id}/events", responses=EVENTS, response_class=StreamingResponse)
async def watch_video(
    video_id: VideoId,
    request: Request,
    reception: AtReception,
    asking: Asking,
    last_event_id: Annotated[str, Header(pattern=r"^[0-9]{0,18}$", description="Go on after this event.")] = "",
) -> Response:
    """`status`, `progress` and `preview` as they happen, each with its number; last `done` with the finished video."""
    if await run_in_threadpool(reception.store.get, video_id, asking.id) is None:
        raise not_found("video", video_id, "video_id")
    told = _told(request, reception, asking.id, video_id, int(last_event_id or 0))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


@router.get("/{video_id}/live", responses=PICTURE, response_class=Response)
async def live_frame(video_id: VideoId, reception: AtReception, asking: Asking) -> Response:
    """The newest frame of a video that is being made: reviewed, marked and signed as every picture that leaves."""
    job = await run_in_threadpool(reception.store.get, video_id, asking.id)
    if job is None:
        raise not_found("video", video_id, "video_id")
    asset = job.assets.get("preview")
    if asset is None or job.ended:
        message = f"There is no live frame of '{video_id}': it is {job.status.replace('_', ' ')}."
        raise ApiError(404, message, code="no_live_frame", param="video_id")

    def read() -> bytes:
        return b"".join(reception.assets.read_range(asset, 0, asset.bytes))

    headers = {"Cache-Control": "no-store", "ETag": f'"{asset.sha256}"'}
    return Response(await run_in_threadpool(read), media_type=asset.type, headers=headers)


async def _told(request: Request, reception: Reception, owner: str, video_id: str, since: int) -> AsyncIterator[str]:
    """The events after number `since`, until the job has ended, is removed, or nobody listens any more."""
    spoken = time.monotonic()
    while not await request.is_disconnected():
        # The job first: when it has ended by now, all of its events are there to be read after.
        job = await run_in_threadpool(reception.store.get, video_id, owner)
        if job is None:
            yield _event("done", since, {"id": video_id, "deleted": True})
            return
        for event in await run_in_threadpool(reception.store.events, video_id, since):
            since, spoken = event.seq, time.monotonic()
            yield _event(event.kind, since, {"id": video_id, "at": event.at, **event.data})
        if job.ended:
            shown: Video = video(job)
            yield _event("done", since, shown.model_dump(mode="json"))
            return
        if time.monotonic() - spoken > BEAT:
            spoken = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(LOOK)


def _event(kind: str, number: int, data: dict[str, Any]) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
