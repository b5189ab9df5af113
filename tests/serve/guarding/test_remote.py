"""Files are fetched from listed hosts at public addresses, within a size and a time, wherever redirects lead."""

import contextlib
import socket
import threading
import time

import pytest

from kinora.errors import BadInputFile, InvalidRequest
from kinora.serve.guarding import remote
from kinora.serve.guarding.remote import fetched, is_public, located, shown

HOSTS = ("pictures.example", ".cdn.example")


class Host:
    """An HTTP server of canned answers on an address of its own; counts who connects."""

    def __init__(self, address: str, answer: bytes, drip: float = 0.0) -> None:
        self.heard: list[bytes] = []
        self._server = socket.create_server((address, 0))
        self.port = self._server.getsockname()[1]
        self._answer, self._drip = answer, drip
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._server.accept()
                with wire, contextlib.suppress(OSError):
                    self.heard.append(wire.recv(65536))
                    for byte in [self._answer] if not self._drip else (bytes([one]) for one in self._answer):
                        wire.sendall(byte)
                        time.sleep(self._drip)

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def net(monkeypatch):
    """A network of hosts: `net(name=Host(...))`; 127.0.0.1 passes for public, 127.0.0.2 is private."""
    hosts, connect = {}, socket.create_connection
    monkeypatch.setattr(remote, "is_public", lambda address: address == "127.0.0.1")

    def connected(place, timeout):
        address, _ = place
        found = next(one for one in hosts.values() if one[0] == address)
        return connect((address, found[1].port), timeout)

    monkeypatch.setattr(remote.socket, "create_connection", connected)

    def plug(name, answer, address="127.0.0.1", drip=0.0):
        hosts[name] = (address, Host(address, answer, drip))
        return hosts[name][1]

    plug.resolve = lambda host, port: [hosts[host][0]] if host in hosts else []
    yield plug
    for _, host in hosts.values():
        host.close()


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nConnection: close\r\n{told}\r\n".encode() + body


def get(net, url="http://pictures.example/a.png?x=1", most=1000, seconds=10.0):
    with fetched(url, hosts=HOSTS, most=most, seconds=seconds, resolve=net.resolve) as path:
        return path.read_bytes()


def test_a_file_of_a_listed_host_is_fetched(net):
    host = net("pictures.example", answer(b"picture"))
    assert get(net) == b"picture"
    assert host.heard[0].startswith(b"GET /a.png?x=1 HTTP/1.1\r\nHost: pictures.example\r\n")


def test_subdomains_are_listed_by_a_dot(net):
    net("a.cdn.example", answer(b"picture"))
    assert get(net, "http://a.cdn.example/a.png") == b"picture"
    with pytest.raises(InvalidRequest, match="no other host"):
        located("http://cdn.example.evil.example/", HOSTS, net.resolve)


def test_a_redirect_to_a_private_address_is_not_followed(net):
    inner = net("a.cdn.example", answer(b"secret"), address="127.0.0.2")
    net("pictures.example", answer(b"", "302 Found", Location="http://a.cdn.example/secret"))
    with pytest.raises(InvalidRequest, match="private"):
        get(net)
    assert inner.heard == []


def test_a_redirect_to_a_host_that_is_not_listed_is_not_followed(net):
    other = net("evil.example", answer(b"secret"), address="127.0.0.2")
    net("pictures.example", answer(b"", "301 Moved", Location="http://evil.example/"))
    with pytest.raises(InvalidRequest, match="no other host"):
        get(net)
    assert other.heard == []


@pytest.mark.parametrize(
    "where",
    ["file:///etc/passwd", "gopher://pictures.example/", "http://pictures.example:22/", "//u@pictures.example/"],
)
def test_a_redirect_to_something_else_is_not_followed(net, where):
    net("pictures.example", answer(b"", "302 Found", Location=where))
    with pytest.raises(InvalidRequest):
        get(net)


def test_redirects_end(net):
    host = net("pictures.example", answer(b"", "302 Found", Location="/again"))
    with pytest.raises(BadInputFile, match="more than 3 times"):
        get(net)
    assert len(host.heard) == 4


def test_what_is_too_large_is_given_up(net):
    net("pictures.example", answer(b"x" * 1001))
    with pytest.raises(BadInputFile, match="larger than 1,000 bytes"):
        get(net)


def test_what_breaks_off_is_no_file(net):
    net("pictures.example", answer(b"half", **{"Content-Length": "8"}))
    with pytest.raises(BadInputFile):
        get(net)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content"])
def test_what_is_not_there_is_no_file(net, status):
    net("pictures.example", answer(b"", status))
    with pytest.raises(BadInputFile, match="answers"):
        get(net)


def test_who_drips_is_left_at_the_deadline(net):
    net("pictures.example", answer(b"x" * 500), drip=0.05)
    begun = time.monotonic()
    with pytest.raises(BadInputFile, match="too long"):
        get(net, seconds=0.5)
    assert time.monotonic() - begun < 5


def test_the_environments_proxy_is_not_asked(net, monkeypatch):
    net("pictures.example", answer(b"picture"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert get(net) == b"picture"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::10.0.0.1", False),
        ("not an address", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) is public


def test_what_is_shown_of_an_address_holds_no_secret():
    assert shown("https://user:pass@pictures.example/a.png?token=secret") == "https://pictures.example/a.png"
    assert len(shown("https://pictures.example/" + "a" * 1000)) == 100


def test_nothing_is_fetched_where_no_host_is_listed(net):
    with pytest.raises(InvalidRequest, match="fetches nothing"):
        located("http://pictures.example/", (), net.resolve)
