"""Status polling beside a running generation: how long polls take, and what they cost the generation.

    .venv/bin/python benchmarks/serve_polling.py [--rate 500] [--rounds 3] [--threads N] [--split]

Starts `kinora serve` with one worker and films the same shot with and without polls, in turn. Polls come at their times
whether or not the ones before were answered; a latency counts from when its poll was due, so that a stall is not hidden
by polls that were never sent. With --split the worker has the first cores and the server and the poller the last one;
without, all share all cores, as they would by default.
"""

import argparse
import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np
import psutil

CONNECTIONS = 25
PROMPT = "a red ball bounces in a meadow"


def main() -> None:
    """Film alone and beside polls, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="polls a second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="of the worker; 0 for the server's own choice")
    parser.add_argument("--model", default="kinora-small")
    parser.add_argument("--seconds", default="4")
    parser.add_argument("--split", action="store_true")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        server, base = started(given, folder)
        try:
            if given.split:
                split(server, cores)
            video(base, given)  # loads the weights
            alone, polled, waits, errors = [], [], [], 0
            for _ in range(given.rounds):
                alone.append(took(base, folder, given))
                time_polled, found, failed = beside(base, folder, given)
                polled.append(time_polled)
                waits.append(found)
                errors += failed
        finally:
            server.terminate()
            server.wait(60)
    told(given, cores, np.array(alone), np.array(polled), np.concatenate(waits), errors)


def told(
    given: argparse.Namespace, cores: list[int], alone: np.ndarray, polled: np.ndarray, waits: np.ndarray, errors: int
) -> None:
    """Print what was measured."""
    way = "worker and server on cores of their own" if given.split else "all on all cores"
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{given.rate} polls/s on {CONNECTIONS} connections, {len(cores)} cores, {way}, load average {load}")
    p50, p99, worst = np.percentile(waits, [50, 99, 100]) * 1000
    print(f"{len(waits)} polls, {errors} failed: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.0f} ms")
    ratio = np.median(polled) / np.median(alone)
    spread = ", ".join(f"{b / a:.3f}" for a, b in zip(alone, polled, strict=True))
    medians = f"{np.median(alone):.2f} s alone, {np.median(polled):.2f} s polled"
    print(f"generation: {medians}: {ratio:.3f} times (rounds: {spread})")


def started(given: argparse.Namespace, folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """A server of its own, ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "KINORA_THREADS": str(given.threads), "KINORA_PREVIEW": "0"}
    command = [sys.executable, "-m", "kinora", "serve", "--port", str(port), "--model", given.model]
    command += ["--database", f"{folder}/kinora.db", "--storage", f"{folder}/files"]
    with Path(folder, "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stderr=log)
    base = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(f"{base}/readyz").status_code == 200:
                return server, base
        except httpx.TransportError:
            assert server.poll() is None, Path(folder, "log").read_text()
        time.sleep(0.1)
    raise AssertionError("the server does not get ready")


def split(server: subprocess.Popen[bytes], cores: list[int]) -> None:
    """Workers on all cores but the last; the server, its other children and this process on the last."""
    assert len(cores) > 1, "one core can't be split"
    os.sched_setaffinity(0, cores[-1:])
    whole = psutil.Process(server.pid)
    for one in [whole, *whole.children(recursive=True)]:
        mine = cores[:-1] if one.pid != server.pid else cores[-1:]
        for thread in one.threads():
            os.sched_setaffinity(thread.id, mine)


def video(base: str, given: argparse.Namespace) -> str:
    """Film once; the video's id."""
    asked = {"prompt": PROMPT, "seed": 7, "seconds": given.seconds, "model": given.model}
    name = str(httpx.post(f"{base}/v1/videos", json=asked, timeout=60).raise_for_status().json()["id"])
    while (status := httpx.get(f"{base}/v1/videos/{name}", timeout=60).json()["status"]) in ("queued", "in_progress"):
        time.sleep(0.25)
    assert status == "completed", status
    return name


def took(base: str, folder: str, given: argparse.Namespace) -> float:
    """Seconds that the worker took for one generation, by the store."""
    from kinora.serve.store.database import Database
    from kinora.serve.store.jobs import JobStore

    store = JobStore(Database(f"{folder}/kinora.db"))
    job = store.get(video(base, given))
    store.database.close()
    assert job is not None
    assert job.started_at is not None
    assert job.completed_at is not None
    return job.completed_at - job.started_at


def beside(base: str, folder: str, given: argparse.Namespace) -> tuple[float, np.ndarray, int]:
    """The same while another process polls; and how long the polls took, in seconds, and how many failed."""
    mine, theirs = multiprocessing.Pipe()
    port = int(base.rpartition(":")[2])
    poller = multiprocessing.get_context("spawn").Process(target=poll, args=(theirs, port, given.rate))
    poller.start()
    mine.recv()
    seconds = took(base, folder, given)
    mine.send("stop")
    waits, failed = mine.recv()
    poller.join()
    return seconds, waits, failed


def poll(pipe: Connection, port: int, rate: int) -> None:
    """Ask for the newest video's status `rate` times a second until told to stop."""
    newest = httpx.get(f"http://127.0.0.1:{port}/v1/videos?limit=1").json()["data"][0]["id"]
    request = (
        f"GET /v1/videos/{newest} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer any\r\n\r\n".encode()
    )
    pipe.send("ready")
    pipe.send(asyncio.run(polling(pipe, port, rate, request)))


async def polling(pipe: Connection, port: int, rate: int, request: bytes) -> tuple[np.ndarray, int]:
    """Each connection has its share of the times, evenly apart."""
    waits: list[float] = []
    failed = 0
    begun = time.perf_counter() + 0.1
    over = asyncio.Event()

    async def one(index: int) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = 0
        while not over.is_set():
            due = begun + (turn * CONNECTIONS + index) / rate
            turn += 1
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            waits.append(time.perf_counter() - due)
            failed += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    crowd = asyncio.gather(*(one(index) for index in range(CONNECTIONS)))
    while not pipe.poll():
        await asyncio.sleep(0.1)
    over.set()
    await crowd
    return np.array(waits), failed


if __name__ == "__main__":
    main()
