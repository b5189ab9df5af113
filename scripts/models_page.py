"""Write docs/models.md from the catalogue itself; with --check, only say whether it is up to date.

python scripts/models_page.py [--check]
"""

import difflib
import pathlib
import sys

from kinora.checkpoints.cards import CARDS, NEGATIVE, Card
from kinora.engine.open.forecast import WAYS, Machine, best, forecast, instead
from kinora.grid import format_size

TARGET = pathlib.Path(__file__).parents[1] / "docs" / "models.md"
NOTES = pathlib.Path(__file__).parent / "models_page.md"
MACHINE = Machine(memory=0, flops=989e12)
"""On which everything that can visit does: what each way takes at the least."""

PUBLISHED = {"transformer": 4, "text": 11.36e9, "wan2.1": 0.51e9, "wan2.2": 2.82e9, "image": 4.77e9}
"""Bytes of Wan's own files: of a transformer for each parameter, which are float32, and of the others in all."""

CARDS_OF = (8, 12, 16, 24, 48, 80)
"""Gigabytes of the graphics cards that people have."""

RTX_4090 = 165e12
"""Operations a second in bfloat16 at the peak, of the usual card with 24 GB."""

GIVEN = {
    "generate, image, story, loop of words": (False, False),
    "animate, extend, story of pictures": (True, False),
    "extend backward": (False, True),
    "join, blend, loop of a clip, remix, edit": (True, True),
}
"""What can be asked, by what it brings of a clip's ends."""


def page() -> str:
    """The whole page."""
    cards = list(CARDS.values())
    parts = {"names": row, "tasks": task, "settings": setting, "sizes": size, "fits": fit}
    tables = {name: "\n".join(f"| {line(card)} |" for card in cards) for name, line in parts.items()}
    sources = "\n".join(f"- `{card.name}`: {source(card)}" for card in cards)
    asked = " | ".join(GIVEN)
    return NOTES.read_text(encoding="utf-8").format(**tables, asked=asked, sources=sources, negative=NEGATIVE)


def row(card: Card) -> str:
    """Name, what it does, parameters, licence, where it is."""
    count = card.shape.parameters / 1e9
    parameters = f"{count:.1f} B" if len(card.shape.experts) == 1 else f"{len(card.shape.experts)} x {count:.1f} B"
    return f"`{card.name}` | {card.summary} | {parameters} | {card.licence} | {card.repo}"


def task(card: Card) -> str:
    """What can be asked of it."""
    cells = [cell(card, first=first, last=last) for first, last in GIVEN.values()]
    return f"`{card.name}` | " + " | ".join(cells)


def cell(card: Card, *, first: bool, last: bool) -> str:
    """Whether it does what brings so much, and whether it was trained for that."""
    if not card.defaults.can(first=first, last=last):
        return "-"
    return "yes" if card.defaults.holds != "path" or not (first or last) else "untrained"


def setting(card: Card) -> str:
    """What it is sampled with."""
    own = card.defaults
    guidance = f"{own.guidance:g}" if own.guidance_high is None else f"{own.guidance:g} / {own.guidance_high:g}"
    boundary = "" if own.boundary is None else f"{own.boundary:g}"
    steers = "none" if not own.negative else own.negative.replace(NEGATIVE, "Wan's")
    return (
        f"`{card.name}` | {format_size(own.size)} | {frames(card)} at {own.fps} | {own.solver} | {own.steps} "
        f"| {own.shift:g} | {guidance} | {boundary} | {steers}"
    )


def size(card: Card) -> str:
    """Gigabytes on disk, in main memory where blocks visit the card, and on the card for its default clip, each way."""
    parameters = len(card.shape.experts) * card.shape.parameters
    disk = parameters * PUBLISHED["transformer"] + PUBLISHED["text"] + PUBLISHED[card.shape.vae]
    disk += PUBLISHED["image"] if card.shape.image_states else 0
    disk += PUBLISHED["transformer"] * parameters if card.base else 0  # that of the model it was distilled from
    found = [forecast(card, size=card.defaults.size, frames=frames(card), machine=MACHINE, way=way) for way in WAYS]
    peaks = " | ".join(f"{one.peak / 1e9:.1f}" for one in found)
    return f"`{card.name}` | {disk / 1e9:.0f} | {2 * parameters / 1e9:.0f} | {peaks}"


def fit(card: Card) -> str:
    """How its default clip is made on each card, or the largest one that can be, and how long 24 GB take."""
    cells = [fitted(card, Machine(memory=memory * 1e9, flops=RTX_4090)) for memory in CARDS_OF]
    own = best(card, size=card.defaults.size, frames=frames(card), machine=Machine(memory=24e9, flops=RTX_4090))
    minutes = "-" if own is None else f"{own.total / 60:.1f} min" if own.total < 120 else f"{own.total / 60:.0f} min"
    return f"`{card.name}` | {' | '.join(cells)} | {minutes}"


def fitted(card: Card, machine: Machine) -> str:
    """ "whole", "visiting" (blocks come one after another), or what fits where the default clip does not."""
    found = best(card, size=card.defaults.size, frames=frames(card), machine=machine)
    if found is not None and found.way.exact:
        return "visiting" if found.way.offload else "whole"
    smaller = instead(card, (), size=card.defaults.size, frames=frames(card), machine=machine)
    return f"{format_size(smaller[0][1])}, {smaller[0][2]} frames" if smaller else "-"


def frames(card: Card) -> int:
    """Frames of its default clip."""
    return 4 * (card.defaults.window - 1) + 1


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
