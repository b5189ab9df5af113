"""What the server is told is checked before anything is opened, wherever it comes from."""

import dataclasses
import pathlib
import re

import pytest

from kinora.errors import InvalidRequest
from kinora.serve.settings import SORA, Settings
from kinora.serve.work.child import letter, settings_of


def test_the_environment_is_read_and_what_is_given_goes_before_it():
    environment = {
        "KINORA_PORT": "9000",
        "KINORA_WORKERS": "3",
        "KINORA_RETENTION": "3600.5",
        "KINORA_KEYS": "yes",
        "KINORA_REMOTE_URLS": "a.example, b.example",
        "KINORA_ALIASES": "",
    }
    settings = Settings.read(environment, port=9001, workers=None)
    assert (settings.port, settings.workers, settings.retention, settings.keys) == (9001, 3, 3600.5, True)
    assert (settings.remote_urls, settings.aliases) == (("a.example", "b.example"), ())


@pytest.mark.parametrize(
    ("name", "value"), [("KINORA_PORT", "many"), ("KINORA_LEASE", "long"), ("KINORA_KEYS", "perhaps")]
)
def test_a_variable_of_the_wrong_kind_is_named(name, value):
    with pytest.raises(InvalidRequest, match=f"{name}={value}: must be"):
        Settings.read({name: value})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"port": 70_000}, "ports go from"),
        ({"workers": -1}, "not be below 0"),
        ({"lease": 0}, "above 0"),
        ({"retention": float("nan")}, "retention nan: must be a finite number"),
        ({"job_timeout": float("inf")}, "finite"),
        ({"max_upload_seconds": 0}, "max_upload_seconds 0: must be above 0"),
        ({"queue": 0}, "at least 1"),
        ({"database": "mysql://host/x"}, "SQLite or PostgreSQL"),
        ({"aliases": ("sora-2",)}, "theirs=ours"),
        ({"host": "0.0.0.0"}, "loopback only"),
        ({"host": "example.org"}, "loopback only"),
        ({"model": "fake", "models": ("kinora-small",)}, "the only model"),
    ],
)
def test_what_cannot_be_is_refused_with_the_rule(given, why):
    with pytest.raises(InvalidRequest, match=why):
        Settings(**given)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.5.5.5"])
def test_without_keys_only_this_machine_is_served(host):
    assert Settings(host=host).loopback
    assert not Settings(host="0.0.0.0", keys=True).loopback


def test_soras_names_give_our_model_unless_the_operator_says_otherwise():
    assert {Settings().model_named(name) for name in (*SORA, None)} == {"kinora-small"}
    assert Settings(aliases=()).model_named("sora-2") is None
    told = Settings(aliases=("sora-2-pro=large",), models=("large",))
    assert (told.model_named("sora-2-pro"), told.model_named("sora-2"), told.model_named("large")) == (
        "large",
        None,
        "large",
    )
    assert told.offered == ("kinora-small", "large")


def test_a_worker_gets_the_very_settings():
    import json

    settings = Settings(model="fake", remote_urls=("a.example",), pause=0.5)
    told = json.loads(letter(settings, "worker_1", "cpu"))
    assert settings_of(told["settings"]) == settings
    assert (told["worker"], told["device"]) == ("worker_1", "cpu")


NAMES = {one.name for one in dataclasses.fields(Settings)}


def test_every_field_is_explained():
    before_colons = re.findall(r"((?:\w+, )*\w+):", Settings.__doc__)
    assert NAMES - {name for group in before_colons for name in group.split(", ")} == set()


def test_the_servers_page_lists_every_setting_and_no_other():
    page = pathlib.Path(__file__).parents[2] / "docs" / "server.md"
    rows = [line.split("|")[1] for line in page.read_text().partition("## Settings")[2].splitlines() if "|" in line]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == NAMES
