"""The gate: who asks below /v1 has a key that holds, or sits at this machine where there are no keys, or is refused.

It stands before the routes and before the body. A server that was not told to want keys, and on which none was ever
made, answers only requests that a program on the same machine sends to it by a loopback name: neither a proxy nor a web
page in the user's browser, whatever name it got resolved to us (DNS rebinding), may speak for the user.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from kinora.serve.access.caller import LOCAL, Caller
from kinora.serve.access.keys import Key, Keys
from kinora.serve.errors import ApiError

GUARDED = ("/v1", "/metrics")
"""Beginnings of the paths that are only for callers; health checks and the documentation are for everybody."""

REMEMBERED = 2.0
"""Seconds for which a key that was found is not looked up again: the longest that a revoked key goes on working."""

MOST = 10_000
"""Keys remembered at once."""

PROXIED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")


class Gate:
    """Lets requests in, with their `Caller` in `request.state.caller` and until when that holds in `admitted_until`."""

    def __init__(self, app: ASGIApp, *, keys: Keys, required: bool) -> None:
        self._app = app
        self._keys = keys
        self._known: dict[bytes, tuple[Key, float]] = {}
        self._keyed = required
        self._asked = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope.get("path", "")
        if scope["type"] == "http" and any(path == one or path.startswith(f"{one}/") for one in GUARDED):
            try:
                found, until = await self._admit(scope)
                if path.startswith("/metrics"):
                    found.require("administration")
            except ApiError as error:
                await error.response()(scope, receive, send)
                return
            scope.setdefault("state", {}).update(caller=found, admitted_until=until)
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> tuple[Caller, float]:
        """Who asks, and until when (monotonic) the same request would be let in without looking anything up."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        address = scope["client"][0] if scope.get("client") else ""
        if not await self._has_keys():
            check_local(headers, address)
            return LOCAL, self._asked + REMEMBERED
        scheme, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise unauthorized("You didn't provide an API key: send it as 'Authorization: Bearer KEY'.")
        key, until = await self._find(secret.strip())
        if key is None:
            raise unauthorized("Incorrect API key provided.")
        now = time.time()
        if not key.holds(now):
            raise unauthorized("This API key was revoked or has run out.")
        if not key.reaches_from(address):
            raise ApiError(403, "This API key may not be used from where this request comes from.")
        if key.expires_at is not None:
            until = min(until, time.monotonic() + key.expires_at - now)
        return key.caller, until

    async def _has_keys(self) -> bool:
        """Whether a key was ever made. Once there was one, there always was."""
        if not self._keyed and time.monotonic() - self._asked > REMEMBERED:
            self._keyed = await run_in_threadpool(self._keys.any)
            self._asked = time.monotonic()
        return self._keyed

    async def _find(self, secret: str) -> tuple[Key | None, float]:
        """The key, and until when (monotonic) it is not looked up again."""
        name = hashlib.sha256(secret.encode()).digest()
        key, until = self._known.get(name, (None, 0.0))
        if key is not None and time.monotonic() < until:
            return key, until
        key, until = await run_in_threadpool(self._keys.find, secret), time.monotonic() + REMEMBERED
        if key is not None:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[name] = key, until
            await run_in_threadpool(self._keys.note_use, key)
        return key, until


def check_local(headers: dict[bytes, bytes], address: str) -> None:
    """Go on if the request was sent by a program on this machine, to this machine. Raises ApiError (403) if not."""
    host = headers.get(b"host", b"").decode("latin-1")
    origin = headers.get(b"origin", b"").decode("latin-1")
    remedy = "this server has no keys, so it takes requests of this machine only; make one with `kinora keys create`"
    if not is_loopback(address):
        raise ApiError(403, f"You are not on this machine: {remedy}.")
    if any(name in headers for name in PROXIED):
        raise ApiError(403, f"The request came through a proxy: {remedy}.")
    if not is_loopback(_name(host)):
        raise ApiError(403, f"The server is not called '{host[:80]}': {remedy}.")
    if headers.get(b"sec-fetch-site", b"") == b"cross-site" or (origin and origin.partition("://")[2] != host):
        raise ApiError(403, f"The request was sent by a page of another site: {remedy}.")


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def unauthorized(message: str) -> ApiError:
    """401."""
    return ApiError(401, message, headers={"WWW-Authenticate": "Bearer"})


def _name(host: str) -> str:
    """The name in a Host header, without the port and an IPv6 address's brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
