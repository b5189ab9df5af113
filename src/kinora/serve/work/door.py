"""Where workers on other machines come in: the desk of `desk.StoreDesk` as an API, for keys of role admin.

Everything goes by POST as JSON, but a finished file, which is a form with its bytes, and an input, which is fetched.
What is asked about a claim carries the claim's token, so that a worker can do no more than with the job it has. It is
no part of the public API: a server and its workers are of one version.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from kinora import __version__
from kinora.serve.access import Caller, caller
from kinora.serve.assets import Asset
from kinora.serve.errors import ApiError
from kinora.serve.store.values import Claim, Hand, JobError
from kinora.serve.work.desk import Lost, StoreDesk

BLOCK = 1 << 18


class Message(BaseModel):
    """Root of what workers send."""

    model_config = ConfigDict(extra="forbid")


class AClaim(Message):
    """Which job, and the right to speak of it."""

    job: str
    token: str
    worker: str


class Idle(Message):
    """A worker that asks for work."""

    id: str
    host: str
    pid: int
    born: float
    device: str = ""
    budget: int = 0


class Beat(AClaim):
    """How far a job is."""

    progress: int
    stage: str = ""


class Completed(AClaim):
    """What was handed in, and what is told of it."""

    assets: dict[str, dict[str, Any]]
    result: dict[str, Any]


class Failed(AClaim):
    """Why a job can't be done."""

    code: str
    message: str


class Watched(Message):
    """Whose state a supervisor wants to know."""

    workers: list[str]


class Dead(Message):
    """A worker that is no more."""

    worker: str
    fault: bool
    code: str = ""
    message: str = ""


def allowed(asking: Annotated[Caller, Depends(caller)]) -> None:
    """Let in who may administrate: a worker sees everybody's jobs."""
    asking.require("administration")


def desk_of(request: Request) -> StoreDesk:
    """The server's own desk."""
    return StoreDesk(request.app.state.store, request.app.state.assets)


router = APIRouter(prefix="/v1/workers", include_in_schema=False, dependencies=[Depends(allowed)])
Desk = Annotated[StoreDesk, Depends(desk_of)]


@router.get("/ready")
def ready() -> dict[str, str]:
    """Whether a worker would be let in, and what version of Kinora this is."""
    return {"version": __version__}


@router.post("/claim")
def claim(hand: Idle, desk: Desk) -> JSONResponse:
    """The next job, or null."""
    found = desk.claim(Hand(**hand.model_dump(), job_id=None))
    return JSONResponse(None if found is None else asdict(found))


@router.post("/heartbeat")
def heartbeat(beat: Beat, desk: Desk) -> bool:
    """Whether the job still is the worker's."""
    held = _claim(desk, beat)
    return held is not None and desk.heartbeat(held, beat.progress, beat.stage)


@router.get("/inputs/{asset}")
def fetch(asset: str, job: str, desk: Desk) -> Response:
    """A file that a job reads."""
    found = desk.store.inputs(job).get(asset)
    if found is None:
        raise ApiError(404, f"Job '{job}' reads no file '{asset}'.", code="not_found")
    return StreamingResponse(_blocks(desk, found), media_type=found.type, headers={"ETag": f'"{found.sha256}"'})


@router.post("/files")
async def deliver(request: Request, desk: Desk, name: str, type: str, frame: int | None = None) -> JSONResponse:
    """A finished file of a job; with `frame` the newest preview. Its claim is in the form's fields."""
    async with request.form(max_files=1, max_fields=3) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ApiError(400, "A file is missing.", code="missing_required_parameter", param="file")
        told = AClaim.model_validate({field: form.get(field) for field in ("job", "token", "worker")})
        with tempfile.TemporaryDirectory(prefix="kinora-delivered-") as folder:
            path = Path(folder) / "file"
            with path.open("wb") as copy:
                while block := await file.read(BLOCK):
                    copy.write(block)
            asset = await run_in_threadpool(_delivered, desk, told, path, name, type, frame)
    return JSONResponse(asset)


@router.post("/complete")
def complete(done: Completed, desk: Desk) -> bool:
    """Whether the job still was the worker's, and now is done."""
    held = _claim(desk, done)
    assets = {name: Asset(**asset) for name, asset in done.assets.items()}
    return held is not None and desk.complete(held, assets, done.result)


@router.post("/fail")
def fail(failed: Failed, desk: Desk) -> bool:
    """Whether the job still was the worker's, and now has failed."""
    held = _claim(desk, failed)
    return held is not None and desk.fail(held, failed.code, failed.message)


@router.post("/drop")
def drop(lost: AClaim, desk: Desk) -> None:
    """The worker is idle again."""
    desk.store.idle(lost.worker)


@router.post("/seen")
def seen(watched: Watched, desk: Desk) -> dict[str, dict[str, Any]]:
    """What workers are at."""
    return {worker: asdict(one) for worker, one in desk.seen(watched.workers).items()}


@router.post("/lost")
def lost(dead: Dead, desk: Desk) -> None:
    """A worker is dead."""
    desk.lost(dead.worker, fault=dead.fault, error=JobError(dead.code, dead.message) if dead.code else None)


def _delivered(desk: StoreDesk, told: AClaim, path: Path, name: str, type: str, frame: int | None) -> dict[str, Any]:
    held = _claim(desk, told)
    try:
        if held is None:
            raise Lost(told.job)
        if frame is not None:
            desk.show(held, path, frame)
            return {}
        return asdict(desk.deliver(held, name, path, type))
    except Lost as error:
        raise ApiError(410, "The job is no longer this worker's.", code="lost") from error


def _claim(desk: StoreDesk, told: AClaim) -> Claim | None:
    """The claim as the store takes it; None for a job that is gone. Whether it holds is for the store to say."""
    job = desk.store.get(told.job)
    return None if job is None else Claim(job=job, token=told.token, worker=told.worker)


def _blocks(desk: StoreDesk, asset: Asset) -> Iterator[bytes]:
    return desk.assets.read_range(asset, 0, asset.bytes)
