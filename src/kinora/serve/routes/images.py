"""/v1/images/generations: pictures while one waits, each a video of one frame."""

from __future__ import annotations

import base64
from typing import cast

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from kinora.serve.errors import BLOCKED, ApiError
from kinora.serve.ordering import orders
from kinora.serve.ordering.reception import Reception
from kinora.serve.routes.describing import TAKES, body_of, errors
from kinora.serve.routes.parts import Asking, AtReception, now, visiting
from kinora.serve.routes.views import extras
from kinora.serve.schemas.images import CreateImage, Picture, Pictures
from kinora.serve.store.values import Job

router = APIRouter(prefix="/v1/images", tags=["Images"])


@router.post("/generations", responses={**TAKES, **errors(500)}, openapi_extra=body_of(CreateImage))
async def create_images(request: Request, reception: AtReception, asking: Asking) -> Pictures:
    """Draw pictures and answer when they are drawn. They wait in the queue that videos wait in."""
    async with visiting(request, reception, asking, CreateImage) as (visit, asked):
        queued = await orders.images(reception, visit, asked)
    jobs: list[Job] = []
    try:
        for job in queued:
            jobs.append(_whole(await reception.ended(request, job)))
        data = [await _picture(reception, job) for job in jobs]
        told = extras(jobs[0])
    finally:
        # The answer is the only way to a picture: what nobody can ask for again is not kept.
        for job in queued:
            await run_in_threadpool(reception.store.delete, job.id, asking.id)
    seeds = [job.request["seed"] for job in jobs]
    extra: dict[str, object] = {name: told[name] for name in ("model", "requested", "notes", "warning") if name in told}
    return Pictures(
        created=now(),
        data=data,
        size=jobs[0].size,
        output_format=asked.output_format or "png",
        kinora={**extra, "seeds": seeds},
    )


def _whole(job: Job) -> Job:
    """A job that went well. Raises ApiError for one that did not."""
    if job.error is None:
        return job
    if job.error.code == BLOCKED:
        raise ApiError(400, job.error.message, code=BLOCKED, param="prompt")
    raise ApiError(500, job.error.message, code=job.error.code)


async def _picture(reception: Reception, job: Job) -> Picture:
    def read() -> bytes:
        asset = job.assets["image"]
        return b"".join(reception.assets.read_range(asset, 0, asset.bytes))

    said = cast(str | None, job.result.get("prompt_read"))
    data = base64.b64encode(await run_in_threadpool(read)).decode()
    return Picture(b64_json=data, revised_prompt=said)
