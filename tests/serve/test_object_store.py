"""Files on an object store: S3's protocol, spoken by moto's server, a process beside the tests."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import httpx
import pytest

from kinora.errors import OutputError
from kinora.safety.provenance import read_file
from kinora.serve.assets import AssetStore, CorruptAsset
from kinora.serve.work.keeper import Keeper

pytest.importorskip("moto")
pytest.importorskip("flask_cors")
pytest.importorskip("s3fs")

BUCKET = "kinora-tests"


@pytest.fixture(scope="module")
def bucket():
    """The URL of an empty bucket, where the environment says it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], **quiet)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        until = time.monotonic() + 60
        while True:
            try:
                httpx.put(f"http://127.0.0.1:{port}/{BUCKET}").raise_for_status()
                break
            except httpx.TransportError:
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.2)
        yield f"s3://{BUCKET}"
    server.send_signal(signal.SIGKILL)
    server.wait()


def names(store):
    """All that lies in a store."""
    return sorted(store._files.find(store._root))


def test_what_is_put_is_read_whole_and_in_parts(bucket, tmp_path):
    store = AssetStore(f"{bucket}/parts")
    data = os.urandom(9_000_000)  # more than is read ahead
    (tmp_path / "made.mp4").write_bytes(data)
    asset = store.put(tmp_path / "made.mp4", "jobs/a/video.mp4", type="video/mp4")
    assert asset.bytes == len(data)
    again = AssetStore(f"{bucket}/parts")  # another process: it has seen nothing
    assert b"".join(again.read_range(asset, 8_000_000, 8_000_010)) == data[8_000_000:8_000_010]
    assert again.fetch(asset, tmp_path / "copy").read_bytes() == data
    with closing(again.open(asset)) as file:
        file.seek(5)
        assert file.read(3) == data[5:8]
    assert names(again) == [f"{BUCKET}/parts/jobs/a/video.mp4"]
    store.put(io.BytesIO(b"new"), "jobs/a/video.mp4", type="video/mp4")
    with pytest.raises(CorruptAsset, match="not the one"):
        AssetStore(f"{bucket}/parts").open(asset)
    store.delete(asset.path)
    store.delete(asset.path)
    with pytest.raises(CorruptAsset, match="gone"):
        AssetStore(f"{bucket}/parts").open(asset)


def test_a_write_that_breaks_off_leaves_no_object(bucket):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(2)

    store = AssetStore(f"{bucket}/broken")
    with pytest.raises(OutputError, match="no space left"):
        store.put(Broken(b"frames"), "jobs/video.mp4", type="video/mp4")
    assert names(store) == []


KILLED = """
import os, signal, sys
from kinora.serve.assets import AssetStore

class Slow:
    left = 3
    def read(self, size=-1):
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return b"x" * 1000

AssetStore(sys.argv[1]).put(Slow(), "jobs/video.mp4", type="video/mp4")
"""


@pytest.mark.parametrize("where", ["bucket", "folder"])
def test_a_process_that_is_killed_while_it_writes_leaves_no_file_under_the_name(where, bucket, tmp_path):
    url = f"{bucket}/killed" if where == "bucket" else str(tmp_path / "files")
    ended = subprocess.run([sys.executable, "-c", KILLED, url], check=False)
    assert ended.returncode == -signal.SIGKILL
    store = AssetStore(url)
    assert f"{store._root}/jobs/video.mp4" not in names(store)
    store.delete("jobs/video.mp4")  # as the keeper does with what was announced and never came
    assert names(store) == []


def test_a_bucket_that_is_not_there_is_not_made(bucket):
    with pytest.raises(OutputError, match="name a storage that takes files"):
        AssetStore("s3://no-such-bucket/files").check()
    with pytest.raises(OutputError):
        AssetStore("s3://no-such-bucket/files").check()
    AssetStore(f"{bucket}/checked").check()


def test_a_store_that_does_not_answer_is_an_error_of_ours(bucket, monkeypatch):
    import fsspec

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    store = AssetStore(f"{bucket}/silent")
    with pytest.raises(OutputError, match="can't be written"):
        store.put(io.BytesIO(b"x"), "a", type="text/plain")
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_a_job_lives_on_the_object_store_from_its_upload_to_its_end(bucket, serve, tmp_path, monkeypatch):
    live = serve(storage=f"{bucket}/whole", retention=3600.0)
    files = live.app.state.assets
    with live.client as client:
        made = client.post("/videos", json={"prompt": "a red ball", "seconds": "1"}).json()["id"]
        assert live.ended(made)["status"] == "completed"
        whole = client.get(f"/videos/{made}/content")
        part = client.get(f"/videos/{made}/content", headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        for variant in ("thumbnail", "spritesheet"):
            assert client.get(f"/videos/{made}/content", params={"variant": variant}).status_code == 200
        (tmp_path / "got.mp4").write_bytes(whole.content)
        assert read_file(tmp_path / "got.mp4").state == "trusted"
        longer = client.post("/videos/extensions", json={"video": {"id": made}, "prompt": "on it goes", "seconds": "1"})
        uploaded = client.post(
            "/videos/edits", data={"prompt": "a blue ball"}, files={"video": ("a.mp4", whole.content, "video/mp4")}
        )
        for one in (longer, uploaded):
            assert live.ended(one.raise_for_status().json()["id"])["status"] == "completed"
        assert any("/uploads/" in name for name in names(files))
        assert client.delete(f"/videos/{made}").status_code == 200
        keeper = Keeper(live.app.state.store, files)
        keeper.look_at_files()
        kept = names(files)
        assert kept
        assert not any(made in name for name in kept)
        assert client.get(f"/videos/{longer.json()['id']}/content").status_code == 200
        # Time passes: the rest goes as well, and the server says so.
        monkeypatch.setattr(live.app.state.store.database, "_clock", lambda: time.time() + 8000)
        keeper.look_at_files()
        assert names(files) == []
        assert client.get(f"/videos/{longer.json()['id']}/content").status_code == 404
