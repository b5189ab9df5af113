"""`kinora`: one short file per verb, loaded when the verb is used.

Exit codes: 0 done, 1 something on this machine is missing or broken, 2 the request can't be met (one line says
why), 130 interrupted. Interrupting leaves no file behind.
"""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from kinora import __version__
from kinora.errors import KinoraError, UserError

VERBS = {
    "generate": "kinora.cli.generate",
    "image": "kinora.cli.image",
    "story": "kinora.cli.story",
    "expand": "kinora.cli.expand",
    **{verb: f"kinora.cli.edits.{verb}" for verb in ("animate", "extend", "join", "blend", "loop", "remix")},
    "serve": "kinora.cli.serve",
    "worker": "kinora.cli.worker",
    "jobs": "kinora.cli.jobs",
    "keys": "kinora.cli.keys",
    "plan": "kinora.cli.plan",
    "fetch": "kinora.cli.fetch",
    "doctor": "kinora.cli.doctor",
    "world": "kinora.cli.world",
    "train": "kinora.cli.train",
    "eval": "kinora.cli.evaluate",
    "verify": "kinora.cli.verify",
    "screen": "kinora.cli.screen",
    "redteam": "kinora.cli.redteam",
}
"""Each verb's module, whose `app` is the verb."""


class Verbs(TyperGroup):
    """Imports a verb when it is asked for, so that no verb pays for another."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The verbs in the order a newcomer needs them."""
        return list(VERBS)

    def get_command(self, ctx: Any, name: str) -> Any:  # noqa: ARG002
        """The verb's command, or None if there is no such verb."""
        if name not in VERBS:
            return None
        command = typer.main.get_command(import_module(VERBS[name]).app)
        command.name = name
        return command


app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> bool:
    if asked:
        print(f"kinora {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def kinora(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Text becomes video, offline, on weights that ship with the package."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    for number in _leaving():
        signal.signal(number, _leave)
    if sys.stderr is None:  # closed by whoever started this
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for as long as the process lives
    if isinstance(sys.stdout, TextIOWrapper):
        # What is printed may hold what the terminal's encoding has not: a file's name can be any bytes.
        unicode = sys.stdout.encoding.lower().startswith("utf")
        sys.stdout.reconfigure(errors="surrogateescape" if unicode else "backslashreplace")
    try:
        app(args=arguments, prog_name="kinora")
    except KinoraError as error:
        print(f"kinora: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UserError) else 1)
    except OSError as error:  # the machine's: a folder that is gone, a full disk under what is printed
        print(f"kinora: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def _leaving() -> list[signal.Signals]:
    """The signals that end a command, which then cleans up: Ctrl-C, a polite kill, and the closing of its terminal."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which nohup asks for
        numbers.append(signal.SIGHUP)
    return numbers


def _leave(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of a handler
    # An exit, unlike KeyboardInterrupt, passes through every library and still runs their clean-up.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
