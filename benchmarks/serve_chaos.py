"""A server that is killed again and again: does every accepted job end once, whole and charged once?

    python benchmarks/serve_chaos.py                                            # 200 jobs, 20 clients, 10 kills, SQLite
    python benchmarks/serve_chaos.py --database postgresql://user@host/db --elsewhere 3 --kills 1
    python benchmarks/serve_chaos.py --database postgresql://user@host/db --ray local --workers 3 --kills 1

Colour bars take the place of a model; everything round it is real: the HTTP server, the store, workers, marks and
signatures. With `--elsewhere N` the server only serves, N `kinora worker` processes work at its store, and one of those
is what is killed. With `--ray` it is an actor's process. A client whose request broke off sends it again under the same
idempotency key. Afterwards the store and every file are looked at; what is wrong is listed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil
from sqlalchemy import func, select

from kinora.media import load_frames
from kinora.safety.provenance import read_file
from kinora.serve.assets import AssetStore
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.tables import AssetRow, EventRow, UsageRow
from kinora.serve.store.values import Job

SIZE, SECONDS, FRAMES = "64x64", 0.5, 4


class Server:
    """`kinora serve`, and perhaps `kinora worker`s beside it, killed and begun again on the same port."""

    def __init__(self, arguments: argparse.Namespace, folder: Path, database: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._elsewhere, self._ray = arguments.elsewhere, arguments.ray
        self._log = (folder / "log").open("ab")
        place = ["--database", database, "--storage", str(folder / "files")]
        given = [
            "--model",
            "fake",
            "--port",
            str(self.port),
            "--workers",
            str(0 if self._elsewhere else arguments.workers),
        ]
        given += ["--ray", self._ray] if self._ray else []
        self._serve, self._work = ["serve", *place, *given], ["worker", *place, "--workers", "1"]
        self._server = self._begin(self._serve)
        self._workers = [self._begin(self._work) for _ in range(self._elsewhere)]

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}/v1"

    def kill(self) -> None:
        """Kill a worker where they are elsewhere or on Ray, else the server, which begins again."""
        if self._ray:
            actors = [
                one for one in psutil.process_iter(["cmdline"]) if "ray::Actor" in " ".join(one.info["cmdline"] or ())
            ]
            random.choice(actors).kill()
        elif self._elsewhere:
            end(self._workers.pop(random.randrange(len(self._workers))))
        else:
            end(self._server)
            self._server = self._begin(self._serve)

    def stop(self) -> None:
        """Ask all of them to leave."""
        for process in (self._server, *self._workers):
            process.terminate()
        for process in (self._server, *self._workers):
            process.wait(60)
        self._log.close()

    def _begin(self, words: list[str]) -> subprocess.Popen[bytes]:
        settings = {"KINORA_LEASE": "10", "KINORA_DRAIN": "1", "KINORA_PREVIEW": "0", "KINORA_QUEUE_EACH": "1000"}
        if self._ray:
            settings["RAY_worker_niceness"] = "0"  # else Ray's workers yield to whatever else this machine does
        command = [sys.executable, "-m", "kinora", *words]
        return subprocess.Popen(command, env={**os.environ, **settings}, stdout=self._log, stderr=self._log)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill without warning."""
    process.send_signal(signal.SIGKILL)
    process.wait()


class Client(threading.Thread):
    """Asks for some videos, whatever becomes of the connection, and waits until they have ended."""

    def __init__(self, url: str, number: int, jobs: int) -> None:
        super().__init__(daemon=True)
        self._url, self._number, self._jobs = url, number, jobs
        self.accepted: list[str] = []
        self.ended: dict[str, str] = {}
        self.broken = 0

    def run(self) -> None:
        """Ask, then poll."""
        with httpx.Client(headers={"Authorization": f"Bearer client-{self._number}"}, timeout=30) as http:
            for index in range(self._jobs):
                asked = {"prompt": f"ball {self._number} {index}", "seconds": str(SECONDS), "size": SIZE}
                key = {"Idempotency-Key": secrets.token_hex(8)}
                told = self._answer(
                    lambda asked=asked, key=key: http.post(f"{self._url}/videos", json=asked, headers=key)
                )
                self.accepted.append(told["id"])
            while len(self.ended) < len(self.accepted):
                for id in (one for one in self.accepted if one not in self.ended):
                    told = self._answer(lambda id=id: http.get(f"{self._url}/videos/{id}"))
                    if told["status"] in ("completed", "failed"):
                        self.ended[id] = told["status"]
                time.sleep(1)

    def _answer(self, ask) -> dict:  # noqa: ANN001 - a lambda of httpx
        while True:
            try:
                answer = ask()
                if answer.status_code < 500:
                    return answer.raise_for_status().json()
            except httpx.TransportError:
                self.broken += 1
            time.sleep(0.2)


