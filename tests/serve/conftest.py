"""What tests of the server stand on, begun for those who ask: a PostgreSQL cluster of their own, and a live server."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import httpx
import pytest
from fastapi import FastAPI

from kinora.serve import guarding
from kinora.serve.app import create_app
from kinora.serve.settings import Settings
from kinora.serve.work.desk import StoreDesk
from kinora.serve.work.machine import this_hand
from kinora.serve.work.worker import Worker

PLACES = [pathlib.Path(place) for place in ("/usr/local/bin", "/usr/bin", "/usr/local/pgsql/bin")]


def programs() -> pathlib.Path | None:
    """The folder of `initdb` and `postgres`; Debian hides them from the PATH."""
    found = [path for path in (shutil.which("initdb"),) if path]
    folders = [pathlib.Path(path).parent for path in found] + PLACES
    folders += sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


def as_nobody_special() -> dict:
    """PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    pytest.skip("no user to run PostgreSQL as")


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The URL of a running PostgreSQL; skips where there is none to run."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (initdb and postgres)")
    user = as_nobody_special()
    # In /tmp itself: where tests look for what is left behind, the folder of temporary files is root's alone.
    place = pathlib.Path(tempfile.mkdtemp(prefix="kinora-postgres-", dir="/tmp"))
    if user:
        os.chown(place, user["user"], user["group"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
    data = place / "data"
    subprocess.run([folder / "initdb", "-D", data, "-U", "kinora", "-A", "trust", "-N"], check=True, cwd=place, **quiet)
    options = ["-p", str(port), "-k", str(place), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    server = subprocess.Popen([folder / "postgres", "-D", data, *options], cwd=place, **quiet)
    try:
        wait_for(port)
        yield f"postgresql://kinora@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        server.wait(30)
        shutil.rmtree(place, ignore_errors=True)


def wait_for(port: int, seconds: float = 60.0) -> None:
    import psycopg

    until = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(f"postgresql://kinora@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@dataclass(frozen=True)
class Live:
    """A running server: its address, its app, and workers in threads of this process."""

    url: str
    app: FastAPI

    @property
    def client(self) -> httpx.Client:
        """A client without OpenAI's library. Whoever asks closes it."""
        return httpx.Client(base_url=self.url, headers={"Authorization": "Bearer any"}, timeout=60)

    def ended(self, video: str) -> dict:
        """The video once it is finished or has failed."""
        until = time.monotonic() + 120
        with self.client as client:
            while (found := client.get(f"/videos/{video}").json())["status"] in ("queued", "in_progress"):
                assert time.monotonic() < until, f"{video} is still {found['status']}"
                time.sleep(0.05)
        return found


@contextlib.contextmanager
def serving(folder: pathlib.Path, *, workers: int = 1, **given: object) -> Iterator[Live]:
    """A live server below `folder`, on colour bars unless told otherwise."""
    chosen = {"model": "fake", "preview": 0.0, "database": str(folder / "kinora.db"), "storage": str(folder / "files")}
    settings = Settings(port=0, **{**chosen, **given})
    app = create_app(settings)
    server = guarding.server(app, settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    stop = threading.Event()
    desk = StoreDesk(app.state.store, app.state.assets)
    hands = [replace(this_hand(f"thread-{index}", settings), budget=0) for index in range(workers)]
    crew = [threading.Thread(target=Worker(desk, hand, settings, stop).run, daemon=True) for hand in hands]
    try:
        for one in crew:
            one.start()
        until = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Live(f"http://127.0.0.1:{port}/v1", app)
    finally:
        stop.set()
        for one in crew:
            one.join(60)
        server.should_exit = True
        thread.join(60)


@pytest.fixture(scope="session")
def serving_at() -> Callable[..., contextlib.AbstractContextManager[Live]]:
    """`serving`, for fixtures that last longer than a test."""
    return serving


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for all tests that don't change how it is set up."""
    with serving(tmp_path_factory.mktemp("live")) as found:
        yield found


@pytest.fixture
def serve(tmp_path: pathlib.Path) -> Iterator[Callable[..., Live]]:
    """Starts a server of a test's own: `serve(queue=1, workers=0)`."""
    with contextlib.ExitStack() as stack:
        yield lambda **given: stack.enter_context(serving(tmp_path, **given))
