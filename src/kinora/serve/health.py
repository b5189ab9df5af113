"""Whether the server lives (/healthz) and whether it should be sent requests (/readyz)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from kinora.serve.store.database import Database

Check = Callable[[], str]
"""Says what is wrong, "" if nothing is."""


@dataclass
class Health:
    """What stands against sending this server requests. `draining`: it has been told to stop.

    Other parts add to `checks` what they can't do without: `health.checks["workers"] = ...`.
    """

    draining: bool = False
    checks: dict[str, Check] = field(default_factory=dict)

    def faults(self) -> dict[str, str]:
        """What is wrong, by part; empty if the server is ready."""
        found = {name: said for name, check in self.checks.items() if (said := check())}
        return {"server": "draining", **found} if self.draining else found


def database_answers(database: Database) -> Check:
    """The check of the store."""

    def check() -> str:
        try:
            database.check()
        except SQLAlchemyError as error:
            return type(error).__name__  # its words may name the host and the user
        return ""

    return check


router = APIRouter(include_in_schema=False)


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def alive() -> JSONResponse:
    """The process answers: that is all that has to be so. Who restarts servers asks this."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
def ready(request: Request) -> JSONResponse:
    """200 if the server can take work, else 503 and why. Who spreads requests over servers asks this."""
    health: Health = request.app.state.health
    faults = health.faults()
    return JSONResponse({"status": "unavailable" if faults else "ok", **faults}, status_code=503 if faults else 200)
