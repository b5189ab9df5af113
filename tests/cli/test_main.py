import os
import subprocess
import sys
from pathlib import Path

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


def test_help_is_had_by_its_short_name_too(kinora):
    assert kinora("-h").stdout == kinora("--help").stdout
    assert kinora("generate", "-h").stdout == kinora("generate", "--help").stdout


def test_a_file_of_any_name_is_printed_as_it_is(kinora_process, tiny, tmp_path):
    name = os.fsdecode(b"\xff.png")
    arguments = ("generate", "x", "--model", tiny, "-o", name, "--steps", 1)
    process = kinora_process(*arguments, errors="surrogateescape")
    assert process.communicate(timeout=300)[0] == f"{name}\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_what_the_machine_refuses_is_one_line():
    shell = f"{sys.executable} -m kinora plan wan2.1-t2v-1.3b 832x480 --memory 24 --tflops 100"
    done = subprocess.run(f"{shell} > /dev/full", shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "kinora: [Errno 28] No space left on device\n")
    done = subprocess.run(f"{shell} --steps 0 2>&-", shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_an_unknown_verb_or_option_is_a_usage_error(kinora):
    assert kinora("film").returncode == 2
    assert kinora("generate", "x", "--colour", "red").returncode == 2
