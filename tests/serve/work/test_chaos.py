"""A small run of benchmarks/serve_chaos.py: the server killed in the midst of work, and a worker on PostgreSQL."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

CHAOS = pathlib.Path(__file__).parents[3] / "benchmarks" / "serve_chaos.py"

pytestmark = pytest.mark.slow


def chaos(*options: str) -> dict:
    done = subprocess.run([sys.executable, CHAOS, *options], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_server_killed_twice_loses_nothing():
    told = chaos("--jobs", "12", "--clients", "3", "--kills", "2")
    assert (told["jobs"], told["completed"], len(told["killed_at"]), told["wrong"]) == (12, 12, 2, [])


@pytest.fixture
def empty(cluster):
    """A database of its own: the check afterwards counts every job there is, and other tests leave some."""
    import psycopg

    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute("CREATE DATABASE chaos")
    return cluster.rsplit("/", 1)[0] + "/chaos"


def test_a_worker_killed_elsewhere_loses_nothing_on_postgresql(empty):
    told = chaos("--database", empty, "--jobs", "8", "--clients", "2", "--elsewhere", "2", "--kills", "1")
    assert (told["completed"], told["wrong"]) == (8, [])


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_workers_on_ray_do_the_jobs_one_of_them_killed():
    told = chaos("--ray", "local", "--workers", "2", "--jobs", "6", "--clients", "2", "--kills", "1")
    assert (told["completed"], told["wrong"]) == (6, [])
