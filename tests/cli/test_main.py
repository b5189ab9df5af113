import subprocess
import sys

import pytest

import kinora as package
from kinora import cli


def test_version(kinora):
    assert kinora("--version").stdout == f"kinora {package.__version__}\n"


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_itself_without_torch(verb):
    code = (
        "import sys, atexit; from kinora.cli import main;"
        "atexit.register(lambda: print('torch' in sys.modules)); main(sys.argv[1:])"
    )
    done = subprocess.run([sys.executable, "-c", code, verb, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"kinora {verb}" in done.stdout
    assert done.stdout.endswith("False\n")


def test_help_lists_every_verb(kinora):
    done = kinora("--help")
    assert all(verb in done.stdout for verb in cli.VERBS)


def test_an_unknown_verb_or_option_is_a_usage_error(kinora):
    assert kinora("film").returncode == 2
    assert kinora("generate", "x", "--colour", "red").returncode == 2
