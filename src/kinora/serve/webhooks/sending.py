"""One delivery over HTTP. A server with keys calls public addresses over https only; without keys, this machine too.

The name is resolved once and what was checked is what is called, so that a name that resolves otherwise a moment later
gains nothing; redirects are not followed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from kinora.errors import InvalidRequest, KinoraError
from kinora.serve.guarding.remote import ended_at, is_private_address, is_public, resolved, shown

SECONDS = 15.0
"""For one attempt: to connect, to send, to hear the status."""


class Undelivered(KinoraError):  # noqa: N818 - read at `except`
    """The endpoint could not be reached, or did not answer in time."""


@dataclass(frozen=True)
class Sender:
    """Sends. `private`: loopback and private addresses may be called, and plain http."""

    private: bool

    def check(self, url: str) -> None:
        """Raise InvalidRequest for an address that will not be called, as far as can be said without resolving it."""
        _target(url, private=self.private)

    def post(self, url: str, body: str, headers: Mapping[str, str]) -> int:
        """Send and return the status. Raises InvalidRequest, or Undelivered when there was no answer."""
        host, port, path, secure = _target(url, private=self.private)
        deadline = time.monotonic() + SECONDS
        try:
            addresses = resolved(host, port)
        except (OSError, UnicodeError) as error:
            raise Undelivered(shown(url), rule="its host has no address") from error
        if not addresses or not (self.private or all(is_public(one) for one in addresses)):
            raise InvalidRequest(shown(url), rule="its host is on a private network", remedy="give a public one")
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        try:
            connection.sock = _connected(addresses, port, host if secure else None)
            told = {"Content-Type": "application/json", "User-Agent": "kinora", **headers}
            with ended_at(deadline, connection.sock):
                connection.request("POST", path, body.encode(), told)
                return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise Undelivered(shown(url), rule=f"can't be reached ({type(error).__name__})") from error
        finally:
            connection.close()


def _connected(addresses: Sequence[str], port: int, name: str | None) -> socket.socket:
    """A connection to the first address that takes one; with a `name` under its certificate.

    "localhost" is ::1 first, and a program that is to be told listens on 127.0.0.1 alone.
    """
    for address in addresses:
        try:
            raw = socket.create_connection((address, port), SECONDS / len(addresses))
            break
        except OSError:
            if address == addresses[-1]:
                raise
    raw.settimeout(SECONDS)
    if name is None:
        return raw
    try:
        return ssl.create_default_context().wrap_socket(raw, server_hostname=name)
    except OSError:
        raw.close()
        raise


def _target(url: str, *, private: bool) -> tuple[str, int, str, bool]:
    """Host, port, path and whether it is https. Raises InvalidRequest."""
    remedy = "for example https://app.example/hooks/videos"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidRequest(shown(url), rule="no address", remedy=remedy) from error
    if not url.isascii() or any(one <= " " or one in "\\\x7f" for one in url):
        raise InvalidRequest(shown(url), rule="an address is ASCII without spaces", remedy=remedy)
    if not host or parts.username is not None or parts.password is not None:
        raise InvalidRequest(shown(url), rule="an address is a host and a path, without a user", remedy=remedy)
    if not private and is_private_address(host):
        raise InvalidRequest(shown(url), rule="its host is on a private network", remedy="give a public one")
    secure = parts.scheme == "https"
    if not (secure or private):
        raise InvalidRequest(shown(url), rule="deliveries go over https", remedy=remedy)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or (443 if secure else 80), path, secure
