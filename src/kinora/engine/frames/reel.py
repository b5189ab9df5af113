"""Where finished frames wait: in memory as long as they are few, then in a file without a name."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.errors import OutputError
from kinora.grid import Size

MEMORY = 8 * 2**20
"""Bytes of frames kept in memory, 20 s of 128x128 at 8 fps: however long a clip gets, its frames take no more."""

Frames = npt.NDArray[np.uint8]


class Reel:
    """Takes frames one chunk after another and gives them back as one array, which reads the file as it is looked at.

    Leaving its `with` block closes the file; an array taken before keeps what was in it.
    """

    def __init__(self, size: Size, *, memory: int = MEMORY) -> None:
        self._shape = (*size, 3)
        self._memory = memory
        self._count = 0
        self._chunks: list[Frames] = []
        self._file: Any = None  # unbuffered

    def __enter__(self) -> Reel:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, frames: Frames) -> None:
        """Add uint8 T H W C. Raises OutputError when the disk of temporary files is full."""
        assert frames.dtype == np.uint8, f"{frames.dtype=}"
        assert frames.shape[1:] == self._shape, f"{frames.shape=} on a reel of {self._shape}"
        self._count += len(frames)
        self._chunks.append(frames)
        if self._file is not None or sum(chunk.nbytes for chunk in self._chunks) > self._memory:
            self._spill()

    def __len__(self) -> int:
        return self._count

    def frames(self) -> Frames:
        """All frames, T H W C; writing to the array changes the array alone."""
        assert self._count, "a clip without frames"
        if self._file is None:
            return np.concatenate(self._chunks)
        return np.memmap(self._file, np.uint8, mode="c", shape=(self._count, *self._shape))

    def _spill(self) -> None:
        try:
            if self._file is None:
                # Unlinked from the start: whatever happens to this process, nothing stays behind.
                self._file = tempfile.TemporaryFile(prefix="kinora-", buffering=0)  # noqa: SIM115 - see __exit__
            for chunk in self._chunks:
                left = np.ascontiguousarray(chunk).reshape(-1).data
                while left:  # a nearly full disk takes a part and complains of the rest
                    left = left[self._file.write(left) :]
        except OSError as error:
            raise OutputError(
                tempfile.gettempdir(),
                rule=f"can't hold the frames of the clip ({(error.strerror or str(error)).lower()})",
                remedy="free some space there, or name another place in TMPDIR",
            ) from error
        self._chunks.clear()
