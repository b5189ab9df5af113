"""What every test stands on: no network, repeatable examples, and an honest answer to "can this machine draw?"."""

import logging
import os
import re
from collections.abc import Generator, Iterator
from typing import TypeVar

import hypothesis
import pytest

pytest_plugins = ["pytester"]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

CANNOT_DRAW = re.compile(r"EGL|OpenGL|\bGL\b|moderngl", re.IGNORECASE)
"""A skip whose reason matches this is a machine that cannot draw; where KINORA_REQUIRE_GL=1 that is a failure."""


def pytest_configure() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: a test that wants the network fails
    hypothesis.settings.register_profile("kinora", deadline=None, derandomize=True, max_examples=50, database=None)
    hypothesis.settings.load_profile("kinora")


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys and settings of a user of the tests' own, for every process they start, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINORA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that is run in this process sends logs to a standard error that is closed when its test ends."""
    loggers = [logging.getLogger(name) for name in ("kinora", "uvicorn", "uvicorn.access")]
    before = [(one, list(one.handlers), one.propagate, one.level, one.disabled) for one in loggers]
    yield
    for one, handlers, propagate, level, disabled in before:
        one.handlers[:], one.propagate, one.disabled = handlers, propagate, disabled
        one.setLevel(level)


@pytest.fixture(scope="session")
def gl() -> None:
    """Skip on a machine that cannot draw. `@pytest.mark.gl` asks for it too."""
    import moderngl

    try:
        moderngl.create_context(standalone=True, backend="egl").release()
    except Exception as error:  # noqa: BLE001 - moderngl raises a bare Exception when there is no EGL
        pytest.skip(
            f"no OpenGL context through EGL on this machine ({error}); install libegl1, libgl1 and libgl1-mesa-dri"
        )


@pytest.fixture(autouse=True)
def _marked_gl(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("gl"):
        request.getfixturevalue("gl")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return must_draw(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return must_draw(report)


def must_draw(report: Report) -> Report:
    """Turn a skip for want of OpenGL into a failure where the machine is meant to draw."""
    if os.environ.get("KINORA_REQUIRE_GL") == "1" and report.skipped:
        # A skip's longrepr is (path, line, reason); a path may well say "opengl".
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if CANNOT_DRAW.search(reason):
            report.outcome = "failed"
    return report
