"""The keys of watermarks: the open one, which everybody knows, and one's own.

    keys = watermark_keys()          # {"open": ...}; with KINORA_WATERMARK_KEY=/path/to/key also {"own": ...}
    Watermark(marking_key())         # marks with one's own key where there is one, else with the open one

The open key serves the public: anyone can verify its marks (and forge them). An operator who must know their own work
from forgeries names a file in KINORA_WATERMARK_KEY; it is made on first use, readable by its owner alone, and belongs
in a backup: marks are found with the key they were made with and no other.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from kinora.errors import BadInputFile, OutputError

OPEN_KEY = b"kinora open watermark key: marks made with it can be verified, and forged, by anyone"

VARIABLE = "KINORA_WATERMARK_KEY"

KEY_BYTES = 32


def watermark_keys(environment: Mapping[str, str] = os.environ) -> dict[str, bytes]:
    """Every key to look for, by name: "open", and "own" where the environment names a key file.

    Raises BadInputFile or OutputError as `own_key` does.
    """
    path = environment.get(VARIABLE)
    return {"open": OPEN_KEY} | ({"own": own_key(Path(path).expanduser())} if path else {})


def marking_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """The key to mark with: one's own where there is one, else the open one."""
    keys = watermark_keys(environment)
    return keys.get("own", OPEN_KEY)


def own_key(path: Path) -> bytes:
    """The key in the file at `path` (64 hexadecimal digits), made at random if there is none, with mode 0600.

    Raises BadInputFile if the file holds anything else, OutputError if it can't be made.
    """
    if not path.exists():
        try:
            _make(path)
        except OSError as error:
            rule = f"can't hold a watermark key ({(error.strerror or str(error)).lower()})"
            raise OutputError(path, rule=rule, remedy=f"name another file in {VARIABLE}") from error
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise BadInputFile(path, rule="no watermark key can be read from it", remedy=_REMEDY) from error
    if len(key) != KEY_BYTES:
        rule = f"a watermark key has {2 * KEY_BYTES} hexadecimal digits, not {2 * len(key)}"
        raise BadInputFile(path, rule=rule, remedy=_REMEDY)
    return key


_REMEDY = "restore it from a backup, or move it away and a new one is made"


def _make(path: Path) -> None:
    """Put a new key at `path`, whole, unless another process was faster: then theirs stays. Raises OSError.

    A link takes a name only where it is free, which a rename does not: of workers that begin together all must mark
    with one key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
