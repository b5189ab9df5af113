"""Write docs/cli.md from the command line itself; with --check, only say whether it is up to date.

python scripts/cli_reference.py [--check]
"""

import difflib
import inspect
import pathlib
import sys
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer

from kinora.cli import app

TARGET = pathlib.Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = "# The command line\n\nWritten by `make docs` from the commands' own definitions; a test compares the two.\n"


def verbs(command: Any, path: str = "kinora") -> Iterator[tuple[str, Any]]:
    """Every command below this one with its full name, in the order of `--help`."""
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    for name in command.list_commands(None):
        child = command.get_command(None, name)
        if not child.hidden:
            yield from verbs(child, f"{path} {name}")


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(path, command) for path, command in verbs(typer.main.get_command(app)))])


def section(path: str, command: Any) -> str:
    """One command: what it does, then a row for each argument and option."""
    hints = get_type_hints(inspect.unwrap(command.callback))
    shown = [one for one in command.params if not getattr(one, "hidden", False) and "--help" not in one.opts]
    lines = [f"## {path}", "", inspect.cleandoc(command.help or "").split("\f")[0].strip(), ""]
    if shown:
        lines += ["| | default | |", "|---|---|---|", *(row(one, hints.get(one.name)) for one in shown), ""]
    return "\n".join(lines)


def row(parameter: Any, hint: Any) -> str:
    """One table row: spelling with what it takes (`hint` names the choices), default, meaning."""
    if parameter.param_type_name == "argument":
        spelling, default = f"`{parameter.name.upper()}`", "required" if parameter.required else ""
    else:
        value = parameter.metavar or ("|".join(get_args(hint)) if get_origin(hint) is Literal else "")
        *others, last = [*parameter.opts, *parameter.secondary_opts]
        spelling = ", ".join(f"`{one}`" for one in [*others, f"{last} {value}".strip().replace("|", "\\|")])
        default = "required" if parameter.required else stated(parameter.default)
    return f"| {spelling} | {default} | {' '.join((parameter.help or '').split())} |"


def stated(default: Any) -> str:
    """A default as a reader would type it; nothing where leaving the option out is the default."""
    if default is None or default is False or default == "" or callable(default):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def main(arguments: list[str]) -> int:
    """Write or check; returns the exit status."""
    text = reference()
    if arguments == ["--check"]:
        stored = TARGET.read_text() if TARGET.exists() else ""
        sys.stderr.writelines(
            difflib.unified_diff(stored.splitlines(True), text.splitlines(True), "docs/cli.md", "now")
        )
        return int(stored != text)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
