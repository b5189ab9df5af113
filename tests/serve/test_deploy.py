"""The examples in deploy/ say what the command line, the settings and the server's paths say."""

import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
import typer
import yaml
from fastapi.routing import APIRoute

from kinora.cli import app as cli
from kinora.serve.health import router
from kinora.serve.settings import Settings

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
ELSEWHERE = {"KINORA_HOME", "KINORA_DB_PASSWORD"}
"""Variables that are no settings of the server: where keys lie, and compose's own."""


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def kubernetes():
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


@pytest.fixture(scope="module")
def containers(compose, kubernetes):
    """Every container that runs kinora: (arguments, variables)."""
    pods = [one["spec"]["template"]["spec"] for one in kubernetes if one["kind"] == "Deployment"]
    theirs = [one for pod in pods for one in pod["containers"]]
    found = [(one["args"], {variable["name"] for variable in one["env"]}) for one in theirs]
    services = [one for one in compose["services"].values() if one["image"] == "kinora"]
    return found + [(one["command"], set(one["environment"])) for one in services]


@pytest.fixture(scope="module")
def unit():
    """The systemd unit: every value of every key."""
    found = {}
    for line in (DEPLOY / "kinora.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_commands_and_options_are_those_of_the_command_line(containers):
    assert len(containers) == 4
    for (verb, *rest), _ in containers:
        command = typer.main.get_command(cli).get_command(None, verb)
        assert command is not None, verb
        options = {spelling for one in command.params for spelling in one.opts}
        assert {word for word in rest if word.startswith("--")} <= options


def test_variables_are_those_of_the_settings(containers):
    known = {f"KINORA_{name.upper()}" for name in Settings.__dataclass_fields__} | ELSEWHERE
    assert {name for _, names in containers for name in names if name.startswith("KINORA_")} <= known
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line.startswith("ENV ")]
    named = {pair.partition("=")[0] for line in lines for pair in shlex.split(line)[1:]}
    assert {name for name in named if name.startswith("KINORA_")} <= known


def test_probes_ask_what_the_server_answers(kubernetes, compose):
    paths = {route.path for route in router.routes if isinstance(route, APIRoute)}
    (server,) = (
        one for one in kubernetes if one["metadata"]["name"] == "kinora-server" and one["kind"] == "Deployment"
    )
    (container,) = server["spec"]["template"]["spec"]["containers"]
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked <= paths
    assert any(path in compose["services"]["server"]["healthcheck"]["test"][-1] for path in paths)


def test_who_is_told_to_stop_has_time_for_it(kubernetes, compose):
    from kinora.serve.guarding.serving import SETTLE

    least = Settings().drain + SETTLE
    pods = [one["spec"]["template"]["spec"] for one in kubernetes if one["kind"] == "Deployment"]
    assert all(pod["terminationGracePeriodSeconds"] > least for pod in pods)
    assert int(compose["services"]["server"]["stop_grace_period"].removesuffix("s")) > least


def test_who_was_told_to_stop_and_did_has_not_failed():
    unit = (DEPLOY / "kinora.service").read_text()
    assert f"SuccessExitStatus={128 + signal.SIGTERM}" in unit  # what `kinora` leaves with


def test_nothing_listens_to_others_without_keys(containers):
    for arguments, _ in containers:
        if "--host" in arguments:
            assert "--keys" in arguments


def test_containers_may_do_no_more_than_they_must(kubernetes, compose):
    pods = [one["spec"]["template"]["spec"] for one in kubernetes if one["kind"] == "Deployment"]
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        for one in pod["containers"] + pod["initContainers"]:
            assert one["securityContext"]["readOnlyRootFilesystem"]
            assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for name in ("server", "worker"):
        assert compose["services"][name]["read_only"]
        assert compose["services"][name]["cap_drop"] == ["ALL"]


def test_the_unit_says_what_the_command_line_and_the_settings_say(unit):
    (command,) = unit["ExecStart"]
    _, verb, *rest = shlex.split(command)
    assert verb == "serve"
    options = {spelling for one in typer.main.get_command(cli).get_command(None, verb).params for spelling in one.opts}
    assert set(rest) <= options
    named = {pair.partition("=")[0] for line in unit["Environment"] for pair in shlex.split(line)}
    known = {f"KINORA_{name.upper()}" for name in Settings.__dataclass_fields__} | ELSEWHERE
    assert {name for name in named if name.startswith("KINORA_")} <= known
    assert int(unit["TimeoutStopSec"][0]) > Settings().drain
    # systemd stops a whole service of which one process ran out of memory, unless it is told otherwise.
    assert (unit["OOMPolicy"], unit["KillMode"]) == (["continue"], ["mixed"])


def test_systemd_reads_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed (systemd-analyze)")
    text = (DEPLOY / "kinora.service").read_text()
    (tmp_path / "kinora.service").write_text(text.replace("/opt/kinora/bin/kinora", sys.executable))
    found = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "kinora.service"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_the_proxy_passes_on_as_much_and_as_long_as_the_server_takes():
    from kinora.serve.guarding.bodies import Pace
    from kinora.serve.guarding.install import ENVELOPE
    from kinora.serve.settings import MIB

    text = (DEPLOY / "nginx.conf").read_text()
    (size,) = re.findall(r"client_max_body_size (\d+)m;", text)
    assert int(size) * MIB == Settings().max_upload + ENVELOPE
    (patience,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(patience) >= Pace().answer
    assert f"server 127.0.0.1:{Settings().port};" in text
