"""Accounts over HTTP: who am I; keys, audit log and reviewing for administrators; reports and appeals for everybody."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from kinora.serve.access.access import Access, access_of
from kinora.serve.access.caller import Caller, administrator, caller
from kinora.serve.access.roles import MAY
from kinora.serve.access.shapes import (
    CaseList,
    ChangeKey,
    CreateAppeal,
    CreateKey,
    CreateReport,
    Decide,
    Entries,
    Keys,
    ToldCaller,
    ToldCase,
    ToldEntry,
    ToldKey,
    told_limits,
)
from kinora.serve.errors import BLOCKED, ApiError, not_found
from kinora.serve.routes.describing import GIVES, TAKES, body_of, errors
from kinora.serve.schemas.base import Identifier
from kinora.serve.wire import read_body

router = APIRouter(prefix="/v1", tags=["Accounts"])

Asking = Annotated[Caller, Depends(caller)]
Admin = Annotated[Caller, Depends(administrator)]
Accounts = Annotated[Access, Depends(access_of)]


@router.get("/me", responses=GIVES)
def read_me(asking: Asking, access: Accounts) -> ToldCaller:
    """Who asks, what they may, and how much of it is used today."""
    used = access.quotas.used(asking.id)
    return ToldCaller(
        id=asking.id,
        name=asking.name,
        role=asking.role,
        may=sorted(MAY[asking.role]),
        limits=told_limits(asking.limits),
        used=told_limits(used),
    )


@router.get("/keys", responses=GIVES)
def list_keys(_: Admin, access: Accounts) -> Keys:
    """Every key ever made, oldest first; none with its secret."""
    return Keys(data=[ToldKey.of(key) for key in access.keys.all()])


@router.post("/keys", responses=TAKES, openapi_extra=body_of(CreateKey))
async def create_key(request: Request, _: Admin, access: Accounts) -> ToldKey:
    """Make a key. Its `secret` is in this answer and nowhere else."""
    async with read_body(request) as body:
        asked = body.read(CreateKey)
    made = await run_in_threadpool(
        access.keys.create,
        asked.name,
        role=asked.role,
        own=asked.limits.value() if asked.limits else None,
        networks=asked.networks,
        seconds_valid=asked.seconds_valid,
    )
    await access.note(request, "keys.create", subject=made.key.id, role=made.key.role)
    return ToldKey.of(made.key, made.secret)


@router.get("/keys/{key_id}", responses=GIVES)
def read_key(key_id: Identifier, _: Admin, access: Accounts) -> ToldKey:
    """One key."""
    key = access.keys.get(key_id)
    if key is None:
        raise not_found("key", key_id, "key_id")
    return ToldKey.of(key)


@router.post("/keys/{key_id}", responses=TAKES, openapi_extra=body_of(ChangeKey))
async def change_key(key_id: Identifier, request: Request, _: Admin, access: Accounts) -> ToldKey:
    """Give a key another role or other limits."""
    async with read_body(request) as body:
        asked = body.read(ChangeKey)
    if await run_in_threadpool(access.keys.get, key_id) is None:
        raise not_found("key", key_id, "key_id")
    own = asked.limits.value() if asked.limits else None
    key = await run_in_threadpool(access.keys.change, key_id, role=asked.role, own=own)
    await access.note(request, "keys.change", subject=key_id, role=key.role)
    return ToldKey.of(key)


@router.delete("/keys/{key_id}", responses=GIVES)
async def revoke_key(key_id: Identifier, request: Request, _: Admin, access: Accounts) -> ToldKey:
    """End a key. It stays in the list, and its videos stay."""
    if await run_in_threadpool(access.keys.get, key_id) is None:
        raise not_found("key", key_id, "key_id")
    key = await run_in_threadpool(access.keys.revoke, key_id)
    await access.note(request, "keys.revoke", subject=key_id)
    return ToldKey.of(key)


@router.get("/audit", responses=GIVES)
def read_audit(
    _: Admin,
    access: Accounts,
    key_id: Identifier | None = None,
    subject: Identifier | None = None,
    request_id: Identifier | None = None,
    prompt_sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
    verdict: Literal["allow", "warn", "block"] | None = None,
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Entries:
    """Who asked what and what was said, newest first."""
    found = access.audit.search(
        owner=key_id,
        subject=subject,
        request_id=request_id,
        prompt_sha256=prompt_sha256,
        verdict=verdict,
        before=before,
        limit=limit,
    )
    return Entries(data=[ToldEntry.of(entry) for entry in found])


@router.post("/reports", responses=TAKES, openapi_extra=body_of(CreateReport))
async def create_report(request: Request, asking: Asking, access: Accounts) -> ToldCase:
    """Report a video to whoever runs this server."""
    async with read_body(request) as body:
        asked = body.read(CreateReport)
    if asked.video_id is not None and await run_in_threadpool(access.store.get, asked.video_id) is None:
        raise not_found("video", asked.video_id, "video_id")
    subject = asked.video_id or asked.prompt_sha256 or ""
    case = await run_in_threadpool(
        access.cases.open, "report", asking, subject=subject, category=asked.category, text=asked.text
    )
    await access.note(request, "reports.create", subject=case.id, about=subject)
    return ToldCase.of(case)


@router.post("/appeals", responses=TAKES, openapi_extra=body_of(CreateAppeal))
async def create_appeal(request: Request, asking: Asking, access: Accounts) -> ToldCase:
    """Ask that a refusal of one's own request be looked at by a person."""
    async with read_body(request) as body:
        asked = body.read(CreateAppeal)
    subject = await run_in_threadpool(_refused, access, asking, asked)
    case = await run_in_threadpool(access.cases.open, "appeal", asking, subject=subject, text=asked.text)
    await access.note(request, "appeals.create", subject=case.id, about=subject)
    return ToldCase.of(case)


