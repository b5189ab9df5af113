"""`kinora serve` and `kinora worker` say at once what they can't do."""

import json
import signal
import socket
import time
import urllib.request

import pytest

from kinora.errors import InvalidRequest
from kinora.serve.app import create_app
from kinora.serve.running import open_files
from kinora.serve.settings import Settings


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "--host", "0.0.0.0"), "without keys the server listens on loopback only"),
        (("serve", "--port", "70000"), "ports go from"),
        (("serve", "--database", "mysql://host/x"), "SQLite or PostgreSQL"),
        (("serve", "--retention", "nan"), "finite number"),
        (("serve", "--port", "0", "--storage", "/dev/null/files"), "/dev/null/files: can't be written"),
        (("worker",), "needs either --server or --database"),
        (("worker", "--server", "http://a", "--database", "b"), "needs either --server or --database"),
        (("worker", "--database", "kinora.db"), "--storage"),
        (("worker", "--server", "http://a", "--storage", "files"), "goes with --database"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_rule(kinora, arguments, said):
    done = kinora(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_address_that_somebody_listens_at_is_named(kinora, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = kinora("serve", "--port", port, "--database", "kinora.db", "--storage", "files")
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: can't be listened on (address already in use)" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_policy_that_is_not_there_is_named_before_the_server_listens(tmp_path):
    with pytest.raises(InvalidRequest, match="no such policy"):
        create_app(Settings(model="fake", policy="nope", database=str(tmp_path / "a.db"), storage=str(tmp_path)))


def test_a_server_may_have_as_many_files_open_as_the_system_lets_it(monkeypatch):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    open_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_worker_without_a_server_says_so(kinora):
    done = kinora("worker", "--server", "http://127.0.0.1:1")
    assert (done.returncode, "does not answer" in done.stderr) == (1, True)


@pytest.mark.slow
def test_a_server_makes_a_video_and_leaves_when_told(kinora_process, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--model", "fake", "--database", "kinora.db", "--storage", "files", "--port", port)
    process = kinora_process("serve", *options)

    def ask(path, **body):
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
        request.add_header("Authorization", "Bearer any")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    try:
        until = time.monotonic() + 300
        while True:
            try:
                ask("/healthz")
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
        video = ask("/v1/videos", prompt="a red ball", seconds="0.5", size="64x64")
        while (video := ask(f"/v1/videos/{video['id']}"))["status"] not in ("completed", "failed"):
            assert time.monotonic() < until
            time.sleep(0.1)
        assert video["status"] == "completed"
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=120)
    assert process.returncode in (128 + signal.SIGTERM, 0)
    assert "any bearer token will do" in said
    assert "Traceback" not in said
