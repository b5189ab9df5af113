"""Two live servers, one without keys and one with, and witnesses of all that a hostile request could leave behind."""

import contextlib
import os
import pathlib
import re
import socket
import tempfile
import threading
import time
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kinora.serve import guarding
from kinora.serve.app import create_app
from kinora.serve.guarding.protocol import Impatient
from kinora.serve.settings import Settings

UPLOAD = 1 << 20
PATIENCE = 3.0
TABLES = ("jobs", "assets", "job_inputs", "characters", "idempotency", "usage", "allowances", "keys", "cases")


class Listener:
    """Counts who connects. Whatever is fetched from this machine is fetched from here."""

    def __init__(self) -> None:
        self.heard = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.heard += 1
                connection.close()

    def close(self) -> None:
        self._server.close()


@dataclass(frozen=True)
class Target:
    """A server to attack, and where it could leave traces."""

    port: int
    app: FastAPI
    folder: pathlib.Path
    scratch: pathlib.Path
    listener: Listener

    def ask(self, method: str, path: str, headers: dict | None = None, **given: object) -> httpx.Response:
        """One request by an ordinary client."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            return client.request(method, path, headers=headers, **given)

    def say(self, *pieces: bytes, pause: float = 0.0) -> tuple[int, bytes]:
        """Bytes as they are, over a bare connection: the status and the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            with contextlib.suppress(OSError):  # it may have been answered, and closed, before all was said
                for piece in pieces:
                    wire.sendall(piece)
                    time.sleep(pause)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while not whole(answer) and (block := wire.recv(65536)):
                    answer += block
        return int(answer.split(b" ", 2)[1]), answer

    def traces(self) -> dict:
        """All that a request could have left: rows, files of the store, files in the temporary folder, connections."""
        with self.app.state.store.database.read() as session:
            rows = {name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in TABLES}
        files = {
            str(path.relative_to(self.folder)): path.stat().st_size
            for path in (self.folder / "files").rglob("*")
            if path.is_file()
        }
        scratch = sorted(str(path.relative_to(self.scratch)) for path in self.scratch.rglob("*"))
        return {"rows": rows, "files": files, "scratch": scratch, "heard": self.listener.heard}


def whole(answer: bytes) -> bool:
    """Whether an answer's head and as much body as it announces are there."""
    head, found, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(found and length and len(body) >= int(length[1]))


@contextlib.contextmanager
def target(folder: pathlib.Path, scratch: pathlib.Path, listener: Listener, **given: object):
    settings = Settings(
        port=0,
        model="fake",
        database=str(folder / "kinora.db"),
        storage=str(folder / "files"),
        max_upload=UPLOAD,
        max_pixels=4_000_000,
        max_upload_seconds=5,
        request_timeout=PATIENCE,
        **given,
    )
    (folder / "files").mkdir()
    app = create_app(settings)
    server = guarding.server(app, settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < until
        time.sleep(0.02)
    try:
        yield Target(server.servers[0].sockets[0].getsockname()[1], app, folder, scratch, listener)
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory):
    """The servers' temporary folder."""
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setitem(os.environ, "TMPDIR", str(folder))
        patch.setattr(Impatient, "header_seconds", PATIENCE)
        yield folder


@pytest.fixture(scope="session")
def listener():
    found = Listener()
    yield found
    found.close()


@pytest.fixture(scope="session")
def open_target(tmp_path_factory, scratch, listener):
    """A server without keys, on loopback."""
    with target(tmp_path_factory.mktemp("open"), scratch, listener) as found:
        yield found


@pytest.fixture(scope="session")
def keyed_target(tmp_path_factory, scratch, listener):
    """A server with keys, which fetches from pictures.example alone."""
    hosts = ("pictures.example",)
    with target(tmp_path_factory.mktemp("keyed"), scratch, listener, keys=True, remote_urls=hosts) as found:
        yield found
