"""Files that come with a request: uploads, data URLs, addresses, and videos made here. Looked at first, kept last.

async with Inputs(reception, asking) as inputs:
    await inputs.bring("video", asked.video, param="video", moving=True)
    inputs.brought["video"].seen.size
    ids = await inputs.keep()                    # role -> asset id; until then nothing has been stored
    ...
    inputs.accepted()                            # else what was kept is let go again at the end of the block
"""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from starlette.concurrency import run_in_threadpool

from kinora.errors import BadInputFile
from kinora.grid import parse_size
from kinora.safety.policy import ALLOWED, Verdict
from kinora.serve.access import Caller
from kinora.serve.assets import Asset, new_id
from kinora.serve.errors import BLOCKED, ApiError, not_found
from kinora.serve.guarding.remote import fetched
from kinora.serve.ordering.looking import Seen, look
from kinora.serve.schemas.base import FileReference, ImageReference, VideoReference
from kinora.serve.store.values import Job
from kinora.serve.wire import IMAGES, VIDEOS, Upload, sniffed
from kinora.serve.wire.sniff import HEAD

if TYPE_CHECKING:
    from kinora.serve.ordering.reception import Reception

Reference = Upload | ImageReference | VideoReference | FileReference

_DATA = re.compile(r"data:(?P<type>[\w.+/-]{0,100})(?:;[\w=.+-]{1,100})*;base64,", re.IGNORECASE)


@dataclass(frozen=True)
class Brought:
    """One file: what was seen of it, and where it is: on this machine, or among the assets as that of `job`."""

    seen: Seen
    kind: str
    path: Path | None = None
    job: Job | None = None
    asset: Asset | None = None


