"""Importing Kinora is free: no torch, no file, no connection, no changed setting."""

import json
import os
import pathlib
import subprocess
import sys

WATCH = """
import json, os, random, sys

touched = []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        touched.append(["writes", str(arguments[0])])
    elif event in ("os.mkdir", "os.rename", "os.remove", "socket.connect", "subprocess.Popen"):
        touched.append([event, str(arguments[0])])

environment, state = dict(os.environ), random.getstate()
sys.addaudithook(watch)
for name in sys.argv[1:]:
    __import__(name)
print(json.dumps({
    "touched": touched,
    "loaded": sorted(sys.modules),
    "environment": sorted(set(os.environ.items()) ^ set(environment.items())),
    "random": random.getstate() == state,
}))
"""


def importing(tmp_path: pathlib.Path, *modules: str) -> dict:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *modules],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_importing_the_package_and_its_nouns_loads_nothing_heavy(tmp_path):
    report = importing(tmp_path, "kinora", "kinora.errors", "kinora.request", "kinora.grid", "kinora.clip")
    assert not {"torch", "transformers", "av", "moderngl", "typer", "rich", "PIL", "pydantic"} & set(report["loaded"])
    assert report["touched"] == []
    assert report["environment"] == []
    assert report["random"]
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_starts_without_torch(tmp_path):
    report = importing(tmp_path, "kinora.cli")
    assert not {"torch", "transformers", "av", "moderngl"} & set(report["loaded"])
    assert report["touched"] == []


def test_no_module_writes_or_connects_when_imported(tmp_path, sources):
    importing(tmp_path, *(name for name in sources if not name.endswith("__main__")))
    assert list(tmp_path.iterdir()) == []
