"""Fetching a file from an address that a user named, without becoming their way into our own network.

    with fetched("https://pictures.example/cat.png", hosts=settings.remote_urls, most=20 * MIB) as path: ...

No host may be asked unless the operator listed it. Its name is resolved once, every address it has must be a public
one, and the connection goes to just these: a name that resolves otherwise a moment later gains nothing. Redirects are
followed by the same rules, few of them. Size and time are bounded, and no proxy of the environment is used.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from kinora.errors import BadInputFile, InvalidRequest

REDIRECTS = 3
SECONDS = 30.0
"""For all of it, redirects included."""

BLOCK = 1 << 16
LONGEST_SHOWN = 100

Resolve = Callable[[str, int], Sequence[str]]
"""A host's addresses, all of them."""


@dataclass(frozen=True)
class Place:
    """Where to connect: checked addresses, the name to ask for there, and what to ask for."""

    addresses: tuple[str, ...]
    port: int
    host: str
    target: str
    secure: bool


def resolved(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@contextmanager
def fetched(
    url: str, *, hosts: Sequence[str], most: int, seconds: float = SECONDS, resolve: Resolve = resolved
) -> Iterator[Path]:
    """A temporary file with what lies at `url`, for the block. An entry ".example.org" of `hosts` admits subdomains.

    Raises InvalidRequest for an address that may not be asked, BadInputFile for one that does not give a file of at
    most `most` bytes in time.
    """
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="kinora-") as folder:
        path, at = Path(folder) / "fetched", url
        for _ in range(REDIRECTS + 1):
            place = located(at, hosts, resolve)
            following = _take(place, path, shown(at), most, deadline)
            if following is None:
                yield path
                return
            at = urljoin(at, following)
        raise BadInputFile(shown(url), rule=f"leads on more than {REDIRECTS} times", remedy="name the file itself")


def located(url: str, hosts: Sequence[str], resolve: Resolve = resolved) -> Place:
    """Where `url` leads, if it may be asked. Raises InvalidRequest if not, BadInputFile for a name without address."""
    parts, host, port = _parsed(url)
    if not any(host == one.lower() or (one.startswith(".") and host.endswith(one.lower())) for one in hosts):
        rule = "this server fetches from no other host" if hosts else "this server fetches nothing from addresses"
        raise InvalidRequest(shown(url), rule=rule, remedy="send the file itself, or a data URL")
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise BadInputFile(shown(url), rule="its host has no address") from error
    if not addresses or not all(is_public(one) for one in addresses):
        raise InvalidRequest(shown(url), rule="its host is on a private network", remedy="send the file itself")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(tuple(addresses), port, host, target, parts.scheme == "https")


def is_public(address: str) -> bool:
    """Whether an address is on the Internet; one wrapped in IPv6 (mapped, 6to4, Teredo, NAT64) is judged by itself."""
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        if inner is None and one in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if one in ipaddress.ip_network("64:ff9b:1::/48") or one in ipaddress.ip_network("::/96"):
            return False
    return one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified)


def is_private_address(host: str) -> bool:
    """Whether a host is written as an address that is not public; a name is nobody's until it is resolved."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    return not is_public(host)


def shown(url: str) -> str:
    """An address fit for a message: without what may be secret in it, and short."""
    parts = url.partition("?")[0]
    scheme, found, rest = parts.partition("://")
    bare = f"{scheme}://{rest.rpartition('@')[2]}" if found else parts
    return bare if len(bare) <= LONGEST_SHOWN else f"{bare[: LONGEST_SHOWN - 3]}..."


def _parsed(url: str) -> tuple[SplitResult, str, int]:
    remedy = "for example https://pictures.example/cat.png"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidRequest(shown(url), rule="no address", remedy=remedy) from error
    if parts.scheme not in ("https", "http"):
        raise InvalidRequest(shown(url), rule="only http and https are fetched", remedy=remedy)
    usual = 443 if parts.scheme == "https" else 80
    if not host or parts.username is not None or parts.password is not None or port not in (None, usual):
        rule = "an address is a host and a path, without a user and on its scheme's own port"
        raise InvalidRequest(shown(url), rule=rule, remedy=remedy)
    if not url.isascii() or any(one <= " " or one in "\\\x7f" for one in url):
        raise InvalidRequest(shown(url), rule="an address is ASCII without spaces", remedy=remedy)
    return parts, host.lower().rstrip("."), usual


def _take(place: Place, path: Path, name: str, most: int, deadline: float) -> str | None:
    """Write the file to `path`, or return where it is said to be instead."""
    try:
        with closing(_connected(place, deadline, name)) as wire, _in_time(deadline, wire, name):
            connection = http.client.HTTPConnection(place.host)
            connection.sock = wire
            connection.request("GET", place.target, headers={"User-Agent": "kinora", "Accept": "image/*, video/*"})
            answer = connection.getresponse()
            if answer.status in (301, 302, 303, 307, 308) and (following := answer.headers.get("location")):
                return following
            if answer.status != 200:
                raise BadInputFile(name, rule=f"its server answers {answer.status}")
            _write(answer, path, name, most)
            return None
    except (OSError, http.client.HTTPException) as error:
        raise BadInputFile(name, rule=f"can't be fetched ({type(error).__name__})") from error


def _write(answer: http.client.HTTPResponse, path: Path, name: str, most: int) -> None:
    count = 0
    with path.open("wb") as file:
        while block := answer.read1(BLOCK):
            count += len(block)
            if count > most:
                raise BadInputFile(name, rule=f"is larger than {most:,} bytes")
            file.write(block)
    if answer.length:
        raise BadInputFile(name, rule="breaks off")


def _connected(place: Place, deadline: float, name: str) -> socket.socket:
    """A connection to the first checked address that takes one, under the host's name, certificate and all."""
    failure: OSError | None = None
    for address in place.addresses:
        try:
            raw = socket.create_connection((address, place.port), _left(deadline, name))
        except OSError as error:
            failure = error
            continue
        if not place.secure:
            return raw
        try:
            return ssl.create_default_context().wrap_socket(raw, server_hostname=place.host)
        except OSError:
            raw.close()
            raise
    raise failure or OSError("no address")


@contextmanager
def ended_at(deadline: float, wire: socket.socket) -> Iterator[threading.Event]:
    """Shut a connection down at `deadline` (monotonic), however steadily it drips; the event is set when that is done.

    A socket's own time-out begins anew with each byte.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


@contextmanager
def _in_time(deadline: float, wire: socket.socket, name: str) -> Iterator[None]:
    """`ended_at`, after which the block raises BadInputFile."""
    with ended_at(deadline, wire) as late:
        try:
            yield
        except (OSError, http.client.HTTPException, BadInputFile) as error:
            if late.is_set():
                raise _too_slow(name) from error
            raise
    if late.is_set():
        raise _too_slow(name)


def _left(deadline: float, name: str) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _too_slow(name)
    return left


def _too_slow(name: str) -> BadInputFile:
    return BadInputFile(name, rule="takes too long to fetch", remedy="send the file itself")
