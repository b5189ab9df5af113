"""Hostile files and addresses: bombs, disguises, and ways into the network behind the server."""

import base64
import io
import socket
import struct
import zipfile
import zlib

import pytest
from PIL import Image

LARGE = 20_000


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *between: bytes) -> bytes:
    """A black picture of one bit a pixel."""
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height)
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(between) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def saved(kind: str, size: tuple[int, int] = (64, 64), **given: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, kind, **given)
    return stream.getvalue()


def long_gif() -> bytes:
    frames = [Image.new("RGB", (64, 64), (30 * index, 0, 0)) for index in range(8)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=1000)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/cron.d/evil", b"\0" * 1_000_000)
    return stream.getvalue()


FILES = {
    "a shell script": b"#!/bin/sh\nrm -rf /\n",
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing that reads files": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "a playlist of local files": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
    "a list of files to join": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "an archive": zipped(),
    "nothing": b"",
    "a PNG's first bytes and no more": b"\x89PNG\r\n\x1a\n",
    "a PNG that is a bomb": png(LARGE, LARGE),
    "a PNG with a text that is a bomb": png(64, 64, png_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(80_000_000)))),
    "a PNG that breaks off": saved("PNG", (500, 500), compress_level=0)[:20_000],
    "a JPEG that breaks off": saved("JPEG", (500, 500))[:300],
    "a GIF with a canvas for giants": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
    "a GIF that is a page": b"GIF89a<script>alert(1)</script>",
    "a WebP of noise": b"RIFF\xff\xff\xff\x7fWEBPVP8 " + bytes(range(256)) * 4,
    "an MP4 of noise": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 20,
    "an MP4 whose boxes end beyond it": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\xff\xff\xff\xffmoov" + bytes(64),
    "a WebM of noise": b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 20,
    "an animation where a picture is due": long_gif(),
}  # fmt: skip


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
@pytest.mark.parametrize("name", ["../../../../tmp/evil.png"])
def test_files(open_target, content, name):
    """Whatever it is called and said to be, its content decides, and nothing is made of its name."""
    before = open_target.traces()
    files = {"prompt": (None, "a red ball"), "input_reference": (name, content, "image/png")}
    answer = open_target.ask("POST", "/v1/videos", files=files)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == "input_reference"
    assert "/" not in answer.json()["error"]["message"].replace("of/", ""), "a path is told"
    assert open_target.traces() == before


