"""Where requests become jobs: all that the routes of one server share.

    reception = reception_of(request)
    job = await reception.accept(visit, order, Terms(...))

The words are judged, the caller's quota is counted and the job is queued, in this order; only then does a file that
came with it belong to it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from kinora.grid import Size, format_size
from kinora.request import Real
from kinora.safety.policy import Verdict
from kinora.serve.access import Access, Caller
from kinora.serve.assets import AssetStore
from kinora.serve.errors import BLOCKED, ApiError
from kinora.serve.ordering.aside import Aside
from kinora.serve.ordering.catalogue import Catalogue
from kinora.serve.ordering.inputs import Inputs
from kinora.serve.schemas.order import Order
from kinora.serve.screening import Screening
from kinora.serve.settings import Settings
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import Idempotency, IdempotencyConflict, Job, NewJob, QueueFull
from kinora.serve.wire import Body, Upload
from kinora.serve.work.memory import admit, predicted

LOOKING = 60.0
"""Seconds that opening an upload may take."""

LONGEST_KEY = 250
"""Characters of an idempotency key."""

PATIENCE = (0.05, 0.5)
"""Seconds between looks at a job that is waited for: at first, at last."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the store and the guard are told of an order: how large and long the video will be, and all its words."""

    size: Size
    seconds: Real
    words: Sequence[str]
    shown: str | None
    remixed_from: str | None = None


@dataclass(frozen=True)
class Visit:
    """One request: who asks, what came with it, and how it may be repeated."""

    request: Request
    asking: Caller
    body: Body
    inputs: Inputs


class Reception:
    """The parts of one server."""

    def __init__(self, settings: Settings, store: JobStore, assets: AssetStore, access: Access) -> None:
        self.settings = settings
        self.store = store
        self.assets = assets
        self.access = access
        self.catalogue = Catalogue(settings)
        self.screening = Screening(settings.guard)
        self.eyes = Aside(timeout=LOOKING)
        self.witness = Aside(timeout=LOOKING)

    def close(self) -> None:
        """End the processes beside the server."""
        self.eyes.close()
        self.witness.close()

    def policy(self, asking: Caller) -> str:
        """The profile by which a caller's words and pictures are judged."""
        return asking.profile if asking.profile == "research" else self.settings.policy

    async def accept(self, visit: Visit, order: Order, terms: Terms) -> Job:
        """Screen, count and queue an order. Raises ApiError when refused, over a quota, or when the queue is full."""
        (job,) = await self.accept_all(visit, [order], terms)
        return job

    async def accept_all(self, visit: Visit, orders: Sequence[Order], terms: Terms) -> list[Job]:
        """The same for several orders of one request under the same terms: all of them are queued, or none."""
        asking, action = visit.asking, f"videos.{orders[0].kind}"
        longest = max(map(len, terms.words), default=0)
        if longest > self.settings.max_prompt:
            message = f"{longest:,} characters: this server reads prompts of up to {self.settings.max_prompt:,}."
            raise ApiError(400, message, code="string_above_max_length", param="prompt")
        verdict = await self.screening.words(self.policy(asking), terms.words, orders[0].negative)
        if not verdict.allowed:
            await self._note(visit, action, terms, verdict)
            raise refused(verdict)
        more = {"inputs": await visit.inputs.keep(), "policy": self._policy_of(asking)}
        asked = [self._new(asking, order.model_copy(update=more), terms, verdict) for order in orders]
        keys = await run_in_threadpool(idempotency_of, visit, len(orders))  # hashes whole files
        try:
            jobs = await run_in_threadpool(
                self.store.add_all,
                list(zip(asked, keys, strict=True)),
                check=self.access.quotas.check(asking, seconds=float(terms.seconds)),
            )
        except QueueFull as error:
            told = {"Retry-After": str(error.retry_after)}
            raise ApiError(429, f"{error}.", code="queue_full", headers=told) from error
        except IdempotencyConflict as error:
            raise ApiError(422, f"{error}.", code="idempotency_key_reused", param="Idempotency-Key") from error
        if jobs[0].request.get("inputs", {}) == more["inputs"]:
            visit.inputs.accepted()  # else it is the job of an earlier request, which has files of its own
        for job in jobs:
            await self._note(visit, action, terms, verdict, job.id)
        return jobs

    async def ended(self, request: Request, job: Job) -> Job:
        """Wait until a job has ended; it is cancelled if whoever asked goes away."""
        pause, most = PATIENCE
        owner = job.owner
        while not job.ended:
            if await request.is_disconnected():
                await run_in_threadpool(self.store.cancel, job.id, owner)
                raise ApiError(408, "The client has gone.", code="request_timeout")
            await asyncio.sleep(pause)
            pause = min(most, pause * 1.3)
            found = await run_in_threadpool(self.store.get, job.id, owner)
            if found is None:
                raise ApiError(404, "The job was deleted while it was made.", code="not_found")
            job = found
        return job

    def _policy_of(self, asking: Caller) -> str:
        policy = self.policy(asking)
        return "" if policy == self.settings.policy else policy

    def _new(self, asking: Caller, order: Order, terms: Terms, verdict: Verdict) -> NewJob:
        told = {**order.told, "warning": verdict.reason} if verdict.action == "warn" else order.told
        memory = predicted(order.model, terms.size, terms.seconds, given=bool(order.inputs))
        admit(self.settings, memory)
        return NewJob(
            owner=asking.id,
            kind=order.kind,
            request=order.model_copy(update={"told": told}).stored(),
            model=order.model,
            size=format_size(terms.size),
            seconds=float(terms.seconds),
            prompt=terms.shown,
            remixed_from=terms.remixed_from,
            inputs=tuple(dict.fromkeys(order.inputs.values())),
            memory=memory,
        )

    async def _note(
        self, visit: Visit, action: str, terms: Terms, verdict: Verdict, subject: str | None = None
    ) -> None:
        prompt = terms.shown or "\n".join(terms.words)
        await self.access.note(visit.request, action, prompt=prompt, verdict=verdict, subject=subject)


def reception_of(request: Request) -> Reception:
    """The server's `Reception`; fit for `Depends`."""
    found: Reception = request.app.state.reception
    return found


def refused(verdict: Verdict) -> ApiError:
    """The answer to words that the guard refuses."""
    return ApiError(400, f"Your request was blocked by our moderation system: {verdict.reason}.", code=BLOCKED)


def idempotency_of(visit: Visit, jobs: int) -> list[Idempotency | None]:
    """For each job of a request the key under which it may be repeated, with the hash that tells it from others."""
    key = visit.request.headers.get("idempotency-key")
    if key is None:
        return [None] * jobs
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = f"An idempotency key has 1 to {LONGEST_KEY} printable ASCII characters."
        raise ApiError(400, message, code="invalid_value", param="Idempotency-Key")
    digest = hashlib.sha256(visit.request.url.path.encode())
    digest.update(json.dumps(visit.body.fields, sort_keys=True, default=_hashed).encode())
    # What follows a tab is ours: no client's key has one.
    return [Idempotency(f"{key}\t{part}" if part else key, digest.hexdigest()) for part in range(jobs)]


def _hashed(value: object) -> str:
    assert isinstance(value, Upload), f"{value=}"
    value.file.seek(0)
    digest = hashlib.sha256()
    while block := value.file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
