"""Who is asking: every route below /v1 takes `caller` and gets somebody whom the gate has let in.

    @router.post("/v1/videos")
    async def create(asking: Annotated[Caller, Depends(caller)]) -> ...:
        asking.require("people")          # 403 access_not_granted unless the role may

The gate (guarding) has looked at the key before any route runs and before a byte of the body is read, so no route can
forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from kinora.serve.access.roles import LIMITS, MAY, Feature, Limits, Role


@dataclass(frozen=True)
class Caller:
    """Whom a request comes from: a key's id and name, its role and limits. `id` is the owner of what it makes."""

    id: str
    role: Role
    limits: Limits = field(default_factory=Limits)
    name: str = ""

    def may(self, feature: Feature) -> bool:
        """Whether the role includes `feature`."""
        return feature in MAY[self.role]

    @property
    def profile(self) -> str:
        """The policy's profile that this caller's words are judged by."""
        return "research" if self.may("research") and self.role == "red_team" else "standard"


LOCAL = Caller("local", "admin", LIMITS["admin"], "this machine")
"""Everybody on a server without keys: it listens on loopback only."""


async def caller(request: Request) -> Caller:
    """Whom the gate has let in with this request."""
    found: Caller = request.state.caller
    return found
