"""`kinora redteam`: attack the guard with the suite in the package, and compare with the last time."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def redteam(
    policy: Annotated[
        str, typer.Option(help="strict, standard, research, or the path of a TOML file.", metavar="NAME")
    ] = "standard",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report here, as JSON.", metavar="FILE")
    ] = None,
    last: Annotated[Path | None, typer.Option(help="An earlier report to compare with.", metavar="FILE")] = None,
) -> None:
    """Try prompts, disguises, uploads and tool chains on the guard, and report.

    Exits with 1 if a case that --last has right went wrong.
    """
    from kinora.safety import default_guard
    from kinora.safety.redteam import Report, load_suite, run

    before = Report.load(last) if last is not None else None
    report = run(default_guard(policy), load_suite())
    print(report.text(before))
    if output is not None:
        report.save(output)
    worse = report.worse_than(before) if before is not None else []
    for name in worse:
        print(f"worse than the last report: {name}", file=sys.stderr)
    if worse:
        raise typer.Exit(1)
