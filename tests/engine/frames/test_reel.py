import errno
import gc
import resource

import numpy as np
import pytest

from kinora.engine.frames import reel
from kinora.engine.frames.reel import Reel
from kinora.engine.memory import peak_memory
from kinora.errors import OutputError


def chunks(count, size=(4, 6)):
    return [np.full((3, *size, 3), n, np.uint8) for n in range(count)]


@pytest.mark.parametrize("memory", [0, 500, 10**6])
def test_what_goes_in_comes_out_wherever_it_was_kept(memory):
    with Reel((4, 6), memory=memory) as kept:
        for chunk in chunks(5):
            kept.append(chunk)
        frames = kept.frames()
        assert len(kept) == 15
    gc.collect()
    assert np.array_equal(frames, np.concatenate(chunks(5)))
    frames[0] = 99  # as with any other array
    assert isinstance(frames, np.memmap) == (memory < 1080)


def test_a_long_clip_takes_no_more_memory_than_a_short_one():
    side = 512
    chunk = np.zeros((4, side, side, 3), np.uint8)
    with Reel((side, side)) as kept:
        kept.append(chunk)
        before = peak_memory()
        for _ in range(60):
            kept.append(chunk)
        assert kept.frames().shape == (244, side, side, 3)
    assert peak_memory() - before < 16 * 2**20 < 60 * chunk.nbytes


def test_a_full_disk_is_an_output_error():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with Reel((4, 6), memory=0) as kept, pytest.raises(OutputError, match=r"file too large\); free some space"):
            kept.append(np.concatenate(chunks(5)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_no_room_for_temporary_files_is_an_output_error(monkeypatch):
    def refuse(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(reel.tempfile, "TemporaryFile", refuse)
    with Reel((4, 6), memory=0) as kept, pytest.raises(OutputError, match="read-only file system"):
        kept.append(chunks(1)[0])
