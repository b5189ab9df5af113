"""What the commands that film share: progress, what the model reads, a free name, and the report at the end."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.errors import InvalidRequest
from kinora.grid import format_size

if TYPE_CHECKING:
    from kinora.cli.options import Told
    from kinora.clip import Clip
    from kinora.engine.events import Event
    from kinora.engine.expand import Expander
    from kinora.request import Shot

KEY = "KINORA_CHAT_KEY"
"""The environment variable with the chat endpoint's key: an option would be seen in the list of processes."""

Chat = Annotated[
    str | None, typer.Option(help="An OpenAI-compatible endpoint that writes what the model reads.", metavar="URL")
]
ChatModel = Annotated[str, typer.Option(help=f"The endpoint's model; its key is taken from {KEY}.", metavar="NAME")]
NoExpand = Annotated[bool, typer.Option("--no-expand", help="Film the words as they are.")]


def chosen_expander(chat: str | None, chat_model: str, no_expand: bool) -> "Expander | None":
    """The expander that the options ask for; None for the model's own. Raises InvalidRequest if they disagree."""
    if chat is None:
        if chat_model:
            raise InvalidRequest("--chat-model", rule="says which model of a chat endpoint", remedy="give --chat, too")
        return None
    if no_expand:
        raise InvalidRequest("--chat and --no-expand", rule="contradict each other", remedy="leave one of them out")
    from kinora.engine.expand.chat import ChatExpander

    return ChatExpander(chat, chat_model, os.environ.get(KEY))


def film_shot(shot: "Shot", told: "Told", *, extension: str) -> None:
    """Film a shot into a file as `told`, and print its path. Raises errors.UserError for what can't be made."""
    start = time.perf_counter()
    expander = told.expander
    from kinora.engine.api import check, film
    from kinora.engine.runtime import Runtime
    from kinora.safety.release import check_release

    shot = replace(shot, seed=check(shot).seed)  # all that can be refused is, before the model is loaded
    assert shot.seed is not None
    path = check_release(told.output or free_name(shot.prompt, shot.seed, extension))
    with progress(quiet=told.as_json) as watch:
        clip = film(shot, Runtime(watch=watch, expander=expander, tier=told.tier), to=path)
    tell(clip, path, total=time.perf_counter() - start, as_json=told.as_json)


def tell(clip: "Clip", path: Path, *, total: float, as_json: bool) -> None:
    """Print where the finished clip lies, or with `as_json` all about it, made in `total` seconds."""
    if as_json:
        clip.info["timings"]["total"] = round(total, 3)
        print(json.dumps(_report(clip, path), ensure_ascii=False))
        return
    for warning in clip.info["warnings"]:
        print(f"kinora: warning: {warning}", file=sys.stderr)
    if sys.stderr.isatty():
        print(f"{clip.seconds:g} s of video in {total:.1f} s, seed {clip.seed}", file=sys.stderr)
    print(path)


def _report(clip: "Clip", path: Path) -> dict[str, Any]:
    """What --json prints."""
    return {
        "file": str(path),
        "model": clip.model,
        "version": clip.version,
        "seed": clip.seed,
        "size": format_size(clip.size),
        "fps": clip.fps,
        "frames": len(clip.frames),
        "seconds": clip.seconds,
        "steps": clip.steps,
        "guidance": clip.guidance,
        "prompt": clip.prompt,
        "negative": clip.negative,
        **clip.info.get("sampling", {}),
        "timings": clip.info["timings"],
        "peak_memory": clip.info["peak_memory"],
        "frames_reviewed": clip.info["frames_reviewed"],
        "warnings": clip.info["warnings"],
        **{
            name: clip.info[name]
            for name in ("prompt_asked", "expansion", "shots", "edit", "sources", "report")
            if name in clip.info
        },
    }


def free_name(prompt: str, seed: int, extension: str = ".mp4") -> Path:
    """A file name from the prompt and the seed that is not taken in this directory."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower())[:48].strip("-") or "video"
    name = f"{words}-{seed}"
    taken = 1
    while (path := Path(f"{name}{extension}" if taken == 1 else f"{name}-{taken}{extension}")).exists():
        taken += 1
    return path


def is_file(words: str) -> bool:
    """Whether what was typed is the name of a file; for a sentence too long to be one `Path.is_file` would raise."""
    return os.path.isfile(words)  # noqa: PTH113


def tell_read(event: "Event") -> None:
    """Show on the error stream what the model reads instead of the user's words."""
    from kinora.engine.events import Read

    if isinstance(event, Read):
        print(f"kinora: the model reads: {event.prompt}", file=sys.stderr)
        for note in event.notes:
            print(f"kinora:   {note}", file=sys.stderr)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[["Event"], None]]:
    """A function to be told of events: it shows what the model reads and, on a terminal, bars; nothing if `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield (lambda _event: None) if quiet else tell_read
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from kinora.engine import events

    columns = (TextColumn("{task.description:>8}"), BarColumn(), TextColumn("{task.fields[count]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        stages = {"load": bars.add_task("load", total=None, count="")}

        def watch(event: "Event") -> None:
            tell_read(event)
            match event:
                case events.Progress(stage, index, total):
                    if stage not in stages:  # a long video is solved and decoded by turns: a bar for each
                        stages[stage] = bars.add_task(stage, count="")
                        bars.update(stages["load"], visible=False)
                    bars.update(stages[stage], completed=index, total=total, count=f"{index}/{total}")

        yield watch