class Inputs:
    """The files of one request."""

    def __init__(self, reception: Reception, asking: Caller) -> None:
        self.brought: dict[str, Brought] = {}
        self._reception = reception
        self._asking = asking
        self._stack = ExitStack()
        self._folder = Path()
        self._kept: list[str] = []

    async def __aenter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kinora-")))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stack.close()
        for one in self._kept:
            await run_in_threadpool(self._reception.store.doom, one)

    def accepted(self) -> None:
        """What was kept belongs to a job now."""
        self._kept.clear()

    async def bring(
        self, role: str, given: Reference, *, param: str, moving: bool | None = None, judged: bool = True
    ) -> Brought:
        """Look at a file. With `moving` True it is a video or an animation, with False a picture.

        Raises ApiError for one that isn't there, is too large, is something else, or that the guard refuses.
        """
        if (name := getattr(given, "id", None)) is not None:
            brought = await self._made(name, param if param.endswith("_id") else f"{param}.id")
        else:
            path = self._folder / f"{len(self.brought)}"
            await self._stage(given, path, param)
            brought = await self._seen(path, param)
        verdict = brought.seen.verdict
        if judged and not verdict.allowed:
            raise RefusedFile(verdict, param)
        if judged and brought.seen.people:
            self._asking.require("people", param=param)
        if moving is not None and brought.seen.moves is not moving:
            said = "a picture, not a video" if moving else "a video, not a picture"
            raise ApiError(400, f"Invalid value for '{param}': it is {said}.", code="invalid_file", param=param)
        self.brought[role] = brought
        return brought

    async def look(self, role: str, given: Reference, *, param: str) -> Brought:
        """The same for a file that is only asked about: what the guard thinks of it is the caller's to tell."""
        return await self.bring(role, given, param=param, judged=False)

    async def own(self, role: str) -> None:
        """Have a copy of a file that belongs to a job, so that it outlives the job."""
        one = self.brought[role]
        if one.asset is not None:
            path = self._folder / f"own-{role}"
            await run_in_threadpool(self._reception.assets.fetch, one.asset, path)
            self.brought[role] = replace(one, path=path, asset=None)

    async def keep(self) -> dict[str, str]:
        """Store what is not stored yet; the asset's id of every role."""
        ids: dict[str, str] = {}
        for role, one in self.brought.items():
            if one.asset is not None:
                ids[role] = one.asset.id
                continue
            ids[role] = await run_in_threadpool(self._put, one)
        return ids

    def _put(self, one: Brought) -> str:
        assert one.path is not None, "a file without a place"
        place = f"uploads/{new_id()}{(IMAGES | VIDEOS)[one.kind]}"
        name = self._reception.store.enter(owner=self._asking.id, name="upload", path=place, type=one.kind)
        self._kept.append(name)
        self._reception.store.ready(self._reception.assets.put(one.path, place, type=one.kind, id=name))
        return name

    async def _made(self, name: str, param: str) -> Brought:
        """A video made here, by its id."""
        job = await run_in_threadpool(self._reception.store.get, name, self._asking.id)
        if job is None:
            raise not_found("video", name, param)
        asset = job.assets.get("video")
        if job.status != "completed" or asset is None:
            why = "its file has expired" if job.status == "completed" else f"it is {job.status.replace('_', ' ')}"
            message = f"Video '{name}' can't be used: {why}."
            raise ApiError(400, message, code="video_not_ready", param=param)
        seen = Seen(size=parse_size(job.size), seconds=job.seconds, verdict=ALLOWED, prompt=job.prompt or "")
        return Brought(seen=seen, kind=asset.type, job=job, asset=asset)

    async def _stage(self, given: Reference, path: Path, param: str) -> None:
        """Have the file's bytes at `path`."""
        if isinstance(given, Upload):
            await run_in_threadpool(_copy, given, path)
            return
        if getattr(given, "file_id", None) is not None:
            message = f"Invalid value for '{param}': this server keeps no files by id; send the file, or a data URL."
            raise ApiError(400, message, code="invalid_value", param=f"{param}.file_id")
        url = next(value for value in given.model_dump().values() if isinstance(value, str))
        if url[:5].lower() == "data:":
            await run_in_threadpool(_decode, url, path, param)
            return
        settings = self._reception.settings

        def fetch() -> None:
            with fetched(url, hosts=settings.remote_urls, most=settings.max_upload) as found:
                shutil.copyfile(found, path)

        await run_in_threadpool(fetch)

    async def _seen(self, path: Path, param: str) -> Brought:
        settings, size = self._reception.settings, path.stat().st_size
        if size > settings.max_upload:
            message = f"Invalid value for '{param}': {size:,} bytes; this server takes up to {settings.max_upload:,}."
            raise ApiError(413, message, param=param)
        with path.open("rb") as file:
            kind = sniffed(file.read(HEAD))
        if kind is None:
            known = ", ".join(suffix[1:].upper() for suffix in (IMAGES | VIDEOS).values())
            message = f"Invalid value for '{param}': expected a picture or video ({known}), by its content."
            raise ApiError(400, message, code="invalid_file", param=param)
        try:
            seen = await self._reception.eyes.run(
                look,
                path,
                self._reception.policy(self._asking),
                settings.max_pixels,
                settings.max_upload_seconds,
                not self._asking.may("people"),
            )
        except BadInputFile as error:
            said = str(error).replace(str(path), "the file")
            raise ApiError(400, f"Invalid value for '{param}': {said}.", code="invalid_file", param=param) from error
        return Brought(seen=seen, kind=kind, path=path)


class RefusedFile(ApiError):  # noqa: N818 - read at `except`
    """The guard refused a file that came with a request."""

    def __init__(self, verdict: Verdict, param: str) -> None:
        super().__init__(400, f"'{param}' was refused: {verdict.reason}.", code=BLOCKED, param=param)
        self.verdict = verdict


def _copy(upload: Upload, path: Path) -> None:
    upload.file.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file)


def _decode(url: str, path: Path, param: str) -> None:
    found = _DATA.match(url[:512])
    message = f"Invalid value for '{param}': a data URL is data:TYPE;base64,DATA."
    if found is None:
        raise ApiError(400, message, code="invalid_value", param=param)
    try:
        path.write_bytes(base64.b64decode(url[found.end() :], validate=True))
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, message, code="invalid_value", param=param) from error
