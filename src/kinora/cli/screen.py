"""`kinora screen`: what the guard says to a text, or to many, one a line."""

import json
import queue
import sys
import threading
from collections.abc import Iterator
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.errors import InvalidRequest

if TYPE_CHECKING:
    from kinora.safety import Verdict

app = typer.Typer(add_completion=False)

TOGETHER = 64
"""Lines screened at once, where so many are waiting."""


@app.command()
def screen(
    text: Annotated[str, typer.Argument(help="The text, or - to read one a line from standard input.")],
    policy: Annotated[
        str, typer.Option(help="strict, standard, research, or the path of a TOML file.", metavar="NAME")
    ] = "standard",
    style: Annotated[
        str, typer.Option("--as", help="What the text is: prompt, or social for what people write.", metavar="KIND")
    ] = "prompt",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether a prompt would be refused, and why.

    With - each line in gives one JSON object out, in order. The exit code is 0 whatever the verdict is.
    """
    if style not in ("prompt", "social"):
        raise InvalidRequest(style, rule="--as takes prompt or social")
    from kinora.safety import default_guard

    guard = default_guard(policy)
    kind: Any = style
    if text != "-":
        (verdict,) = guard.screen_many([text], kind)
        print(json.dumps(_report(verdict), ensure_ascii=False) if as_json else _words(verdict))
        return
    assert isinstance(sys.stdin, TextIOWrapper)
    for lines in _waiting(sys.stdin):
        for verdict in guard.screen_many(lines, kind):
            print(json.dumps(_report(verdict)))
        sys.stdout.flush()


def _waiting(stream: TextIOWrapper) -> Iterator[list[str]]:
    """Lines as they come: as many together as are waiting, so that one who sends a single line is answered at once."""
    stream.reconfigure(errors="replace")
    lines: queue.Queue[str | None] = queue.Queue(maxsize=4 * TOGETHER)

    def fill() -> None:
        for line in stream:
            lines.put(line.rstrip("\r\n"))
        lines.put(None)

    threading.Thread(target=fill, daemon=True).start()
    taken: list[str | None] = [""]
    while taken[-1] is not None:  # the end
        taken = [lines.get()]
        while taken[-1] is not None and len(taken) < TOGETHER and not lines.empty():
            taken.append(lines.get())
        if batch := [line for line in taken if line is not None]:
            yield batch


def _report(verdict: "Verdict") -> dict[str, Any]:
    """A verdict as JSON."""
    from kinora.safety.policy import CATEGORIES

    return {
        "blocked": not verdict.allowed,
        "action": verdict.action,
        "categories": {name: round(verdict.scores.get(name, 0.0), 4) for name in CATEGORIES},
        "reason": verdict.reason,
        "findings": [
            {"category": f.category, "score": round(f.score, 4), "span": f.span, "rule": f.rule, "remedy": f.remedy}
            for f in verdict.findings
        ],
        "disguises": verdict.disguises,
    }


def _words(verdict: "Verdict") -> str:
    """A verdict for people."""
    lines = [f"{verdict.action}: {verdict.reason}" if verdict.reason else verdict.action]
    lines += [f"  {f.category} {f.score:.2f} ({f.rule})" for f in verdict.findings]
    if verdict.disguises:
        lines.append(f"  undone: {', '.join(verdict.disguises)}")
    return "\n".join(lines)
