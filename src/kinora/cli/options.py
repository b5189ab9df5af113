"""What every verb that films may be told, once, and how it becomes the options of a command.

    @films(app)
    def animate(image: Annotated[str, typer.Argument()], prompt: ..., *, told: ToldOfSources) -> None: ...

`told` is the last parameter; its fields follow the verb's own options.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from kinora.cli.filming import Chat, ChatModel, NoExpand, chosen_expander
from kinora.errors import InvalidRequest
from kinora.grid import Size, parse_size
from kinora.request import DEFAULT_MODEL

if TYPE_CHECKING:
    from kinora.engine.expand import Expander

PREVIEW_STEPS = 6

SizeText = Annotated[str | None, typer.Option(help="Picture size in pixels.", metavar="WxH")]


@dataclass(frozen=True, kw_only=True)
class Told:
    """How to film. None is the model's own choice, or for a story that of its storyboard."""

    size: SizeText = None
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same frames.", metavar="N")] = None
    steps: Annotated[int | None, typer.Option(help="Solver steps: more are slower and finer.", metavar="N")] = None
    guidance: Annotated[float | None, typer.Option(help="How strictly to follow the prompt.", metavar="G")] = None
    guidance_high: Annotated[
        float | None, typer.Option(help="Guidance of the expert for high noise, of models with two.", metavar="G")
    ] = None
    negative: Annotated[
        str | None,
        typer.Option(
            "--negative-prompt", "--negative", help="What to steer away from; a space: nothing.", metavar="TEXT"
        ),
    ] = None
    sampler: Annotated[
        str | None, typer.Option(help="Grid of noise levels and solver; the model's own if left out.", metavar="NAME")
    ] = None
    shift: Annotated[float | None, typer.Option(help="How far the grid leans towards noise.", metavar="S")] = None
    tier: Annotated[str, typer.Option(help="exact, or fast: steps that hardly differ are not computed.")] = "exact"
    preview: Annotated[bool, typer.Option("--preview", help=f"A quick look in {PREVIEW_STEPS} steps.")] = False
    model: Annotated[
        str | None, typer.Option(help=f"A model: NAME, DIRECTORY or both as N@D; {DEFAULT_MODEL} if left out.")
    ] = None
    lora: Annotated[
        list[str] | None,
        typer.Option(
            help="A LoRA beside the weights, several if said again. Of models with two experts: high=FILE or low=FILE.",
            metavar="FILE[:STRENGTH]",
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file: .mp4, .gif, .webp or .png; a picture .png, .webp or .jpg.", metavar="FILE"
        ),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about what was made.")] = False
    no_expand: NoExpand = False
    chat: Chat = None
    chat_model: ChatModel = ""

    @property
    def pixels(self) -> Size | None:
        """The size as (height, width). Raises InvalidRequest for what is none."""
        return None if self.size is None else parse_size(self.size)

    @property
    def sampling(self) -> dict[str, Any]:
        """The fields of `request.Sampling` that were told. Raises InvalidRequest for options that contradict others."""
        from kinora.checkpoints.adapters import beside
        from kinora.engine.open.tiers import cache_of

        if self.preview and self.steps is not None:
            raise InvalidRequest("--preview and --steps", rule="both choose the steps", remedy="leave one of them out")
        names = ("seed", "guidance", "guidance_high", "negative", "sampler", "shift", "model")
        told = {name: getattr(self, name) for name in names}
        told |= {"steps": PREVIEW_STEPS if self.preview else self.steps, "cache": cache_of(self.tier)}
        if self.lora:
            told["model"] = beside(self.model or DEFAULT_MODEL, self.lora)
        return {name: value for name, value in told.items() if value is not None} | {"expand": not self.no_expand}

    @property
    def expander(self) -> "Expander | None":
        """Who puts the words into the model's own, if not the model's own. Raises InvalidRequest."""
        return chosen_expander(self.chat, self.chat_model, self.no_expand)


@dataclass(frozen=True, kw_only=True)
class ToldOfSources(Told):
    """How to film from pictures and clips."""

    size: Annotated[
        str | None,
        typer.Option(help="Picture size; without, the source's own where the model makes such.", metavar="WxH"),
    ] = None
    fit: Annotated[
        str, typer.Option(help="How a source of another size fits: cover, contain or stretch.", metavar="HOW")
    ] = "cover"


Verb = Callable[..., None]


def films(app: typer.Typer) -> Callable[[Verb], Verb]:
    """Make a function the command of `app`, with the fields of its parameter `told` as options after its own."""

    def register(verb: Verb) -> Verb:
        own = dict(inspect.signature(verb, eval_str=True).parameters)
        kind = own.pop("told").annotation
        hints = get_type_hints(kind, include_extras=True)
        shared = {one.name: hints[one.name] for one in fields(kind)}

        def command(**given: Any) -> None:
            verb(**{name: given[name] for name in own}, told=kind(**{name: given[name] for name in shared}))

        keyword = inspect.Parameter.KEYWORD_ONLY
        options = [
            inspect.Parameter(one.name, keyword, default=one.default, annotation=shared[one.name])
            for one in fields(kind)
        ]
        parameters = [*(one.replace(kind=keyword) for one in own.values()), *options]
        command.__name__, command.__doc__ = verb.__name__, verb.__doc__
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        app.command()(command)
        return verb

    return register
