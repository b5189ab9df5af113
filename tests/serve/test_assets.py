"""Files are there whole or not at all, are what was stored, and lie nowhere else than in the storage."""

import io

import pytest

from kinora.errors import InvalidRequest, OutputError, Unavailable
from kinora.serve.assets import AssetStore, CorruptAsset


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    """A local folder, and the simplest of fsspec's other places."""
    return AssetStore(tmp_path / "files" if request.param == "folder" else f"memory://{tmp_path.name}")


def test_what_is_put_is_what_is_opened(store, tmp_path):
    (tmp_path / "made.mp4").write_bytes(b"0123456789")
    asset = store.put(tmp_path / "made.mp4", "jobs/a/video.mp4", type="video/mp4")
    assert (asset.bytes, asset.type, len(asset.sha256)) == (10, "video/mp4", 64)
    file = store.open(asset)
    file.seek(4)
    assert file.read(3) == b"456"
    file.close()
    assert b"".join(store.read_range(asset, 2, 5)) == b"234"
    assert store.fetch(asset, tmp_path / "copy").read_bytes() == b"0123456789"


def test_putting_again_replaces(store):
    store.put(io.BytesIO(b"old"), "a/b", type="text/plain")
    asset = store.put(io.BytesIO(b"new"), "a/b", type="text/plain")
    assert store.open(asset).read() == b"new"


def test_a_file_that_is_gone_or_changed_is_not_handed_out(tmp_path):
    store = AssetStore(tmp_path)
    gone = store.put(io.BytesIO(b"frames"), "gone", type="video/mp4")
    changed = store.put(io.BytesIO(b"frames"), "changed", type="video/mp4")
    short = store.put(io.BytesIO(b"frames"), "short", type="video/mp4")
    store.delete("gone")
    (tmp_path / "changed").write_bytes(b"framez")
    (tmp_path / "short").write_bytes(b"fram")
    for asset, why in ((gone, "gone"), (changed, "not the one"), (short, "not the one")):
        with pytest.raises(CorruptAsset, match=why):
            store.open(asset)


def test_a_write_that_breaks_off_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(2)

    store = AssetStore(tmp_path / "files")
    with pytest.raises(OutputError, match="no space left"):
        store.put(Broken(b"frames"), "jobs/video.mp4", type="video/mp4")
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_deleting_twice_is_no_error(store):
    store.put(io.BytesIO(b"x"), "a", type="text/plain")
    store.delete("a")
    store.delete("a")


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", "", "a\\b", "a\0b"])
def test_paths_stay_inside(store, path):
    with pytest.raises(InvalidRequest, match="no path inside"):
        store.put(io.BytesIO(b"x"), path, type="text/plain")
    with pytest.raises(InvalidRequest, match="no path inside"):
        store.delete(path)


def test_a_storage_that_does_not_write_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    AssetStore(tmp_path / "files").check()
    with pytest.raises(OutputError, match=r"file/below: can.t be written .*; name a storage that takes files"):
        AssetStore(tmp_path / "file" / "below").check()


def test_an_unknown_kind_of_storage_is_named():
    with pytest.raises(Unavailable, match="nowhere://"):
        AssetStore("nowhere://bucket")
