"""A desk at a server far away: `kinora worker --server URL`. See `door` for the other side.

While a server restarts, its workers work on, and hand in what they made when it is there again, unless that takes
longer than their lease: nothing is lost by a server's restart but, at worst, time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from kinora import __version__
from kinora.errors import InvalidRequest, Unavailable
from kinora.request import Real
from kinora.serve.assets import Asset, CorruptAsset
from kinora.serve.store.values import Claim, Hand, Job, JobError
from kinora.serve.work.desk import Lost, Seen

PATIENCE = 60.0
"""Seconds for which something is said again to a server that does not answer."""

PAUSE = 0.5

GONE = 410


class ServerDesk:
    """All that a worker asks for, from a server's API; `url` may end in /v1 or not."""

    def __init__(self, url: str, key: str = "", *, patience: Real = PATIENCE) -> None:
        base = url.rstrip("/").removesuffix("/v1")
        if not base.startswith(("http://", "https://")):
            raise InvalidRequest(url, rule="no server's URL", remedy="for example http://127.0.0.1:8000")
        headers = {"Authorization": f"Bearer {key or 'none'}"}
        self._http = httpx.Client(base_url=f"{base}/v1/workers/", headers=headers, timeout=30)
        self._url, self._patience = base, patience

    def check(self) -> None:
        """Ask whether we would be let in, and are of one version. Raises Unavailable."""
        try:
            answer = self._http.get("ready")
        except httpx.HTTPError as error:
            raise Unavailable(self._url, rule=f"does not answer ({type(error).__name__})") from error
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(
                self._url,
                rule=f"does not let workers in ({answer.status_code})",
                remedy="put a key of role admin into KINORA_KEY",
            )
        try:
            version = answer.json()["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(self._url, rule="answers, but not as a server of Kinora's") from error
        if version != __version__:
            rule = f"is Kinora {version}, and this worker is {__version__}"
            raise Unavailable(self._url, rule=rule, remedy="install the server's version")

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def claim(self, hand: Hand) -> Claim | None:
        """The next job for a worker, or None."""
        fields = ("id", "host", "pid", "born", "device", "budget")
        found = self._say("claim", {name: getattr(hand, name) for name in fields}, patience=0)
        if found is None:
            return None
        inputs = {id: Asset(**one) for id, one in found.pop("inputs").items()}
        return Claim(job=Job(**found.pop("job")), inputs=inputs, **found)

    def heartbeat(self, claim: Claim, progress: int, stage: str) -> bool:
        """Renew the lease; False if the job is no longer the worker's."""
        return bool(self._say("heartbeat", _told(claim) | {"progress": progress, "stage": stage}, patience=0))

    def fetch(self, claim: Claim, asset: Asset, to: Path) -> Path:
        """Copy an input to this machine. Raises CorruptAsset."""

        def copy() -> httpx.Response:
            with self._http.stream("GET", f"inputs/{asset.id}", params={"job": claim.job.id}) as answer:
                if answer.is_success:
                    with to.open("wb") as file:
                        for block in answer.iter_bytes():
                            file.write(block)
                return answer

        try:
            self._asked(copy)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                raise CorruptAsset(asset.path, rule="the server has it no more") from error
            raise
        if to.stat().st_size != asset.bytes:
            raise CorruptAsset(asset.path, rule="the server broke off")
        return to

    def deliver(self, claim: Claim, name: str, path: Path, type: str) -> Asset:
        """Send a finished file. Raises Lost."""
        return Asset(**self._send(claim, path, {"name": name, "type": type}))

    def show(self, claim: Claim, path: Path, frame: int) -> None:
        """Send a preview. Raises Lost."""
        self._send(claim, path, {"name": "preview", "type": "image/webp", "frame": str(frame)})

    def complete(self, claim: Claim, assets: Mapping[str, Asset], result: Mapping[str, Any]) -> bool:
        """The job is done; False if it was lost meanwhile."""
        files = {name: asdict(asset) for name, asset in assets.items()}
        return bool(self._say("complete", _told(claim) | {"assets": files, "result": dict(result)}))

    def fail(self, claim: Claim, code: str, message: str) -> bool:
        """The job can't be done; False if it was lost meanwhile."""
        return bool(self._say("fail", _told(claim) | {"code": code, "message": message}))

    def drop(self, claim: Claim) -> None:
        """Say that a lost job is no longer worked at."""
        self._say("drop", _told(claim))

    def seen(self, workers: Iterable[str]) -> Mapping[str, Seen]:
        """What the workers are at, of those that are known."""
        found = self._say("seen", {"workers": list(workers)}, patience=0)
        return {worker: Seen(**one) for worker, one in found.items()}

    def lost(self, worker: str, *, fault: bool, error: JobError | None = None) -> None:
        """A worker is dead: its job waits again, or fails with `error`."""
        why = {} if error is None else {"code": error.code, "message": error.message}
        self._say("lost", {"worker": worker, "fault": fault, **why})

    def _say(self, path: str, told: Mapping[str, Any], *, patience: Real | None = None) -> Any:
        return self._asked(lambda: self._http.post(path, json=told), patience).json()

    def _send(self, claim: Claim, path: Path, about: Mapping[str, str]) -> Any:
        def send() -> httpx.Response:
            with path.open("rb") as file:
                return self._http.post("files", params=about, data=_told(claim), files={"file": file}, timeout=600)

        try:
            return self._asked(send).json()
        except httpx.HTTPStatusError as error:
            if error.response.status_code == GONE:
                raise Lost(claim.job.id) from error
            raise

    def _asked(self, ask: Callable[[], httpx.Response], patience: Real | None = None) -> httpx.Response:
        """What the server answers, asked again for as long as it does not. Raises httpx.HTTPError."""
        until = time.monotonic() + (self._patience if patience is None else patience)
        while True:
            try:
                answer = ask()
                if not answer.is_server_error or time.monotonic() >= until:
                    return answer.raise_for_status()
            except httpx.TransportError:
                if time.monotonic() >= until:
                    raise
            time.sleep(PAUSE)


def _told(claim: Claim) -> dict[str, Any]:
    return {"job": claim.job.id, "token": claim.token, "worker": claim.worker}