def kill_at_random(server: Server, clients: list[Client], kills: int, jobs: int) -> list[float]:
    """Kill, as often as is asked, at random in each of as many parts of the work; returns when, in seconds."""
    start, when = time.monotonic(), []
    for moment in (0.9 * (part + random.random()) / kills for part in range(kills)):
        while sum(len(client.ended) for client in clients) < moment * jobs:
            time.sleep(0.05)
        time.sleep(random.uniform(0, 3))
        server.kill()
        when.append(round(time.monotonic() - start, 1))
    return when


def faults(store: JobStore, assets: AssetStore, folder: Path, accepted: list[str]) -> list[str]:
    """All that is wrong with what was left."""
    jobs: list[Job] = []
    more = True
    while more:
        page, more = store.page(None, after=jobs[-1].id if jobs else None, limit=100, order="asc")
        jobs += page
    wrong = [f"{id} was accepted {count} times" for id, count in Counter(accepted).items() if count > 1]
    wrong += [f"{id} is lost" for id in set(accepted) - {job.id for job in jobs}]
    wrong += [f"{job.id} was never accepted" for job in jobs if job.id not in set(accepted)]
    wrong += [f"{job.id} is {job.status}: {job.error}" for job in jobs if job.status != "completed"]
    with store.database.read() as session:
        charged = Counter(session.scalars(select(UsageRow.job_id)))
        told = Counter(
            row.job_id for row in session.scalars(select(EventRow)) if row.data.get("status") in ("completed", "failed")
        )
        known = {str(folder / "files" / path) for path in session.scalars(select(AssetRow.path))}
        pending = session.scalar(select(func.count()).select_from(AssetRow).where(AssetRow.state == "pending"))
    wrong += [f"{job.id} was charged {charged[job.id]} times" for job in jobs if charged[job.id] != 1]
    wrong += [f"{job.id} ended {told[job.id]} times" for job in jobs if told[job.id] != 1]
    wrong += [f"{pending} files are for ever being written"] if pending else []
    lying = {str(path) for path in (folder / "files").rglob("*") if path.is_file() and path.suffix != ".part"}
    wrong += [f"{path} belongs to nobody" for path in lying - known]
    for job in jobs:
        wrong += [f"{job.id} has no {name}" for name in {"video", "thumbnail", "spritesheet"} - set(job.assets)]
        for name, asset in job.assets.items():
            assets.verify(asset)  # raises where a file is not what was stored
            path = folder / "files" / asset.path
            if (state := read_file(path).state) != "trusted":
                wrong.append(f"{job.id}: its {name}'s credentials are {state}")
            if name == "video" and len(load_frames(path, fps=8, size=(64, 64)).frames) != FRAMES:
                wrong.append(f"{job.id}: its video is not whole")
    return wrong


def main() -> None:
    """Run, look, and say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--elsewhere", type=int, default=0)
    parser.add_argument("--ray", default="")
    parser.add_argument("--database", default="")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="kinora-chaos-") as name:
        folder = Path(name)
        database = arguments.database or str(folder / "kinora.db")
        start = time.monotonic()
        server = Server(arguments, folder, database)
        each = arguments.jobs // arguments.clients
        clients = [Client(server.url, number, each) for number in range(arguments.clients)]
        for client in clients:
            client.start()
        when = kill_at_random(server, clients, arguments.kills, each * len(clients))
        for client in clients:
            client.join()
        seconds = time.monotonic() - start
        server.stop()
        store = JobStore(Database(database))
        accepted = [id for client in clients for id in client.accepted]
        wrong = faults(store, AssetStore(folder / "files"), folder, accepted)
        jobs = [store.get(id) for id in accepted]
        print(
            json.dumps(
                {
                    "jobs": len(accepted),
                    "completed": sum(job is not None and job.status == "completed" for job in jobs),
                    "begun_more_than_once": sum(job is not None and job.attempts > 1 for job in jobs),
                    "killed_at": when,
                    "broken_requests": sum(client.broken for client in clients),
                    "seconds": round(seconds, 1),
                    "wrong": wrong,
                }
            )
        )
        if wrong:
            print((folder / "log").read_text()[-5000:], file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
