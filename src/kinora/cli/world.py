"""`kinora world`: look at the procedural world, or render it into training data."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kinora.grid import parse_size

if TYPE_CHECKING:
    from kinora.world.dataset import Shard
    from kinora.world.scene import Scene

app = typer.Typer(help="Render the procedural world.", no_args_is_help=True, add_completion=False)

Tier = Annotated[Literal["core", "full"], typer.Option(help="How many words the world has.")]
Size = Annotated[str, typer.Option(help="Picture size in pixels.", metavar="WxH")]
Fps = Annotated[int, typer.Option(min=1, help="Frames a second.")]


@app.command()
def render(
    out: Annotated[Path, typer.Argument(help="Folder for the shards; a stopped run goes on there.")],
    clips: Annotated[int, typer.Option(min=0, help="How many clips.")] = 12_000,
    images: Annotated[int, typer.Option(min=0, help="How many stills.")] = 8_192,
    seed: Annotated[int, typer.Option(min=0, help="Which samples.")] = 0,
    size: Size = "128x128",
    frames: Annotated[int, typer.Option(min=1, help="Frames a clip: 4n+1.")] = 33,
    fps: Fps = 8,
    tier: Tier = "core",
    split: Annotated[
        Literal["train", "heldout", "any"], typer.Option(help="Which combinations of subject, colour and action.")
    ] = "train",
    processes: Annotated[int, typer.Option(min=1, help="Processes, one thread each.")] = 2,
    samples: Annotated[int, typer.Option(help="Samples a pixel: 1, 2 or 4.")] = 2,
    continued: Annotated[
        Literal["next", "hidden"] | None,
        typer.Option(
            help="Takes of two parts: the action or another one goes on, or the subject hides and comes back."
        ),
    ] = None,
) -> None:
    """Render clips, stills and their captions into shards."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kinora.world.dataset import render_dataset

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bars:
        tasks = {"clips": bars.add_task("clips", total=clips), "images": bars.add_task("images", total=images)}

        def show(shard: "Shard") -> None:
            bars.advance(tasks[shard.kind], shard.count)

        render_dataset(
            out,
            clips=clips,
            images=images,
            seed=seed,
            size=parse_size(size),
            frames=frames,
            fps=fps,
            tier=tier,
            split=split,
            processes=processes,
            samples=samples,
            continued=continued,
            progress=show,
        )
    print(out)


@app.command()
def show(
    seed: Annotated[int, typer.Option(min=0, help="Which scene; the options below change parts of it.")] = 0,
    subject: Annotated[str | None, typer.Option(help="creature, ball, snowman, ...")] = None,
    colour: Annotated[str | None, typer.Option(help="red, blue, ...")] = None,
    action: Annotated[str | None, typer.Option(help="hop, spin, move_left, ...")] = None,
    setting: Annotated[str | None, typer.Option(help="meadow, forest, room, ...")] = None,
    light: Annotated[str | None, typer.Option(help="day, sunset or night.")] = None,
    weather: Annotated[str | None, typer.Option(help="clear, snow, ...")] = None,
    camera: Annotated[str | None, typer.Option(help="static, pan_left, orbit, ...")] = None,
    seconds: Annotated[float, typer.Option(min=0.125, max=60, help="Length.")] = 4.0,
    size: Size = "256x256",
    fps: Fps = 8,
    tier: Tier = "core",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file: .mp4, .gif, .webp, .png or .jpg.", metavar="FILE")
    ] = Path("scene.mp4"),
) -> None:
    """Render one scene to a file; prints its caption and the file's path."""
    from kinora.clip import Clip
    from kinora.media import check_target
    from kinora.world.captions import canonical
    from kinora.world.render import Renderer
    from kinora.world.sample import sample_scene

    check_target(output)
    drawn = sample_scene(seed, tier=tier, seconds=seconds, fps=fps, size=parse_size(size), split="any")
    scene = _changed(
        drawn,
        subject=subject,
        colour=colour,
        action=action,
        setting=setting,
        light=light,
        weather=weather,
        camera=camera,
    )
    with Renderer(scene.height, scene.width) as renderer:
        frames = renderer.render(scene)
    caption = canonical(scene)
    print(caption)
    clip = Clip(frames=frames, fps=fps, prompt=caption, seed=seed, model="kinora-world", info={"edit": "world"})
    print(clip.save(output))


def _changed(
    scene: "Scene",
    *,
    subject: str | None,
    colour: str | None,
    action: str | None,
    setting: str | None,
    light: str | None,
    weather: str | None,
    camera: str | None,
) -> "Scene":
    """The scene with parts of its first shot replaced, and what depends on them made to fit.

    Raises InvalidRequest, listing the words there are, for one the world doesn't know.
    """
    from kinora.world.scene import Subject
    from kinora.world.vocabulary import FLUFFY_KINDS

    shot = scene.shots[0]
    if subject is not None or colour is not None:
        kind = subject or shot.subject.kind
        material = "fluffy" if kind in FLUFFY_KINDS else "matte"
        shot = replace(shot, subject=Subject(kind=kind, colour=colour or shot.subject.colour, material=material))
    if action is not None:
        shot = replace(shot, actions=(replace(shot.actions[0], verb=action, start=0.0, end=shot.seconds),))
    if setting is not None:
        # Snow falls in few places, and a room is lit by candles at night: start from what fits everywhere.
        shot = replace(shot, setting=setting, weather="clear", light="night" if setting == "room" else shot.light)
    shot = replace(shot, light=light or shot.light, weather=weather or shot.weather, camera=camera or shot.camera)
    return replace(scene, shots=(shot, *scene.shots[1:]))
