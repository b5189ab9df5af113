"""Workers on a Ray cluster: an actor is a worker, its process is what can be killed. Needs the extra `ray`.

    kinora serve --database postgresql://... --storage s3://... --ray auto --workers 8 --device cuda

Ray finds each a machine with a free core, or a free GPU where the device is one; the store and the files are reached by
URL from there. An actor that dies is replaced by the supervisor, wherever there is room.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from typing import Any

from kinora.errors import Unavailable
from kinora.serve.settings import Settings
from kinora.serve.work.crew import DYING

CRASHED = 1


class Actor:
    """What runs on the cluster: one worker, beside whose work it can still be asked something."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def work(self, settings: Settings, worker: str) -> None:
        """Be a worker until told to stop."""
        from kinora.serve.work.child import work

        if settings.threads:
            os.environ["OMP_NUM_THREADS"] = str(settings.threads)
        work(settings, worker, stop=self._stop)

    def finish(self) -> None:
        """Stop after the job at hand."""
        self._stop.set()

    def memory(self) -> int:
        """Bytes that the process holds."""
        from kinora.serve.work.machine import memory_of

        return memory_of(os.getpid())


class Remote:
    """An actor as a supervisor handles it."""

    def __init__(self, id: str, actor: Any, run: Any) -> None:
        self.id, self._actor, self._run = id, actor, run
        self._asked: Any = None
        self._memory = 0

    def exit_code(self) -> int | None:
        """How it ended, or None while it lives or waits for a machine."""
        import ray

        if not ray.wait([self._run], timeout=0)[0]:
            return None
        try:
            ray.get(self._run)
        except ray.exceptions.RayActorError:
            return -signal.SIGKILL
        except ray.exceptions.RayTaskError:
            return CRASHED
        return 0

    def memory(self) -> int:
        """Bytes it held when it last answered: nobody waits for a machine far away."""
        import ray

        if self._asked is None:
            self._asked = self._actor.memory.remote()
        elif ray.wait([self._asked], timeout=0)[0]:
            try:
                self._memory = int(ray.get(self._asked))
            except ray.exceptions.RayActorError:
                self._memory = 0
            self._asked = None
        return self._memory

    def finish(self) -> None:
        """Ask it to leave after the job at hand."""
        self._actor.finish.remote()

    def kill(self) -> None:
        """End its process."""
        import ray

        ray.kill(self._actor)
        ray.wait([self._run], timeout=DYING)


class Actors:
    """A Ray cluster at `settings.ray`: "auto", "local" for one begun here, or ray://host:10001."""

    def __init__(self, settings: Settings) -> None:
        try:
            import ray
        except ModuleNotFoundError as error:
            raise Unavailable("ray", rule="is not installed", remedy="pip install 'kinora[ray]'") from error
        try:
            own = _begun_here(settings) if settings.ray == "local" else {}
            ray.init(address=settings.ray, ignore_reinit_error=True, log_to_driver=False, **own)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise Unavailable(settings.ray, rule=f"no Ray cluster there ({error})") from error
        gpus = 1 if settings.device.startswith("cuda") else 0
        # Ray gives an actor its device by CUDA_VISIBLE_DEVICES, so that each sees one, and that is its best.
        self._settings = replace(settings, ray="", device="" if gpus else settings.device)
        options = {"num_cpus": settings.threads or 1, "num_gpus": gpus, "max_restarts": 0, "max_concurrency": 2}
        self._actor = ray.remote(**options)(Actor)

    def begin(self, worker: str, index: int) -> Remote:  # noqa: ARG002 - Ray says where
        """Have an actor started, as soon as there is room."""
        actor = self._actor.remote()
        return Remote(worker, actor, actor.work.remote(self._settings, worker))


def _begun_here(settings: Settings) -> dict[str, Any]:
    """A cluster of this machine alone, with room for as many workers as are asked for."""
    cores = max(os.cpu_count() or 1, settings.workers * (settings.threads or 1))
    return {"include_dashboard": False, "num_cpus": cores}