@router.get("/reports/{case_id}", responses=GIVES)
def read_report(case_id: Identifier, asking: Asking, access: Accounts) -> ToldCase:
    """What became of one's own report."""
    return ToldCase.of(access.cases.get(case_id, asking.id))


@router.get("/appeals/{case_id}", responses=GIVES)
def read_appeal(case_id: Identifier, asking: Asking, access: Accounts) -> ToldCase:
    """What became of one's own appeal."""
    return ToldCase.of(access.cases.get(case_id, asking.id))


@router.get("/review", responses=GIVES)
def list_review(
    _: Admin,
    access: Accounts,
    state: Literal["open", "upheld", "dismissed"] = "open",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CaseList:
    """The queue of reports and appeals, oldest first, each with what the audit log has on it."""
    return CaseList(
        data=[ToldCase.of(case, _evidence(access, case.subject)) for case in access.cases.waiting(state, limit=limit)]
    )


@router.post("/review/{case_id}", responses={**TAKES, **errors(409)}, openapi_extra=body_of(Decide))
async def decide(case_id: Identifier, request: Request, asking: Admin, access: Accounts) -> ToldCase:
    """Decide a case. An upheld report takes the video away unless `remove` is false."""
    async with read_body(request) as body:
        asked = body.read(Decide)
    case = await run_in_threadpool(access.cases.decide, case_id, by=asking, state=asked.decision, note=asked.note)
    removed = False
    if case.kind == "report" and case.state == "upheld" and asked.remove:
        removed = await run_in_threadpool(access.store.delete, case.subject)
    await access.note(request, "review.decide", subject=case.id, decision=case.state, removed=removed)
    return ToldCase.of(case)


def _refused(access: Access, asking: Caller, asked: CreateAppeal) -> str:
    """The refused request or video that an appeal is about. Raises ApiError: 404, or 400 if it was not refused."""
    if asked.video_id is not None:
        job = access.store.get(asked.video_id, asking.id)
        if job is None:
            raise not_found("video", asked.video_id, "video_id")
        if job.error is None or job.error.code != BLOCKED:
            raise ApiError(400, f"Video '{job.id}' was not refused.", code="not_refused", param="video_id")
        return job.id
    assert asked.request_id is not None
    lines = access.audit.search(owner=asking.id, request_id=asked.request_id)
    if not lines:
        raise not_found("request", asked.request_id, "request_id")
    if not any(line.verdict == "block" for line in lines):
        message = f"Request '{asked.request_id}' was not refused."
        raise ApiError(400, message, code="not_refused", param="request_id")
    return asked.request_id


def _evidence(access: Access, subject: str) -> list[ToldEntry]:
    """What the log says of a video, a request or a prompt's hash."""
    found = {
        line.seq: line
        for key in ("subject", "request_id", "prompt_sha256")
        for line in access.audit.search(**{key: subject}, limit=20)  # type: ignore[arg-type]
    }
    return [ToldEntry.of(found[seq]) for seq in sorted(found)]
