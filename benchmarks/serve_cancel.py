"""How soon a cancelled job lets go of its worker: from the call to the store saying that the worker is idle or dead.

    python benchmarks/serve_cancel.py [--model NAME] [--times N] [--pause S]

A worker stops by itself between two steps and keeps its weights; one that takes longer than a moment is killed. With
`--model fake --pause 60` each step takes a minute, so that every cancel is a kill.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from kinora.request import DEFAULT_MODEL
from kinora.serve.schemas.order import Order
from kinora.serve.settings import Settings
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import NewJob
from kinora.serve.work.crew import Processes
from kinora.serve.work.desk import open_desk
from kinora.serve.work.supervisor import Supervisor


def begun(store: JobStore, model: str, number: int) -> str:
    """Queue a clip and wait until its model is at work; returns the job's id."""
    order = Order(kind="generate", model=model, prompt="a red ball bounces", seconds=8, seed=number)
    new = NewJob(owner="local", kind="generate", request=order.stored(), model=model, size="128x128", seconds=8)
    id = store.add(new).id
    while not any(
        event.data.get("stage") == "denoise" or (model == "fake" and event.data.get("attempt"))
        for event in store.events(id)
    ):
        time.sleep(0.05)
    return id


def main() -> None:
    """Cancel again and again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--pause", type=float, default=0.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        settings = Settings(
            model=arguments.model,
            database=str(place / "kinora.db"),
            storage=str(place / "files"),
            pause=arguments.pause,
            preview=0,
        )
        desk = open_desk(settings)
        desk.store.database.upgrade()
        supervisor = Supervisor(desk, Processes(settings), settings)
        supervisor.start()
        took = []
        for number in range(arguments.times):
            id = begun(desk.store, arguments.model, number)
            start = time.perf_counter()
            desk.store.cancel(id)
            while any(hand.job_id == id for hand in desk.store.hands()):
                time.sleep(0.01)
            took.append(time.perf_counter() - start)
        supervisor.stop()
        desk.store.database.close()
    told = {"median": statistics.median(took), "slowest": max(took), "all": sorted(took)}
    print(
        json.dumps(
            {name: [round(one, 2) for one in x] if isinstance(x, list) else round(x, 2) for name, x in told.items()}
        )
    )


if __name__ == "__main__":
    main()
