"""Send thousands of requests, right ones and wrong ones, to every operation of the API, as its own document says.

    python scripts/fuzz_api.py --examples 1000

schemathesis makes the requests from the OpenAPI document and judges the answers: no 5xx, only statuses, types and
shapes that the document names, nothing accepted that it forbids. Half of the requests name things that are there. The
server is a real one with keys, on colour bars; what it queues is thrown away while it goes on. Prints a line per
operation and exits with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import hypothesis
import schemathesis
from schemathesis import checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

from kinora.serve import guarding
from kinora.serve.app import create_app
from kinora.serve.settings import Settings
from kinora.serve.work.desk import StoreDesk
from kinora.serve.work.machine import this_hand
from kinora.serve.work.worker import Worker

JUDGES = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    use_after_free,
]
"""Not among them: that whatever fits the document is accepted. It can't say which ids there are or which sizes."""


FORM = "multipart/form-data"


@dataclass(frozen=True)
class Target:
    """A running server, a key that may do everything, and ids of things that are there, by the parameter's name."""

    url: str
    key: str
    there: dict[str, str]


def main() -> int:
    """Fuzz every operation, or those whose path contains `--only`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as target:
        return min(1, fuzz(target, asked.examples, asked.only, asked.seed))


def fuzz(target: Target, examples: int, only: str, seed: int) -> int:
    """Send `examples` requests to each operation; how many operations failed."""
    schema = schemathesis.openapi.from_url(f"{target.url}/openapi.json")
    failed = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if only not in operation.path:
            continue
        start, sent = time.perf_counter(), [0]
        said = attempt(operation, target, examples, seed, sent)
        failed += bool(said)
        spent, outcome = time.perf_counter() - start, "FAILED" if said else "ok"
        print(f"{operation.method.upper():6} {operation.path:58} {sent[0]:6} {spent:7.1f} s  {outcome}")
        if said:
            print(said, file=sys.stderr)
        sys.stdout.flush()
    return failed


def attempt(operation: APIOperation, target: Target, examples: int, seed: int, sent: list[int]) -> str:
    """Send the requests of one operation; what failed, "" if nothing did."""
    kinds = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    names = {one: target.there[one] for one in target.there if f"{{{one}}}" in operation.path}
    if names and operation.method != "delete":
        kinds += [operation.as_strategy(generation_mode=mode, path_parameters=names) for mode in GenerationMode]

    last: list[schemathesis.Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate,),
    )
    @hypothesis.given(case=hypothesis.strategies.one_of(kinds))
    def send(case: schemathesis.Case) -> None:
        sent[0] += 1
        last[:] = [case]
        # In a form everything is text, so what is a number there and what a word is for the reader to say.
        judges = [one for one in JUDGES if one is not negative_data_rejection or case.media_type != FORM]
        case.call_and_validate(checks=judges, headers={"Authorization": f"Bearer {target.key}"}, timeout=120)

    try:
        send()
    except (Failure, FailureGroup) as error:
        parts = error.exceptions if isinstance(error, FailureGroup) else [error]
        said = "\n".join(f"{type(one).__name__}: {one}" for one in parts)
        return f"{said}\n{last[0].as_curl_command()[:2000]}"
    return ""


@contextmanager
def serving(folder: Path) -> Iterator[Target]:
    """A server below `folder`, with one of each thing that can be named."""
    settings = Settings(
        port=0,
        keys=True,
        model="fake",
        preview=0.0,
        queue=100_000,
        queue_each=100_000,
        database=str(folder / "kinora.db"),
        storage=str(folder / "files"),
    )
    app = create_app(settings)
    server = guarding.server(app, settings)
    stop, store = threading.Event(), app.state.store
    threads = [threading.Thread(target=server.run, daemon=True)]
    threads[0].start()
    while not server.started:
        time.sleep(0.05)
    hand = replace(this_hand("fuzz", settings), budget=0)
    worker = Worker(StoreDesk(store, app.state.assets), hand, settings, stop)
    threads.append(threading.Thread(target=worker.run, daemon=True))
    threads[1].start()
    made = app.state.access.keys.create("fuzz", role="admin")
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    there = things(url, made.secret)
    kept = there["video_id"]

    def sweep() -> None:
        """Throw away what waits, but for pictures, whose sender waits for them."""
        while not stop.wait(0.5):
            for job in store.page(None, limit=100)[0]:
                if job.kind != "image" and job.id != kept:
                    store.delete(job.id)

    threads.append(threading.Thread(target=sweep, daemon=True))
    threads[2].start()
    try:
        yield Target(url, made.secret, {**there, "key_id": made.key.id})
    finally:
        stop.set()
        server.should_exit = True
        for thread in threads:
            thread.join(60)


def things(url: str, key: str) -> dict[str, str]:
    """One of each thing, made through the API."""
    with httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        body = {"prompt": "a red ball", "seconds": "2", "size": "64x64"}
        video = client.post("/videos", json=body).json()["id"]
        while client.get(f"/videos/{video}").json()["status"] != "completed":
            time.sleep(0.1)
        character = client.post("/videos/characters", json={"name": "Bobo", "video": {"id": video}}).json()["id"]
        hook = {"name": "mine", "url": "https://hooks.invalid/", "event_types": ["video.completed"]}
        endpoint = client.post("/webhook_endpoints", json=hook).json()["id"]
    return {"video_id": video, "character_id": character, "webhook_endpoint_id": endpoint, "model": "fake"}


if __name__ == "__main__":
    sys.exit(main())
