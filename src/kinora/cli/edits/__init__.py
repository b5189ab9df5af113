"""The verbs that start from pictures and clips: the options they share, and what each does with its request."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.cli.filming import chosen_expander, free_name, progress, tell
from kinora.errors import InvalidRequest
from kinora.grid import parse_size

if TYPE_CHECKING:
    from kinora.engine.edits import Edit, Options

PREVIEW_STEPS = 6

Size = Annotated[
    str | None,
    typer.Option(help="Picture size; without, the source's own where the model makes such.", metavar="WxH"),
]
Fit = Annotated[str, typer.Option(help="How a source of another size fits: cover, contain or stretch.", metavar="HOW")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same frames.", metavar="N")]
Steps = Annotated[int | None, typer.Option(help="Solver steps: more are slower and finer.", metavar="N")]
Guidance = Annotated[float | None, typer.Option(help="How strictly to follow the prompt.", metavar="G")]
Negative = Annotated[str, typer.Option(help="What to steer away from.", metavar="TEXT")]
ModelName = Annotated[str, typer.Option(help="A model's name or directory.", metavar="NAME")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file: .mp4, .gif, .webp or .png.", metavar="FILE")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object about the video.")]
Preview = Annotated[bool, typer.Option("--preview", help=f"A quick look in {PREVIEW_STEPS} steps.")]


def options(
    size: str | None,
    fit: str,
    seed: int | None,
    steps: int | None,
    guidance: float | None,
    negative: str,
    model: str,
    *,
    preview: bool,
    no_expand: bool,
) -> "Options":
    """What every verb may be told. Raises InvalidRequest."""
    from kinora.engine.edits import Options
    from kinora.media import check_fit

    if preview and steps is not None:
        raise InvalidRequest("--preview and --steps", rule="both choose the steps", remedy="leave one of them out")
    return Options(
        size=parse_size(size) if size is not None else None,
        fit=check_fit(fit),
        seed=seed,
        steps=PREVIEW_STEPS if preview else steps,
        guidance=guidance,
        negative=negative,
        model=model,
        expand=not no_expand,
    )


def perform(request: "Edit", output: Path | None, *, as_json: bool, chat: str | None, chat_model: str) -> None:
    """Make what is asked, into a file, and print its path; what was done to the sources goes to the error stream."""
    start = time.perf_counter()
    expander = chosen_expander(chat, chat_model, not request.options.expand)
    from kinora.engine.edits.verbs import draft, make
    from kinora.media import check_target

    ready = draft(request)  # all that can be refused is, before the model is loaded
    path = check_target(output or free_name(ready.plan.prompt or request.verb, ready.plan.seed))
    if not as_json:
        for line in ready.info["report"]:
            print(f"kinora: {line}", file=sys.stderr)
    with progress(quiet=as_json) as watch:
        clip = make(ready, request.options.model, to=path, watch=watch, expander=expander)
    tell(clip, path, total=time.perf_counter() - start, as_json=as_json)
