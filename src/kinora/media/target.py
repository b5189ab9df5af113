"""Where a file goes: checked before the work starts, whole or absent after it ends."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kinora.errors import OutputError

EXTENSIONS = {
    ".mp4": "H.264 video",
    ".gif": "animated GIF",
    ".webp": "animated WebP",
    ".png": "one frame, or a contact sheet of a longer clip",
    ".jpg": "the same as JPEG",
    ".jpeg": "the same as JPEG",
}
"""What Kinora writes, by file extension."""


@dataclass(frozen=True)
class Written:
    """A finished file. `frames` is how many went into the encoder, for the guard's books."""

    path: Path
    frames: int


def check_target(path: str | Path) -> Path:
    """Return `path` if a clip can be written there; meant to be asked before an expensive clip is made.

    Raises OutputError for an unknown extension, a missing or read-only directory, a name that the file system won't
    take, or something in the way that is no file.
    """
    path = Path(path)
    if path.suffix.lower() not in EXTENSIONS:
        raise OutputError(path, rule="the extension chooses the format", remedy=f"use one of {', '.join(EXTENSIONS)}")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except (OSError, ValueError) as error:
        raise OutputError(path, rule=f"can't be written ({_reason(error)})", remedy="choose another name") from error
    if stat.S_ISDIR(mode):
        raise OutputError(path, rule="is a directory", remedy=f"name a file in it: {path / 'clip.mp4'}")
    if mode and not stat.S_ISREG(mode):  # a device or a pipe, which the rename would put away
        raise OutputError(path, rule="is no ordinary file", remedy="name another one")
    if not path.parent.is_dir():
        raise OutputError(path, rule=f"there is no directory {path.parent}", remedy="create it or choose another")
    with replacing(path, keep=False):
        pass
    return path


@contextmanager
def replacing(path: Path, *, keep: bool = True) -> Iterator[Path]:
    """Give the block an empty temporary file beside `path`, then rename it to `path`.

    If the block raises or is interrupted the temporary file is removed and whatever was at `path` stays.
    With `keep` False nothing is renamed: a rehearsal. Raises OutputError when the directory won't take the file,
    or the disk is full.
    """
    start = os.fsencode(path.name)[:100].decode(errors="ignore")  # a name has up to 255 bytes, not characters
    temporary = path.with_name(f".{start}.{secrets.token_hex(4)}.tmp")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        if keep:
            temporary.replace(path)
    except OSError as error:
        remedy = "free some space" if error.errno in _FULL else "choose another place"
        raise OutputError(path, rule=f"can't be written ({_reason(error)})", remedy=remedy) from error
    finally:
        with suppress(OSError):  # the name itself may be what the file system refused
            temporary.unlink()


_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
