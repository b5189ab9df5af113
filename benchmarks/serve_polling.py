"""Status polling beside a running generation: how long polls take, and what they cost the generation.

    python benchmarks/serve_polling.py [--rate 500] [--videos 1] [--rounds 3] [--threads N] [--split]

Starts `kinora serve` with one worker and films the same shot with and without polls, in turn. Polls come at their times
whether or not the ones before were answered; a latency counts from when its poll was due, so that a stall is not hidden
by polls that were never sent. They ask for the video that is being made and, with `--videos`, for more that have ended.
With --split the worker has the first cores and as many threads, and the server and the poller the last one, as if the
polls' senders were elsewhere; without, all share all cores.

The generation is timed by the store, from its start to its end; beside that stands the processor time of each process,
which whatever else the machine does changes less.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil

from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import Job

CONNECTIONS = 25
PROMPT = "a red ball bounces in a meadow"
POLLER = Path(__file__).with_name("serve_poller.py")


@dataclass
class Round:
    """One generation: its seconds by the clock, the processor's seconds of the worker and the server, and the polls."""

    seconds: float
    worker: float
    server: float
    interrupted: int
    waits: list[float] = field(default_factory=list)
    failed: int = 0
    poller: float = 0.0


def main() -> None:
    """Film alone and beside polls, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500, help="polls a second")
    parser.add_argument("--videos", type=int, default=1, help="how many are asked for")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="of the worker; 0 for one for each of its cores")
    parser.add_argument("--model", default="kinora-small")
    parser.add_argument("--seconds", default="4")
    parser.add_argument("--split", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given, folder)
        try:
            bench.film()  # loads the weights
            pairs = [(bench.film(), bench.film(polled=True)) for _ in range(given.rounds)]
        finally:
            bench.close()
    told(given, pairs)


def told(given: argparse.Namespace, pairs: list[tuple[Round, Round]]) -> None:
    """Print what was measured."""
    way = "worker and server on cores of their own" if given.split else "all on all cores"
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    asked = f"{given.rate} polls/s for {given.videos} videos on {CONNECTIONS} connections"
    print(f"{asked}, {os.cpu_count()} cores, {way}, load average {load}")
    waits = np.concatenate([polled.waits for _, polled in pairs]) * 1000
    p50, p99, worst = np.percentile(waits, [50, 99, 100])
    failed = sum(polled.failed for _, polled in pairs)
    print(f"{len(waits)} polls, {failed} failed: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.0f} ms")
    for what, name in (("by the clock", "seconds"), ("of the worker's processor time", "worker")):
        before, after = (np.array([getattr(pair[at], name) for pair in pairs]) for at in (0, 1))
        rounds = ", ".join(f"{one:.3f}" for one in after / before)
        medians = f"{np.median(before):.2f} s alone, {np.median(after):.2f} s polled"
        print(f"generation, seconds {what}: {medians}: {np.median(after) / np.median(before):.3f} times ({rounds})")
    extra = sum(polled.server - alone.server * polled.seconds / alone.seconds for alone, polled in pairs)
    print(
        f"a poll: {1e6 * extra / len(waits):.0f} us of the server's processor time,"
        f" {1e6 * sum(polled.poller for _, polled in pairs) / len(waits):.0f} us of the poller's;"
        f" the worker was interrupted {sum(alone.interrupted for alone, _ in pairs)} times alone,"
        f" {sum(polled.interrupted for _, polled in pairs)} times beside polls"
    )


class Bench:
    """A server of its own with one worker, and what is asked of it."""

    def __init__(self, given: argparse.Namespace, folder: str) -> None:
        self._given = given
        cores = sorted(os.sched_getaffinity(0))
        assert not given.split or len(cores) > 1, "one core can't be split"
        theirs = cores[:-1] if given.split else cores
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        environment = {**os.environ, "KINORA_THREADS": str(given.threads or len(theirs)), "KINORA_PREVIEW": "0"}
        command = [sys.executable, "-m", "kinora", "serve", "--port", str(self._port), "--model", given.model]
        command += ["--database", f"{folder}/kinora.db", "--storage", f"{folder}/files"]
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(command, env=environment, stderr=log)
        self._server = psutil.Process(server.pid)
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=60)
        for _ in range(600):
            try:
                if self._http.get("/readyz").status_code == httpx.codes.OK:
                    break
            except httpx.TransportError:
                assert server.poll() is None, Path(folder, "log").read_text()
            time.sleep(0.1)
        else:
            raise AssertionError("the server does not get ready")
        self._worker = next(one for one in self._server.children() if "kinora.serve.work.child" in one.cmdline())
        self._store = JobStore(Database(f"{folder}/kinora.db"))
        if given.split:
            os.sched_setaffinity(0, cores[-1:])
            for process, mine in ((self._server, cores[-1:]), (self._worker, theirs)):
                for thread in process.threads():
                    os.sched_setaffinity(thread.id, mine)
        self._others = [self._ended() for _ in range(given.videos - 1)]

    def close(self) -> None:
        """Stop the server."""
        self._store.database.close()
        self._http.close()
        self._server.terminate()
        self._server.wait(60)

    def film(self, *, polled: bool = False) -> Round:
        """Film once, with polls or without."""
        words = [sys.executable, str(POLLER), str(self._port), str(self._given.rate), str(CONNECTIONS)]
        poller = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) if polled else None
        time.sleep(0.5)
        before = self._spent()
        job = self._ordered()
        if poller is not None and poller.stdin is not None:
            paths = [f"/v1/videos/{one}" for one in (job, *self._others)]
            poller.stdin.write(f"{' '.join(paths)}\n".encode())
            poller.stdin.flush()
        seconds = self._seconds(job)
        worker, server, interrupted = (after - one for after, one in zip(self._spent(), before, strict=True))
        if poller is None:
            return Round(seconds, worker, server, int(interrupted))
        found = json.loads(poller.communicate()[0])
        return Round(
            seconds, worker, server, int(interrupted), found["waits"], found["failed"], poller=found["processor"]
        )

    def _spent(self) -> tuple[float, float, float]:
        """Processor time of the worker and of the server, and how often somebody else took the worker's core."""
        worker, server = (sum(one.cpu_times()[:2]) for one in (self._worker, self._server))
        return worker, server, self._worker.num_ctx_switches().involuntary

    def _ordered(self, seconds: str = "") -> str:
        asked = {"prompt": PROMPT, "seed": 7, "seconds": seconds or self._given.seconds, "model": self._given.model}
        return str(self._http.post("/v1/videos", json=asked).raise_for_status().json()["id"])

    def _seconds(self, name: str) -> float:
        """Wait for a video; how long it was in the worker's hands."""
        while not (job := self._job(name)).ended:
            time.sleep(0.25)
        assert job.status == "completed", job.error
        assert job.started_at is not None
        assert job.completed_at is not None
        return job.completed_at - job.started_at

    def _job(self, name: str) -> Job:
        job = self._store.get(name)
        assert job is not None
        return job

    def _ended(self) -> str:
        """A video that nothing will happen to any more."""
        name = self._ordered()
        self._http.post(f"/v1/videos/{name}/cancel").raise_for_status()
        return name


if __name__ == "__main__":
    main()
