"""The documents say what is so: examples run, commands exist, links lead somewhere, figures can be measured again."""

import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENTS = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("src/**/*.md")}
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list:
    """Every fenced block of that language in the documents, as pytest parameters named file:line."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text()
        for match in FENCE.finditer(text):
            if match[1] == language:
                name = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
                found.append(pytest.param(match[2], id=name))
    return found


def commands(block: str) -> list[list[str]]:
    """The words of each `$ ` line, continuation lines joined, comments left out."""
    joined = block.replace("\\\n", " ")
    return [shlex.split(line[2:], comments=True) for line in joined.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of `kinora serve`, on colour bars: what the examples of clients speak to."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = ["--database", folder / "kinora.db", "--storage", folder / "files"]
    command = [sys.executable, "-m", "kinora", "serve", "--port", str(port), "--model", "fake", *places]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with (folder / "log").open("w+") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").close()
                    break
                except OSError:
                    assert running.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < until, "the server does not start"
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            running.terminate()
            running.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("python"))
def test_python_examples_run(block, tmp_path, request):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    if "import openai" in block:
        environment |= {"OPENAI_BASE_URL": request.getfixturevalue("server"), "OPENAI_API_KEY": "any"}
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("console"))
def test_commands_exist_with_the_flags_shown(block):
    makefile = (ROOT / "Makefile").read_text()
    wrong = []
    for program, *words in commands(block):
        name = pathlib.Path(program).name
        if name == "make":
            wrong += [f"make {words[0]}"] if f"\n{words[0]}:" not in makefile else []
        elif name in {"python", "bash"}:
            script = f"src/{words[1].replace('.', '/')}.py" if words[0] == "-m" else words[0]
            wrong += [f"no script {script}"] if not (ROOT / script).is_file() else []
        elif name == "kinora":
            wrong += unknown_to_kinora(words)
        else:
            wrong.append(f"{program}: an example uses make, python, bash or kinora")
    assert wrong == []


def unknown_to_kinora(words: list[str]) -> list[str]:
    """What the command line would not know: a verb, an option, or one argument too many."""
    import typer

    from kinora.cli import app

    command, rest = typer.main.get_command(app), list(words)
    while hasattr(command, "get_command"):
        child = command.get_command(None, rest.pop(0)) if rest else None
        if child is None:
            return [f"kinora has no command {shlex.join(words)!r}"]
        command = child
    options = {spelling: one for one in command.params for spelling in [*one.opts, *one.secondary_opts]}
    wrong, positional = [], 0
    while rest:
        word, _, value = rest.pop(0).partition("=")
        if not word.startswith("-"):
            positional += 1
        elif word not in options:
            wrong.append(f"kinora {command.name} has no option {word}")
        elif not options[word].is_flag and not value:
            rest = rest[1:]
    taken = sum(one.nargs if one.nargs > 0 else 1000 for one in command.params if one.param_type_name == "argument")
    return wrong + ([f"kinora {command.name} takes {taken} arguments, not {positional}"] if positional > taken else [])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_of_the_tree(path):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()) + re.findall(r'src="([^"]+)"', path.read_text())
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_into_a_document_lead_to_one_of_its_headings(path):
    links = re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", path.read_text())
    here = [(path.parent / place if place else path, anchor) for place, anchor in links if "://" not in place]
    assert [f"{place.name}#{anchor}" for place, anchor in here if anchor not in anchors(place)] == []


def anchors(document: pathlib.Path) -> set[str]:
    """The names that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(FENCE, "", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_every_figure_in_the_results_has_its_command():
    sections = re.split(r"^## ", (ROOT / "docs/results.md").read_text(), flags=re.MULTILINE)[1:]
    prose = [(section, re.sub(FENCE, "", section)) for section in sections]
    assert sections
    assert [text.splitlines()[0] for section, text in prose if re.search(r"\d", text) and "\n$ " not in section] == []


def test_the_command_reference_is_the_command_line():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/cli_reference.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"docs/cli.md is stale: run `make docs`\n{done.stderr}"
