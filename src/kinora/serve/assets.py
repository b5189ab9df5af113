"""Where files lie: a folder of this machine, or any place that fsspec knows, such as an object store.

    store = AssetStore("/var/lib/kinora/files")            # or s3://bucket/kinora
    asset = store.put(path, "jobs/video_1f/video.mp4", type="video/mp4")
    with store.open(asset) as file: file.seek(100); file.read(50)

A file is there whole or not at all: in a folder it is written beside its place and renamed; an object store shows what
was sent once all of it is there. Its hash is taken on the way in and compared before its first byte is handed out.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from kinora.errors import InvalidRequest, KinoraError, OutputError, Unavailable

BLOCK = 1 << 20

READ_AHEAD = 4 * BLOCK
"""Bytes of one request to an object store. fsspec's own 50 MiB would make each seek a download."""

OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"}
"""Protocols under which an object appears whole when it has been sent, and where renaming would copy it."""

PART = ".part"
"""What a name ends in while its file is written to a folder. Who is killed leaves one; `delete` takes it along."""

VERIFIED = 10_000
"""How many files a process remembers to have compared with their hash."""


@runtime_checkable
class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes."""


@runtime_checkable
class Stored(Readable, Protocol):
    """A stored file, open."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go somewhere in it."""

    def close(self) -> None:
        """Be done with it."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A stored file: where, how long, what, and its sha256 (hex), which is its ETag too."""

    id: str
    path: str
    type: str
    bytes: int = 0
    sha256: str = ""


class CorruptAsset(KinoraError):  # noqa: N818 - read at `except`
    """A stored file is gone, or not the one that was stored."""


class AssetStore:
    """Files below one URL or folder; paths in it are relative, with slashes."""

    def __init__(self, url: str | Path) -> None:
        import fsspec

        self.url = str(url)
        try:
            # Other processes write here, too, so what a folder held a moment ago says nothing.
            self._files, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            remedy = "give a folder, or install what fsspec needs for it, for example 'kinora[s3]'"
            raise Unavailable(self.url, rule=f"no such storage ({error})", remedy=remedy) from error
        protocols = {self._files.protocol} if isinstance(self._files.protocol, str) else set(self._files.protocol)
        self.is_local = "file" in protocols
        self._renames = not protocols & OBJECT_STORES
        self._failures = _failures(protocols)
        self._verified: dict[str, None] = {}

    def put(self, source: Path | Readable, path: str, *, type: str, id: str = "") -> Asset:
        """Store a file, replacing one of the same path. Raises OutputError when it can't be written."""
        target = self._place(path)
        try:
            with _reading(source) as file:
                count, digest = self._write(file, target) if self._renames else self._send(source, file, target)
        except self._failures as error:
            rule = f"can't be written ({(getattr(error, 'strerror', None) or str(error)).lower()})"
            raise OutputError(path, rule=rule, remedy="look at the storage") from error
        return Asset(id=id or new_id(), path=path, type=type, bytes=count, sha256=digest)

    def open(self, asset: Asset) -> Stored:
        """A file to read and seek in. Raises CorruptAsset if it is gone or not the one that was stored."""
        self.verify(asset)
        try:
            return self._opened(asset)
        except self._failures as error:
            raise CorruptAsset(asset.path, rule="the stored file is gone") from error

    def read_range(self, asset: Asset, start: int, stop: int) -> Iterator[bytes]:
        """The bytes [start, stop), block by block. Raises CorruptAsset on the first one, as `open` does."""
        with closing(self.open(asset)) as file:
            file.seek(start)
            left = stop - start
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block

    def fetch(self, asset: Asset, to: Path) -> Path:
        """Copy a stored file to this machine, comparing its hash. Raises CorruptAsset."""
        with closing(self.open(asset)) as file, to.open("wb") as copy:
            _copied(file, copy.write)
        return to

    def verify(self, asset: Asset) -> None:
        """Compare a file with its hash, once in a process. Raises CorruptAsset."""
        if asset.id in self._verified:
            return
        digest = hashlib.sha256()
        try:
            with closing(self._opened(asset)) as file:
                _copied(file, digest.update)
        except self._failures as error:
            raise CorruptAsset(asset.path, rule="the stored file is gone") from error
        if digest.hexdigest() != asset.sha256:
            raise CorruptAsset(asset.path, rule="the stored file is not the one that was stored")
        if len(self._verified) >= VERIFIED:
            self._verified.clear()
        self._verified[asset.id] = None

    def delete(self, path: str) -> None:
        """Remove a file, or what was written of it; one that is gone is no error. Raises OutputError when it stays."""
        target = self._place(path)
        try:
            for name in (target, target + PART) if self._renames else (target,):
                with suppress(FileNotFoundError):
                    self._files.rm_file(name)
        except self._failures as error:
            raise OutputError(path, rule="can't be removed", remedy="look at the storage") from error

    def check(self) -> None:
        """Write and remove a file. Raises OutputError if the storage does not take it."""
        try:
            asset = self.put(io.BytesIO(b"kinora"), f"checks/{secrets.token_hex(8)}", type="text/plain")
            self.delete(asset.path)
        except OutputError as error:
            raise OutputError(self.url, rule=error.rule, remedy="name a storage that takes files") from error

    def _place(self, path: str) -> str:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
            raise InvalidRequest(path, rule="no path inside the storage", remedy="use names and slashes")
        return f"{self._root.rstrip('/')}/{'/'.join(parts)}"

    def _opened(self, asset: Asset) -> Stored:
        opened: Stored = self._files.open(self._place(asset.path), "rb", block_size=READ_AHEAD)
        return opened

    def _write(self, file: Readable, target: str) -> tuple[int, str]:
        """Write to a folder; the length and the hash."""
        beside, digest = target + PART, hashlib.sha256()
        self._files.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
        try:
            with self._files.open(beside, "wb") as copy:
                count = _copied(file, digest.update, copy.write)
                if self.is_local:  # the bytes are on the disk before the name is
                    copy.flush()
                    os.fsync(copy.fileno())
            self._files.mv(beside, target)
        except OSError:
            with suppress(OSError):
                self._files.rm_file(beside)
            raise
        return count, digest.hexdigest()

    def _send(self, source: Path | Readable, file: Readable, target: str) -> tuple[int, str]:
        """Send to an object store. An open object would appear with what it has when reading `file` breaks off."""
        digest = hashlib.sha256()
        if isinstance(source, Path):
            count = _copied(file, digest.update)
            self._files.put_file(str(source), target)
            return count, digest.hexdigest()
        with tempfile.NamedTemporaryFile(prefix="kinora-") as whole:
            count = _copied(file, digest.update, whole.write)
            whole.flush()
            self._files.put_file(whole.name, target)
            return count, digest.hexdigest()


def new_id() -> str:
    """A name for a stored file."""
    return f"file_{secrets.token_hex(16)}"


@contextmanager
def _reading(source: Path | Readable) -> Iterator[Readable]:
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source


def _copied(file: Readable, *to: Callable[[bytes], object]) -> int:
    """Hand all of a file to each of `to`; how many bytes there were."""
    count = 0
    while block := file.read(BLOCK):
        count += len(block)
        for write in to:
            write(block)
    return count


def _failures(protocols: set[str]) -> tuple[type[Exception], ...]:
    """What is raised where a storage does not do what it should: botocore's errors are no OSError."""
    if not protocols & {"s3", "s3a"}:
        return (OSError,)
    from botocore.exceptions import BotoCoreError

    return OSError, BotoCoreError
