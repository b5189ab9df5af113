"""Write docs/models.md from the catalogue itself; with --check, only say whether it is up to date.

python scripts/models_page.py [--check]
"""

import difflib
import pathlib
import sys

from kinora.checkpoints.cards import CARDS, NEGATIVE, Card
from kinora.engine.open.forecast import WAYS, Machine, forecast
from kinora.grid import format_size

TARGET = pathlib.Path(__file__).parents[1] / "docs" / "models.md"
NOTES = pathlib.Path(__file__).parent / "models_page.md"
MACHINE = Machine(memory=1e12, flops=989e12)
TASKS = {
    "tokens": "all: given frames are held by a sigma of their own, as trained",
    "path": "all; given frames are held along the noise path, which it was not trained for",
}


def page() -> str:
    """The whole page."""
    cards = list(CARDS.values())
    names = "\n".join(f"| {row(card)} |" for card in cards)
    settings = "\n".join(f"| {setting(card)} |" for card in cards)
    sizes = "\n".join(f"| {size(card)} |" for card in cards)
    sources = "\n".join(f"- `{card.name}`: {source(card)}" for card in cards)
    return NOTES.read_text(encoding="utf-8").format(
        names=names, settings=settings, sizes=sizes, sources=sources, negative=NEGATIVE
    )


def row(card: Card) -> str:
    """Name, what it does, parameters, licence, where it is."""
    count = card.shape.parameters / 1e9
    parameters = f"{count:.1f} B" if len(card.shape.experts) == 1 else f"{len(card.shape.experts)} x {count:.1f} B"
    return f"`{card.name}` | {card.summary} | {parameters} | {card.licence} | {card.repo} | {tasks(card)}"


def tasks(card: Card) -> str:
    """What can be asked of it."""
    if card.defaults.holds != "channels":
        return TASKS[card.defaults.holds]
    return "join, loop of a clip, blend, remix" + ("" if card.defaults.closing else ", animate, extend forward")


def setting(card: Card) -> str:
    """What it is sampled with."""
    own = card.defaults
    guidance = f"{own.guidance:g}" if own.guidance_high is None else f"{own.guidance:g} / {own.guidance_high:g}"
    boundary = "" if own.boundary is None else f"{own.boundary:g}"
    frames = round(own.seconds * own.fps)
    steers = "none" if not own.negative else own.negative.replace(NEGATIVE, "Wan's")
    return (
        f"`{card.name}` | {format_size(own.size)} | {frames} at {own.fps} | {own.solver} | {own.steps} | {own.shift:g} "
        f"| {guidance} | {boundary} | {steers}"
    )


def size(card: Card) -> str:
    """Gigabytes at the most for its default clip, each way."""
    own = card.defaults
    frames = 4 * (own.window - 1) + 1
    found = [forecast(card, size=own.size, frames=frames, machine=MACHINE, way=way) for way in WAYS]
    disk = (len(card.shape.experts) * card.shape.parameters * 2 + 11.4e9 + 0.5e9) / 1e9
    return f"`{card.name}` | {disk:.0f} | " + " | ".join(f"{one.peak / 1e9:.1f}" for one in found)


def source(card: Card) -> str:
    """Where its settings come from."""
    return "; ".join(f"{name}: {where}" for name, where in card.sources.items())


def main() -> None:
    """Write or check."""
    fresh = page()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(fresh, encoding="utf-8")
        return
    old = TARGET.read_text(encoding="utf-8")
    if old != fresh:
        sys.stderr.writelines(difflib.unified_diff(old.splitlines(True), fresh.splitlines(True), "docs", "catalogue"))
        sys.exit(1)


if __name__ == "__main__":
    main()
