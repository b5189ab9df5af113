"""`kinora serve` and `kinora worker` say at once what they can't do."""

import json
import signal
import socket
import time
import urllib.request

import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "--host", "0.0.0.0"), "without keys the server listens on loopback only"),
        (("serve", "--port", "70000"), "ports go from"),
        (("serve", "--database", "mysql://host/x"), "SQLite or PostgreSQL"),
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
