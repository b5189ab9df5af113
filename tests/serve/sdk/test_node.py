"""OpenAI's Node client, as npm has it, against a live server. Skipped where Node or the package can't be had."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from kinora.serve.webhooks.signing import new_secret, signed

PROGRAM = pathlib.Path(__file__).with_name("program.mjs")
VERSION = "6.49.0"
"""The newest that runs on the Node releases in use; KINORA_NODE_OPENAI names another, or a folder that has it."""


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> pathlib.Path:
    """A folder whose node_modules has the client."""
    wanted = os.environ.get("KINORA_NODE_OPENAI", VERSION)
    if (pathlib.Path(wanted) / "node_modules" / "openai").is_dir():
        return pathlib.Path(wanted)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run([*command, f"openai@{wanted}"], capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        pytest.skip("npm reaches no registry")
    if done.returncode != 0:
        pytest.skip(f"npm can't install openai: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture(scope="module")
def told(package, live, files) -> dict:
    """What the program got."""
    secret = new_secret()
    body = json.dumps({"id": "evt_1", "object": "event", "type": "video.failed", "data": {"id": "video_1"}})
    headers = json.dumps(signed("evt_1", int(time.time()), body, [secret]))
    program = package / PROGRAM.name
    shutil.copy(PROGRAM, program)  # an import is looked up from where the program lies
    done = subprocess.run(
        ["node", program, files / "clip.mp4", files / "picture.png", secret, body, headers],
        env={**os.environ, "OPENAI_BASE_URL": live.url, "OPENAI_API_KEY": "any"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_videos_are_made(told):
    made = {name: told[name] for name in ("created", "animated", "remixed", "edited", "extended", "cast")}
    assert {name: one["status"] for name, one in made.items()} == dict.fromkeys(made, "completed")
    assert [one["seconds"] for one in made.values()] == ["2", "1", "2", "2", "4", "1"]
    assert [one["kinora"].get("edit") for one in made.values()] == [None, "animate", "remix", "remix", "extend", "cast"]
    assert made["remixed"]["remixed_from_video_id"] == made["created"]["id"]


def test_pages_follow_one_another(told):
    assert len(told["listed"]) == len(set(told["listed"])) >= 6
    assert told["created"]["id"] in told["listed"]


def test_files_come_in_three_variants(told):
    assert [kind for kind, _ in told["bytes"].values()] == ["video/mp4", "image/webp", "image/jpeg"]
    assert min(count for _, count in told["bytes"].values()) > 500


def test_errors_are_openais(told):
    assert told["missing"] == {"status": 404, "code": "not_found", "param": "video_id", "kind": "NotFoundError"}


def test_everything_else(told):
    assert told["character"]["name"] == "Bobo"
    assert told["moderation"]["results"][0]["categories"]["sexual"]
    assert told["images"] == 1
    assert told["models"][:2] == ["fake", "sora-2"]
    assert told["event"]["data"] == {"id": "video_1"}
    assert told["deleted"] == {"id": told["created"]["id"], "object": "video.deleted", "deleted": True}
    if told.get("provenance"):  # not every release of the client has it
        assert told["provenance"]["results"][0]["type"] == "c2pa"
