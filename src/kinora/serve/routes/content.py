"""/v1/videos/{video_id}/content: the finished files, whole or in part."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from kinora.serve.assets import Asset
from kinora.serve.errors import ApiError, not_found
from kinora.serve.routes.describing import GIVES, errors
from kinora.serve.routes.parts import Asking, AtReception, VideoId
from kinora.serve.store.values import Job

router = APIRouter(prefix="/v1/videos", tags=["Videos"])

Variant = Annotated[Literal["video", "thumbnail", "spritesheet"], Query(description="Which of the files.")]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

BYTES = {"schema": {"type": "string", "format": "binary"}}
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {"video/mp4": BYTES, "image/webp": BYTES, "image/jpeg": BYTES},
    },
    206: {
        "description": "The part asked for.",
        "content": {"video/mp4": BYTES, "image/webp": BYTES, "image/jpeg": BYTES},
    },
    304: {"description": "The client has it already."},
    **GIVES,
    **errors(400, 404, 416, 500),
}


@router.api_route("/{video_id}/content", methods=["GET"], responses=FILES, response_class=StreamingResponse)
@router.head("/{video_id}/content", include_in_schema=False)
async def download_content(
    video_id: VideoId, request: Request, reception: AtReception, asking: Asking, variant: Variant = "video"
) -> Response:
    """The video, its thumbnail or its spritesheet; takes Range, If-Range and If-None-Match."""
    job = await run_in_threadpool(reception.store.get, video_id, asking.id)
    if job is None:
        raise not_found("video", video_id, "video_id")
    asset = _asset(job, variant)
    etag = f'"{asset.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600, immutable",
        "Content-Disposition": f'inline; filename="{job.id}{_suffix(variant, asset)}"',
    }
    if _known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    await run_in_threadpool(reception.assets.verify, asset)
    part = _part(request, asset.bytes, etag)
    start, stop = part or (0, asset.bytes)
    headers["Content-Length"] = str(stop - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{asset.bytes}"
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=asset.type)
    blocks = reception.assets.read_range(asset, start, stop)
    return StreamingResponse(blocks, status_code=status, headers=headers, media_type=asset.type)


def _asset(job: Job, variant: str) -> Asset:
    """The file of a finished job. Raises ApiError: 400 while there is none yet, 404 for one that has expired."""
    if job.status == "failed":
        why = job.error.message if job.error else "it failed"
        raise ApiError(400, f"Video '{job.id}' has no content: {why}", code="video_not_ready", param="video_id")
    if job.status != "completed":
        said = f"Video '{job.id}' has no content yet: it is {job.status.replace('_', ' ')}."
        raise ApiError(400, said, code="video_not_ready", param="video_id")
    asset = job.assets.get("image" if job.kind == "image" and variant == "video" else variant)
    if asset is None:
        raise ApiError(404, f"The {variant} of '{job.id}' has expired.", code="expired", param="variant")
    return asset


def _suffix(variant: str, asset: Asset) -> str:
    name = asset.type.partition("/")[2].replace("jpeg", "jpg")
    return f".{name}" if variant == "video" else f"-{variant}.{name}"


def _known(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names what we have."""
    if header is None:
        return False
    names = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in names or etag in names


def _part(request: Request, length: int, etag: str) -> tuple[int, int] | None:
    """The bytes [start, stop) that are asked for, None for all of them: one range, of the file that the client has.

    A header that means nothing, or several ranges, give the whole file (RFC 9110, 14.2). Raises ApiError (416).
    """
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or found[1] == found[2] == "" or request.headers.get("if-range", etag) != etag:
        return None
    if found[1] == "":
        start, stop = max(0, length - int(found[2])), length
    else:
        start, stop = int(found[1]), min(length, int(found[2]) + 1 if found[2] else length)
        if found[2] and int(found[2]) < start:
            return None
    if start >= stop:
        message = f"The file has {length} bytes: there is no such part."
        raise ApiError(416, message, code="invalid_range", headers={"Content-Range": f"bytes */{length}"})
    return start, stop
