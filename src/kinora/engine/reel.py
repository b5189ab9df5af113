"""Where finished frames wait: in a file without a name, so that memory does not grow with the length of a clip."""

from __future__ import annotations

import tempfile

import numpy as np
import numpy.typing as npt

from kinora.errors import OutputError
from kinora.grid import Size

Frames = npt.NDArray[np.uint8]


class Reel:
    """Takes frames one chunk after another and gives them back as one array, read from the file as it is looked at.

    Leaving its `with` block closes the file; an array taken before keeps what was in it.
    """

    def __init__(self, size: Size) -> None:
        self._shape = (*size, 3)
        self._count = 0
        # Unlinked from the start: whatever happens to this process, nothing stays behind.
        self._file = tempfile.TemporaryFile(prefix="kinora-")  # noqa: SIM115 - closed by `__exit__`

    def __enter__(self) -> Reel:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def append(self, frames: Frames) -> None:
        """Add uint8 T H W C. Raises OutputError when the disk of temporary files is full."""
        assert frames.dtype == np.uint8, f"{frames.dtype=}"
        assert frames.shape[1:] == self._shape, f"{frames.shape=} on a reel of {self._shape}"
        try:
            self._file.write(np.ascontiguousarray(frames).data)
        except OSError as error:
            raise OutputError(
                tempfile.gettempdir(),
                rule=f"can't hold the frames of the clip ({(error.strerror or str(error)).lower()})",
                remedy="free some space there, or name another place in TMPDIR",
            ) from error
        self._count += len(frames)

    def __len__(self) -> int:
        return self._count

    def frames(self) -> Frames:
        """All frames, T H W C; writing to the array changes the array alone."""
        assert self._count, "a clip without frames"
        self._file.flush()
        return np.memmap(self._file, np.uint8, mode="c", shape=(self._count, *self._shape))
