"""Where a machine is said to draw, it does: a suite that skipped every rendering test has not passed."""

import pathlib

import pytest

SKIPPED_FOR_OPENGL = """
import pytest

def test_drawing():
    pytest.skip("no OpenGL context through EGL on this machine")

def test_something_else():
    pytest.skip("the shared clips are absent")
"""


@pytest.mark.gl
def test_the_machine_draws():
    import moderngl

    with moderngl.create_context(standalone=True, backend="egl") as context:
        assert context.version_code >= 330


@pytest.mark.parametrize(("required", "failed", "skipped"), [("1", 1, 1), ("", 0, 2)])
def test_a_skip_for_want_of_opengl_fails_only_where_drawing_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str, failed: int, skipped: int
):
    monkeypatch.setenv("KINORA_REQUIRE_GL", required)
    pytester.makeconftest(pathlib.Path(__file__).parents[1].joinpath("conftest.py").read_text())
    pytester.makepyfile(SKIPPED_FOR_OPENGL)
    pytester.runpytest("-p", "no:jaxtyping").assert_outcomes(failed=failed, skipped=skipped)
