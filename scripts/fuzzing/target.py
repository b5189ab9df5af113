"""A server to send requests to: a real one with keys, on colour bars, with one of each thing that can be named.

What is queued is thrown away while it goes on: how jobs are made is tested elsewhere, here only what is answered.
Pictures are drawn, since whoever asks for them waits.
"""

from __future__ import annotations

import base64
import http.server
import io
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from fastapi import FastAPI
from PIL import Image

from kinora.serve import guarding
from kinora.serve.access import Caller
from kinora.serve.app import create_app
from kinora.serve.settings import Settings
from kinora.serve.store.values import Claim, Hand
from kinora.serve.webhooks.sending import Sender
from kinora.serve.work.desk import StoreDesk
from kinora.serve.work.machine import this_hand
from kinora.serve.work.worker import Worker

LEASE = 86_400.0
"""Seconds: the job that is shown as running has nobody who works at it."""


@dataclass(frozen=True)
class Target:
    """A running server, a session of a key that may do everything, and what is there.

    `there` are ids by the parameter's name; `body` and `form` are what makes sense in a field, by its name. `running`
    is a video that is being made.
    """

    url: str
    session: requests.Session
    there: Mapping[str, str]
    running: str
    body: Mapping[str, Any]
    form: Mapping[str, Any]

    def fresh(self, name: str) -> str:
        """Another one of what that parameter names, to be removed."""
        path, body = {
            "video_id": ("videos", {"prompt": "a ball", "seconds": "1", "size": "64x64"}),
            "key_id": ("keys", {"name": "fresh"}),
            "webhook_endpoint_id": (
                "webhook_endpoints",
                {"name": "mine", "url": self.body["url"], "event_types": ["video.completed"]},
            ),
        }[name]
        while not (answer := self.session.post(f"{self.url}/v1/{path}", json=body)).ok:
            time.sleep(0.1)  # there are as many as may be: the sweep makes room
        found: str = answer.json()["id"]
        if name == "video_id":  # what waits is thrown away; what was cancelled stays
            self.session.post(f"{self.url}/v1/videos/{found}/cancel")
        return found


class Drawing(StoreDesk):
    """A desk that hands out pictures and throws everything else away."""

    def claim(self, hand: Hand) -> Claim | None:
        """The next picture."""
        claim = super().claim(hand)
        if claim is None or claim.job.kind == "image":
            return claim
        self.store.delete(claim.job.id)
        self.store.idle(hand.id)
        return None


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes deliveries."""

    def do_POST(self) -> None:
        """Read it and be content."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be silent."""


@contextmanager
def serving(folder: Path) -> Iterator[Target]:
    """A server below `folder`."""
    settings = Settings(
        port=0,
        keys=True,
        model="fake",
        preview=0.0,
        lease=LEASE,
        queue=100_000,
        queue_each=100_000,
        database=str(folder / "kinora.db"),
        storage=str(folder / "files"),
    )
    app = create_app(settings)
    app.state.sender = Sender(private=True)  # the receiver of test deliveries is on this machine
    server = guarding.server(app, settings)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    hook = f"http://127.0.0.1:{receiver.server_port}/"
    stop, store = threading.Event(), app.state.store
    hand = replace(this_hand("fuzz", settings), budget=0)
    with ExitStack() as stack:
        stack.callback(receiver.server_close)
        _beside(stack, receiver.serve_forever, receiver.shutdown)
        _beside(stack, server.run, lambda: setattr(server, "should_exit", True))
        while not server.started:
            time.sleep(0.05)
        session = stack.enter_context(requests.Session())
        made = app.state.access.keys.create("fuzz", role="admin")
        session.headers["Authorization"] = f"Bearer {made.secret}"
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        there, video = things(url, session, StoreDesk(store, app.state.assets), hand, settings, hook)
        running = _running(url, session, StoreDesk(store, app.state.assets), replace(hand, id="elsewhere"))
        work = Worker(Drawing(store, app.state.assets), hand, settings, stop).run
        _beside(stack, work, stop.set)
        _beside(stack, lambda: sweep(app, made.key.caller, {*there.values(), running}, stop), stop.set)
        yield Target(url, session, there, running, in_json(there, hook), in_form(there, hook, video))


