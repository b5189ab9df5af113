"""Putting the layers round an app."""

from __future__ import annotations

from fastapi import FastAPI

from kinora.serve import health, metrics
from kinora.serve.access.access import Access
from kinora.serve.access.gate import Gate
from kinora.serve.access.routes import router as accounts
from kinora.serve.guarding.board import Board
from kinora.serve.guarding.bodies import Bodies, Pace
from kinora.serve.guarding.doors import Doors
from kinora.serve.guarding.polls import Polls
from kinora.serve.guarding.repeats import Remembering, Repeats
from kinora.serve.guarding.requests import Requests
from kinora.serve.settings import MIB, Settings
from kinora.serve.store.jobs import JobStore

ENVELOPE = MIB
"""Bytes that a form may have beside its file."""


def install(app: FastAPI, settings: Settings, store: JobStore) -> None:
    """Add accounts, health checks, metrics and every guarding layer to `app`.

    Afterwards app.state has `access`, `metrics`, `health` and `repeats`.
    """
    app.state.access = access = Access(store, keep_prompts=settings.log_prompts)
    app.state.metrics = measured = metrics.Metrics(store)
    app.state.health = state = health.Health(checks={"store": health.database_answers(store.database)})
    for router in (accounts, health.router, metrics.router):
        app.include_router(router)
    board = Board(store)
    app.state.repeats = repeats = Repeats(board, observe=measured.request)
    patience = settings.request_timeout
    pace = Pace(multipart=settings.max_upload + ENVELOPE, idle=min(Pace.idle, patience), grace=patience)
    app.add_middleware(Bodies, pace=pace)
    app.add_middleware(Polls, board=board)
    app.add_middleware(Gate, keys=access.keys, required=settings.keys)
    app.add_middleware(Doors, health=state)
    app.add_middleware(Requests, observe=measured.request, secure=settings.public_url.startswith("https:"))
    app.add_middleware(Remembering, repeats=repeats)
