"""`kinora plan`: how much memory and time a clip will take, before anything is fetched or loaded."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from kinora.errors import InvalidRequest, Unavailable, UnknownModel
from kinora.grid import format_size, parse_size
from kinora.request import Shot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinora.checkpoints.cards import Card
    from kinora.engine.open.forecast import Forecast, Machine
    from kinora.grid import Size

app = typer.Typer(add_completion=False)


@app.command()
def plan(
    model: Annotated[str, typer.Argument(help="A model's name, or NAME@DIRECTORY.")],
    size: Annotated[str, typer.Argument(help="Picture size in pixels.", metavar="WxH")],
    seconds: Annotated[float | None, typer.Argument(help="Length; the model's own if left out.", metavar="S")] = None,
    steps: Annotated[int | None, typer.Option(help="Solver steps.", metavar="N")] = None,
    memory: Annotated[
        float | None, typer.Option(help="Memory of another machine than this one, in GB.", metavar="GB")
    ] = None,
    tflops: Annotated[
        float | None, typer.Option(help="Its speed in TFLOP/s of bfloat16; measured here if left out.", metavar="T")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict peak memory and time of a clip, for each way to keep the model; refuse what cannot fit, with what would.

    Nothing is fetched or loaded. Exits with 2 if the clip can't be made here.
    """
    from kinora.checkpoints.cards import CARDS
    from kinora.checkpoints.catalog import choose, describe
    from kinora.engine.open.forecast import WAYS, best, forecast, instead

    card = choose(model).card
    if card is None:
        rule = "is small enough for any machine, so there is no plan of it"
        raise UnknownModel(model, rule=rule, remedy=f"plans are for {', '.join(CARDS)}")
    if memory is not None and not memory > 0:
        raise InvalidRequest(f"{memory:g} GB", rule="memory is more than 0", remedy="leave it out for this machine's")
    shot = Shot("plan", size=parse_size(size), seconds=seconds, steps=steps)
    limits = describe(model).limits
    asked = limits.plan(shot)
    frames = limits.grid.frames_for(asked.seconds, asked.fps)
    machine = _machine(memory, tflops)
    ways = [forecast(card, size=asked.size, frames=frames, machine=machine, way=way, steps=asked.steps) for way in WAYS]
    chosen = best(card, size=asked.size, frames=frames, machine=machine, steps=asked.steps)
    if as_json:
        print(json.dumps(_report(machine, ways, chosen), ensure_ascii=False))
    else:
        print(f"{card.name}, {format_size(asked.size)}, {frames} frames, {asked.steps} steps on {machine.name}:")
        for one in ways:
            print(f"  {_line(one, machine)}")
    if chosen is None:
        others = instead(card, tuple(CARDS.values()), size=asked.size, frames=frames, machine=machine)
        raise _too_large(f"{card.name} at {size}", ways, machine, others)
    if not as_json:
        print(f"It fits: {chosen.way.name}, {chosen.peak / 1e9:.1f} GB, about {_time(chosen.total)}.")


def _too_large(
    value: str, ways: "Sequence[Forecast]", machine: "Machine", others: "Sequence[tuple[Card, Size, int]]"
) -> InvalidRequest:
    """The refusal of a clip that can't be made on a machine, with three that can: (model, size, frames) of `others`."""
    least = min(one.peak for one in ways if one.way.exact)
    rule = f"needs {least / 1e9:.1f} GB of the {machine.memory / 1e9:.1f} GB there are"
    would = "; ".join(
        f"kinora plan {other.name} {format_size(size)} {count / other.defaults.fps:g}"
        for other, size, count in others[:3]
    )
    return InvalidRequest(value, rule=rule, remedy=f"these fit: {would}" if would else "nothing here fits")


def _machine(memory: float | None, tflops: float | None) -> "Machine":
    """This machine, or another one as described."""
    from kinora.engine.open.forecast import FLOAT32, Machine
    from kinora.engine.open.measuring import here

    if memory is not None and tflops is not None:
        return Machine(memory=memory * 1e9, flops=tflops * 1e12, name=f"{memory:g} GB, {tflops:g} TFLOP/s")
    found = here()
    if memory is None and tflops is None:
        return found
    if tflops is None and found.act == FLOAT32:
        raise Unavailable(
            "the speed of another machine", rule="can't be measured on one without a GPU", remedy="give --tflops"
        )
    return Machine(
        memory=found.memory if memory is None else memory * 1e9,
        flops=found.flops if tflops is None else tflops * 1e12,
        act=found.act,
        name=found.name,
    )


def _line(one: "Forecast", machine: "Machine") -> str:
    stages = ", ".join(f"{stage} {amount / 1e9:.1f}" for stage, amount in one.memory.items())
    fits = "fits" if one.peak <= machine.memory else "does not fit"
    same = "exact" if one.way.exact else "not exact"
    if one.text_visits:
        stages += ", text encoder block by block"
    return f"{one.way.name:<17} {one.peak / 1e9:6.1f} GB ({stages})  {_time(one.total):>9}  {same}, {fits}"


def _report(machine: "Machine", ways: "list[Forecast]", chosen: "Forecast | None") -> dict[str, object]:
    return {
        "memory": machine.memory,
        "flops": machine.flops,
        "machine": machine.name,
        "ways": {
            one.way.name: {
                "peak": one.peak,
                "seconds": round(one.total, 1),
                "memory": one.memory,
                "stages": {stage: round(amount, 1) for stage, amount in one.seconds.items()},
                "text_visits": one.text_visits,
                "exact": one.way.exact,
                "fits": one.peak <= machine.memory,
            }
            for one in ways
        },
        "chosen": None if chosen is None else chosen.way.name,
    }


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
