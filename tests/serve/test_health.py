"""A server says whether it lives and whether it can take work, and leaves in order."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from kinora.serve.health import Health, database_answers
from kinora.serve.store.database import Database


def test_what_is_wrong_is_said_without_secrets(tmp_path, monkeypatch):
    def check():
        raise OperationalError("SELECT 1", {}, Exception("password=secret"))

    database = Database(str(tmp_path / "kinora.db"))
    monkeypatch.setattr(database, "check", check)
    health = Health(checks={"store": database_answers(database)})
    assert health.faults() == {"store": "OperationalError"}


def test_a_server_lives_and_is_ready(serve):
    live = serve()
    base = live.url.removesuffix("/v1")
    assert httpx.get(base + "/healthz", timeout=60).json() == {"status": "ok"}
    assert httpx.get(base + "/readyz", timeout=60).json() == {"status": "ok"}
    live.app.state.health.checks["workers"] = lambda: "no worker is alive"
    answer = httpx.get(base + "/readyz", timeout=60)
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "workers": "no worker is alive"})
    assert httpx.get(base + "/healthz", timeout=60).status_code == 200


def test_a_draining_server_answers_but_begins_nothing(serve):
    live = serve(workers=0)
    live.app.state.health.draining = True
    assert httpx.get(live.url.removesuffix("/v1") + "/readyz", timeout=60).json()["server"] == "draining"
    with live.client as client:
        assert client.get("/videos").status_code == 200
        answer = client.post("/videos", json={"prompt": "a red ball"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "x-should-retry" not in answer.headers
        assert client.get("/videos").json()["data"] == []


PROGRAM = """
import sys
from kinora.serve import guarding
from kinora.serve.app import create_app
from kinora.serve.settings import Settings

folder = sys.argv[1]
settings = Settings(port=0, model="fake", database=folder + "/kinora.db", storage=folder + "/files")
app = create_app(settings)
server = guarding.server(app, settings, settle=6.0)
started = server.startup

async def startup(sockets=None):
    await started(sockets)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)

server.startup = startup
server.run()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_sigterm_is_told_before_it_is_done(tmp_path):
    """First /readyz says so, for a while in which answers are still given; then the process ends."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{int(process.stdout.readline())}"
        assert httpx.get(base + "/readyz", timeout=60).status_code == 200
        os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + 4
        while (ready := httpx.get(base + "/readyz", timeout=60).status_code) == 200 and time.monotonic() < until:
            time.sleep(0.02)
        assert ready == 503
        assert httpx.get(base + "/v1/videos", timeout=60).status_code == 200
        assert process.wait(60) == -signal.SIGTERM
    finally:
        process.kill()
        process.stdout.close()
