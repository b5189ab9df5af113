"""Jobs as the API shows them."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from kinora.request import Real
from kinora.serve.schemas import answers
from kinora.serve.store.values import Job

ADVICE = "openai-poll-after-ms"

SOONEST, LATEST = 500, 5000
"""Milliseconds between two looks at a job."""

LOOKS = 8
"""About how often a client should look before the job has ended: OpenAI's reads the advice once, at its first look."""


def video(job: Job) -> answers.Video:
    """All 13 fields, and ours."""
    return answers.Video(
        id=job.id,
        model=job.model,
        status=job.status,
        progress=job.progress,
        created_at=int(job.created_at),
        completed_at=None if job.completed_at is None else int(job.completed_at),
        expires_at=None if job.expires_at is None else int(job.expires_at),
        prompt=job.prompt,
        size=job.size,
        seconds=seconds(job.seconds),
        remixed_from_video_id=job.remixed_from,
        error=None if job.error is None else answers.VideoError(code=job.error.code, message=job.error.message),
        kinora=extras(job),
    )


def extras(job: Job) -> dict[str, Any]:
    """What OpenAI's object has no place for: how it is made, what was made otherwise than asked, what came of it."""
    order = job.request
    told = {
        "kind": job.kind,
        "model": job.model,
        "seed": order.get("seed"),
        "stage": job.stage or None,
        "attempts": job.attempts,
        "assets": sorted(job.assets),
        **order.get("told", {}),
    }
    return {**told, **job.result}


def seconds(value: Real) -> str:
    """A length as OpenAI writes it: "4", and where it is no whole number "2.5"."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def advise(response: Response, job: Job, now: Real) -> None:
    """Say when to look again."""
    if (after := poll_after(job, now)) is not None:
        response.headers[ADVICE] = str(after)


def poll_after(job: Job, now: Real) -> int | None:
    """Milliseconds until it is worth while to look again, by how fast the job goes; None once it has ended."""
    if job.ended:
        return None
    wait = LATEST / 5.0
    if job.status == "in_progress" and job.progress > 0 and job.started_at is not None:
        left = (now - job.started_at) * (100 - job.progress) / job.progress
        wait = left * 1000 / LOOKS
    return int(min(LATEST, max(SOONEST, wait)))
