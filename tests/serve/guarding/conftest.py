"""Asking an ASGI app directly: no network, and the body comes as it is told to."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest

LOOPBACK = {"host": "127.0.0.1:8000"}


@dataclass
class Answer:
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def error(self):
        return json.loads(self.body)["error"]


async def _ask(app, method, path, headers, pieces, client, pauses):
    answer, left = Answer(), list(pieces)

    async def receive():
        if not left:
            await asyncio.sleep(3600)
        await asyncio.sleep(pauses)
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message):
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {key.decode(): value.decode() for key, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in headers.items()],
        "client": (client, 40000),
        "state": {},
    }
    await app(scope, receive, send)
    return answer


@pytest.fixture
def ask():
    def asked(app, method="GET", path="/v1/me", headers=LOOPBACK, pieces=(b"",), client="127.0.0.1", pauses=0.0):
        return asyncio.run(_ask(app, method, path, headers, pieces, client, pauses))

    return asked


@pytest.fixture
def echo():
    """An app that reads the body and says how long it was."""

    async def app(scope, receive, send):
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client went away")
            length, more = length + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d" % length})

    return app
