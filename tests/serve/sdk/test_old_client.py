"""The oldest of OpenAI's Python clients with videos: what was written then works too. Skipped without a registry."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

VERSION = "2.2.0"
PROGRAM = pathlib.Path(__file__).with_name("program.py")


def test_a_program_of_then(python_client, live, files):
    try:
        library = python_client(VERSION)
    except LookupError as error:
        pytest.skip(str(error))
    variants = ("video", "thumbnail", "spritesheet")
    done = subprocess.run(
        [sys.executable, PROGRAM, files / "picture.png", *variants],
        env={**os.environ, "PYTHONPATH": str(library), "OPENAI_BASE_URL": live.url, "OPENAI_API_KEY": "any"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["version"] == VERSION
    assert (told["video"]["status"], told["video"]["seconds"], told["video"]["size"]) == ("completed", "2", "64x64")
    assert (told["animated"], told["remixed"]["status"]) == ("completed", "completed")
    assert told["remixed"]["remixed_from_video_id"] == told["video"]["id"]
    assert min(told["content"].values()) > 500
    assert told["video"]["id"] in told["listed"]
    assert len(told["listed"]) == len(set(told["listed"]))
    assert (told["missing"], told["judged"], told["drawn"], told["deleted"]) == ("not_found", False, 1, True)
