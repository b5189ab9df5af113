"""Who is asking: every route below /v1 takes `caller` and gets somebody whom the gate has let in.

    @router.post("/v1/videos")
    async def create(asking: Annotated[Caller, Depends(caller)]) -> ...:
        asking.require("people")          # 403 access_not_granted unless the role may

The gate (`access.gate`) has looked at the key before any route runs and before a byte of the body is read, so no route
can forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from kinora.serve.access.roles import LIMITS, MAY, NEEDED, Feature, Limits, Role
from kinora.serve.errors import ApiError


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

    def require(self, feature: Feature, *, param: str | None = None) -> None:
        """Go on if the role includes `feature`. Raises ApiError (403), which names the feature, if it does not."""
        if not self.may(feature):
            message = f"{NEEDED[feature]} is not for keys with the role {self.role!r}; ask who runs this server."
            raise ApiError(403, message, param=param)

    @property
    def profile(self) -> str:
        """The policy's profile that this caller's words are judged by: "research" for a red team, else "standard"."""
        return "research" if self.role == "red_team" else "standard"


LOCAL = Caller("local", "admin", LIMITS["admin"], "this machine")
"""Everybody on a server without keys: it listens on loopback only."""


async def caller(request: Request) -> Caller:
    """Whom the gate has let in with this request."""
    found: Caller = request.state.caller
    return found


async def administrator(request: Request) -> Caller:
    """The same, where only an administrator may ask. Raises ApiError (403)."""
    found = await caller(request)
    found.require("administration")
    return found