def test_a_file_that_is_too_large(open_target):
    before = open_target.traces()
    large = saved("PNG") + bytes(open_target.app.state.settings.max_upload)
    files = {"prompt": (None, "a red ball"), "input_reference": ("a.png", large, "image/png")}
    answer = open_target.ask("POST", "/v1/videos", files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert open_target.traces() == before


def test_a_file_that_is_much_too_large_and_does_not_say_so(open_target):
    before = open_target.traces()
    head = b"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    part = b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n'
    block = b"%x\r\n" % 65536 + bytes(65536) + b"\r\n"
    status, _ = open_target.say(
        head + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % len(part) + part + b"\r\n", *[block] * 80
    )
    assert status == 413
    assert open_target.traces() == before


PICTURE = base64.b64encode(b"<svg/>").decode()
ADDRESSES = {
    "this machine": "http://127.0.0.1:{port}/a.png",
    "this machine by name": "http://localhost:{port}/a.png",
    "this machine as a number": "http://2130706433:{port}/a.png",
    "this machine in hexadecimal": "http://0x7f.0.0.1:{port}/a.png",
    "this machine in octal": "http://0177.0.0.1:{port}/a.png",
    "this machine in short": "http://127.1:{port}/a.png",
    "this machine in IPv6": "http://[::ffff:127.0.0.1]:{port}/a.png",
    "no machine": "http://0.0.0.0:{port}/a.png",
    "the cloud's secrets": "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "a user before the host": "http://pictures.example@127.0.0.1:{port}/a.png",
    "a fragment before the host": "http://pictures.example#@127.0.0.1:{port}/a.png",
    "a backslash before the host": "http://127.0.0.1:{port}\\@pictures.example/a.png",
    "a name that ends like a friend's": "http://pictures.example.evil.example/a.png",
    "a name that ends in a friend's": "http://evilpictures.example/a.png",
    "another port of a friend": "http://pictures.example:{port}/a.png",
    "a line's end in the path": "http://pictures.example/a\r\nX-Evil: b.png",
    "a file": "file:///etc/passwd",
    "a file, by another name": "FILE://localhost/etc/passwd",
    "gopher": "gopher://127.0.0.1:{port}/_GET%20/",
    "FTP": "ftp://127.0.0.1:{port}/a.png",
    "a path": "/etc/passwd",
    "data of no kind": "data:,",
    "data that is no base64": "data:image/png;base64,!!!!",
    "data that is a drawing": "data:image/svg+xml;base64," + PICTURE,
    "data of another kind than it says": "data:image/png;base64," + PICTURE,
}  # fmt: skip


@pytest.mark.parametrize("url", ADDRESSES.values(), ids=ADDRESSES.keys())
@pytest.mark.parametrize("kind", ["open_target", "keyed_target"])
def test_addresses(request, kind, url):
    """Neither a server that fetches nothing nor one that fetches from a friend asks any of these."""
    target = request.getfixturevalue(kind)
    headers = {"Authorization": f"Bearer {key_of(target)}"}
    before = target.traces()
    asked = {"prompt": "a red ball", "input_reference": {"image_url": url.format(port=target.listener.port)}}
    answer = target.ask("POST", "/v1/videos", headers, json=asked)
    assert answer.status_code == 400, answer.text
    assert target.traces() == before


PRIVATE = {
    "loopback": ["127.0.0.1"],
    "loopback in IPv6": ["::1"],
    "loopback, mapped": ["::ffff:127.0.0.1"],
    "loopback, by NAT64": ["64:ff9b::7f00:1"],
    "a private network": ["10.1.2.3"],
    "another private network": ["192.168.0.1"],
    "the provider's network": ["100.64.0.1"],
    "a link": ["169.254.169.254"],
    "a link in IPv6": ["fe80::1"],
    "a private network in IPv6": ["fd00::1"],
    "everywhere": ["0.0.0.0"],
    "many": ["224.0.0.1"],
    "one public, one private": ["93.184.216.34", "127.0.0.1"],
    "nowhere": [],
}


@pytest.mark.parametrize("addresses", PRIVATE.values(), ids=PRIVATE.keys())
def test_a_friends_name_that_resolves_to_a_private_address(keyed_target, monkeypatch, addresses):
    ask, before = socket.getaddrinfo, keyed_target.traces()

    def resolve(host, port, *rest, **named):
        if host != "pictures.example":
            return ask(host, port, *rest, **named)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, keyed_target.listener.port)) for address in addresses
        ]

    headers = {"Authorization": f"Bearer {key_of(keyed_target)}"}
    before = keyed_target.traces()
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    asked = {"prompt": "a red ball", "input_reference": {"image_url": "http://pictures.example/a.png"}}
    answer = keyed_target.ask("POST", "/v1/videos", headers, json=asked)
    assert answer.status_code == 400, answer.text
    assert "private" in answer.json()["error"]["message"]
    assert keyed_target.traces() == before


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://a:b@app.example/",
        "ftp://app.example/",
    ],
)
def test_webhooks_go_nowhere_private(keyed_target, url):
    headers = {"Authorization": f"Bearer {key_of(keyed_target)}"}
    asked = {"name": "mine", "url": url, "event_types": ["video.completed"]}
    answer = keyed_target.ask("POST", "/v1/webhook_endpoints", headers, json=asked)
    assert answer.status_code == 400, answer.text
    assert keyed_target.app.state.endpoints.page("key_" + key_of(keyed_target).split("-")[2], None, 10)[0] == []


KEYS: dict[int, str] = {}


def key_of(target) -> str:
    """A user's key, made once for each server with keys."""
    if not target.app.state.settings.keys:
        return "any"
    if target.port not in KEYS:
        KEYS[target.port] = target.app.state.access.keys.create("Eve", role="artist").secret
    return KEYS[target.port]