def _beside(stack: ExitStack, run: Callable[[], object], end: Callable[[], object]) -> None:
    """Run something in a thread until the stack is left."""
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    stack.callback(thread.join, 60)
    stack.callback(end)


def sweep(app: FastAPI, owner: Caller, kept: set[str], stop: threading.Event) -> None:
    """Throw away what waits, but for pictures, and whatever there may only be so many of."""
    store, endpoints, cases = app.state.store, app.state.endpoints, app.state.access.cases
    while not stop.wait(0.5):
        for job in store.page(None, limit=100)[0]:
            if job.kind != "image" and job.id not in kept and not job.ended:
                store.delete(job.id)
        for row in endpoints.page(owner.id, None, 100)[0]:
            if row.id not in kept:
                endpoints.delete(owner.id, row.id)
        for case in cases.waiting():
            if case.id not in kept:
                cases.decide(case.id, by=owner, state="dismissed")


def things(
    url: str, session: requests.Session, desk: StoreDesk, hand: Hand, settings: Settings, hook: str
) -> tuple[dict[str, str], bytes]:
    """One of each thing, made through the API: ids by the parameter's name, and the video's file."""

    def made(path: str, **body: Any) -> str:
        answer = session.post(f"{url}/v1/{path}", json=body)
        answer.raise_for_status()
        found: str = answer.json()["id"]
        return found

    video = made("videos", prompt="a red ball", seconds="2", size="64x64")
    claim = desk.claim(hand)
    assert claim is not None, "the one job is there to be taken"
    Worker(desk, hand, settings).work(claim)
    refused = session.post(f"{url}/v1/videos", json={"prompt": "a nude woman on a bed"})
    there = {
        "video_id": video,
        "character_id": made("videos/characters", name="Bobo", video={"id": video}),
        "webhook_endpoint_id": made("webhook_endpoints", name="mine", url=hook, event_types=["video.completed"]),
        "request_id": refused.headers["x-request-id"],
        "case_id": made("reports", prompt_sha256="0" * 64, category="other"),
        "key_id": made("keys", name="other"),  # changed and revoked: the session goes on with its own
        "model": "fake",
    }
    return there, session.get(f"{url}/v1/videos/{video}/content").content


def _running(url: str, session: requests.Session, desk: StoreDesk, hand: Hand) -> str:
    """A video that somebody elsewhere is making, with a live frame."""
    body = {"prompt": "a blue ball", "seconds": "1", "size": "64x64"}
    found: str = session.post(f"{url}/v1/videos", json=body).json()["id"]
    claim = desk.claim(hand)
    assert claim is not None, "nobody else works yet"
    with tempfile.NamedTemporaryFile(suffix=".webp") as file:
        Image.new("RGB", (64, 64), "skyblue").save(file, "WEBP")
        file.flush()
        desk.show(claim, Path(file.name), 1)
    return found


def in_json(there: Mapping[str, str], hook: str) -> dict[str, Any]:
    """What makes sense in the fields of a JSON body."""
    video = {"id": there["video_id"]}
    return {
        **dict.fromkeys(("video", "first", "second", "mask", "file"), video),
        **{name: there[name] for name in ("video_id", "request_id")},
        "input_reference": {"image_url": "data:image/png;base64," + base64.b64encode(picture()).decode()},
        "characters": [{"id": there["character_id"]}],
        "prompt": "Bobo walks on a sandy beach",
        "model": "sora-2",
        "size": "64x64",
        "seconds": "1",
        "fps": 8,
        "url": hook,
        "event_types": ["video.completed"],
        "event_type": "video.completed",
    }


def in_form(there: Mapping[str, str], hook: str, video: bytes) -> dict[str, Any]:
    """The same for a form: files, and in it everything else is text."""
    known = in_json(there, hook)
    text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in known.items()}
    return {**text, **dict.fromkeys(("video", "first", "second", "file"), video), "input_reference": picture()}


def picture() -> bytes:
    """A file that opens a video."""
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "skyblue").save(data, "PNG")
    return data.getvalue()
