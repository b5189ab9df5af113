"""What Prometheus reads at /metrics.

Requests are counted as they are answered. What happens to jobs happens in other processes, some on other machines and
any of them killed at times, so it is read from the store at each scrape: whatever ended since the last one. Every
server of a store therefore tells of the same jobs: look at one of them, don't add them up. Counts begin at 0 with the
server.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from kinora.safety.policy import CATEGORIES
from kinora.serve.errors import BLOCKED
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.tables import JobRow
from kinora.serve.store.tables_access import AuditRow
from kinora.serve.work.machine import host, is_dead, memory_of

LATE = 120.0
"""Seconds by which an end may be entered after a scrape that could have seen it: a slow commit, a clock behind ours."""

WAITS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
STEPS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
WORK = (1, 3, 10, 30, 60, 180, 600, 1800, 3600)
ANSWERS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """All of a server's metrics, in a registry of its own."""

    def __init__(self, store: JobStore) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "kinora_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._answers = Histogram(
            "kinora_request_seconds", "Time to answer.", ["route"], buckets=ANSWERS, registry=registry
        )
        self.draining = Gauge("kinora_draining", "1 while the server is being stopped.", registry=registry)
        registry.register(_Store(store))
        self._ended = _Ended(store, registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer; status 0 is a client that went away."""
        self._requests.labels(method, route, str(status)).inc()
        self._answers.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The whole, for Prometheus."""
        self._ended.catch_up()
        return generate_latest(self.registry)


class _Ended:
    """Counts what ended since the last look."""

    def __init__(self, store: JobStore, registry: CollectorRegistry) -> None:
        self._store, self._lock = store, threading.Lock()
        self._since = time.time()
        self._seen: dict[str, float] = {}
        self._audited: int | None = None
        given: dict[str, Any] = {"registry": registry}
        kind, model = ["kind", "model"], ["model"]
        self.jobs = Counter("kinora_jobs_ended", "Jobs that ended.", [*kind, "outcome"], **given)
        self.waits = Histogram(
            "kinora_queue_wait_seconds", "From acceptance to the last worker's start.", buckets=WAITS, **given
        )
        self.work = Histogram("kinora_job_seconds", "From that start to the end.", kind, buckets=WORK, **given)
        self.steps = Histogram("kinora_step_seconds", "One solver step.", model, buckets=STEPS, **given)
        self.decode = Histogram("kinora_decode_frame_seconds", "Decoding one frame.", model, buckets=STEPS, **given)
        self.frames = Counter("kinora_frames_reviewed", "Frames that the guard looked at.", model, **given)
        self.refusals = Counter("kinora_refusals", "What the guard refused.", ["stage", "category"], **given)
        self.peak = Gauge("kinora_job_peak_memory_bytes", "What the last job of a model took at most.", model, **given)

    def catch_up(self) -> None:
        """Read the store."""
        with self._lock, self._store.database.read() as session:
            now = self._store.database.now(session)
            since = self._since - LATE
            for row in session.scalars(select(JobRow).where(JobRow.completed_at >= since)):
                if row.id not in self._seen:
                    self._seen[row.id] = row.completed_at or now
                    if self._audited is not None:  # what ended before the first look is nobody's news
                        self._count(row)
            self._seen = {one: at for one, at in self._seen.items() if at >= since - LATE}
            self._since = now
            newest = session.scalar(select(func.max(AuditRow.seq))) or 0
            if self._audited is not None:
                # No further than `newest`: on PostgreSQL a line may come in between, and the next look counts that.
                fresh = AuditRow.seq.between(self._audited + 1, newest)
                for line in session.scalars(select(AuditRow).where(fresh, AuditRow.verdict == "block")):
                    for category in line.categories:
                        self.refusals.labels("request", category).inc()
            self._audited = newest

    def _count(self, row: JobRow) -> None:
        outcome = row.error_code or row.status
        self.jobs.labels(row.kind, row.model, outcome).inc()
        if row.started_at is not None:
            self.waits.observe(max(0.0, row.started_at - row.created_at))
            self.work.labels(row.kind, row.model).observe(max(0.0, (row.completed_at or 0.0) - row.started_at))
        result, timings = row.result, row.result.get("timings", {})
        if "denoise" in timings and result.get("steps"):
            self.steps.labels(row.model).observe(timings["denoise"] / result["steps"])
        if "decode" in timings and result.get("frames"):
            self.decode.labels(row.model).observe(timings["decode"] / result["frames"])
        if reviewed := result.get("verdict", {}).get("frames_reviewed", 0):
            self.frames.labels(row.model).inc(reviewed)
        if "peak_memory" in result:
            self.peak.labels(row.model).set(result["peak_memory"])
        if outcome == BLOCKED:
            for category in named(row.error_message or ""):
                self.refusals.labels("job", category).inc()


def named(reason: str) -> list[str]:
    """The categories in the reason of a refusal, which is all that a failed job keeps of its verdict.

    >>> named("Kinora makes no video of this kind (violence, violence/graphic); describe it without")
    ['violence', 'violence/graphic']
    """
    words = {word for inside in re.findall(r"\(([^()]*)\)", reason) for word in inside.split(", ")}
    return sorted(words & set(CATEGORIES)) or ["unnamed"]


class _Store:
    """What is so now: jobs by status, workers, and the memory of those on this machine."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """The gauges, for prometheus-client."""
        jobs = GaugeMetricFamily("kinora_jobs", "Jobs in the store.", labels=["status"])
        for status, count in self._store.counts().items():
            jobs.add_metric([status], count)
        yield jobs
        hands = self._store.hands()
        yield GaugeMetricFamily("kinora_workers", "Workers that were heard of lately.", value=len(hands))
        busy = sum(hand.job_id is not None for hand in hands)
        yield GaugeMetricFamily("kinora_workers_busy", "Workers that are at a job.", value=busy)
        memory = GaugeMetricFamily("kinora_worker_memory_bytes", "Resident, of local workers.", labels=["worker"])
        for hand in hands:
            if hand.host == host() and not is_dead(hand):
                memory.add_metric([hand.id], memory_of(hand.pid))
        yield memory


router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def read_metrics(request: Request) -> Response:
    """The metrics, for administrators' keys."""
    measured: Metrics = request.app.state.metrics
    return Response(measured.text(), media_type=CONTENT_TYPE_LATEST)
