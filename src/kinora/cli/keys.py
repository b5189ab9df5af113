"""`kinora keys`: who may use a server. Works at the server's store, so whoever can reach that may run it."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from kinora.serve.access.keys import Key, Keys

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make, list, change and revoke keys of a server.")

RoleName = Literal["admin", "red_team", "artist", "user"]
Database = Annotated[str | None, typer.Option(help="The server's store.", metavar="FILE|URL")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Jobs = Annotated[int | None, typer.Option(help="Jobs a day, in place of the role's.", metavar="N")]
Seconds = Annotated[float | None, typer.Option(help="Seconds of video a day, in place of the role's.", metavar="S")]
AtOnce = Annotated[int | None, typer.Option(help="Jobs that wait or run, in place of the role's.", metavar="N")]

WIDE = 200
"""Columns of a table that goes into a file or another program."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is.")],
    role: Annotated[RoleName, typer.Option(help="What it may do.")] = "user",
    jobs: Jobs = None,
    seconds: Seconds = None,
    at_once: AtOnce = None,
    network: Annotated[list[str] | None, typer.Option(help="Where it may be used from.", metavar="CIDR")] = None,
    days: Annotated[float | None, typer.Option(help="How long it holds; for ever if left out.", metavar="N")] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, which is never shown again."""
    from kinora.serve.access import Limits

    own = Limits(jobs, seconds, at_once)
    valid = None if days is None else days * 86_400
    made = _keys(database).create(name, role=role, own=own, networks=network or [], seconds_valid=valid)
    if as_json:
        print(json.dumps({**_told(made.key), "secret": made.secret}))
    else:
        print(made.secret)


@app.command("list")
def list_keys(database: Database = None, as_json: AsJson = False) -> None:
    """Show every key ever made; none with its secret."""
    found = _keys(database).all()
    if as_json:
        print(json.dumps([_told(key) for key in found]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "id", "name", "role", "jobs/day", "seconds/day", "at once", "secret", "made", "used", "state", box=None
    )
    for key in found:
        limits = key.limits
        numbers = ["-" if one is None else f"{one:g}" for one in (limits.jobs, limits.seconds, limits.at_once)]
        state = "revoked" if key.revoked_at else "holds" if key.holds(datetime.now(UTC).timestamp()) else "ran out"
        days = _day(key.created_at), _day(key.used_at)
        table.add_row(key.id, key.name, key.role, *numbers, f"...{key.hint}", *days, state)
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table)


@app.command()
def change(
    key: Annotated[str, typer.Argument(help="Its id, key_...")],
    role: Annotated[RoleName | None, typer.Option(help="What it may do from now on.")] = None,
    jobs: Jobs = None,
    seconds: Seconds = None,
    at_once: AtOnce = None,
    database: Database = None,
) -> None:
    """Give a key another role, or limits in place of all its own. A running server heeds it within two seconds."""
    from kinora.serve.access import Limits

    given = (jobs, seconds, at_once)
    own = None if given == (None, None, None) else Limits(*given)
    changed = _keys(database).change(key, role=role, own=own)
    print(json.dumps(_told(changed)))


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, key_...")],
    database: Database = None,
) -> None:
    """End a key. Its videos stay. A running server heeds it within two seconds."""
    _keys(database).revoke(key)
    print(f"{key} is revoked")


def _keys(database: str | None) -> "Keys":
    from kinora.serve.access.keys import Keys
    from kinora.serve.settings import Settings
    from kinora.serve.store.database import Database

    opened = Database(Settings.read(database=database).database)
    opened.upgrade()
    return Keys(opened)


def _told(key: "Key") -> dict[str, Any]:
    limits = {"jobs": key.limits.jobs, "seconds": key.limits.seconds, "at_once": key.limits.at_once}
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "limits": limits,
        "hint": key.hint,
        "networks": list(key.networks),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "used_at": key.used_at,
    }


def _day(moment: float | None) -> str:
    return "-" if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")
