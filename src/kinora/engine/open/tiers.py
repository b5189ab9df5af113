"""Two named ways to make a clip: exact, to the bit what the plain way gives, and fast, which differs a little.

| | exact | fast |
|---|---|---|
| steps | all computed | those that hardly differ are told from the ones before (`flow.reuse`, "safe") |
| blocks | as they are | compiled, on a GPU where they all fit |
| where weights lie | on the device, or visiting it if they don't fit; the text encoder likewise | the same |

docs/models.md has what fast costs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinora.engine.open.forecast import best, instead
from kinora.errors import InvalidRequest
from kinora.grid import Size, format_size

if TYPE_CHECKING:
    from kinora.checkpoints.assemble import Setup
    from kinora.checkpoints.cards import Card

TIERS = {"exact": "off", "fast": "safe"}
"""Each tier's cache, a name of `request.CACHES`."""


def cache_of(tier: str) -> str:
    """The cache that a tier uses. Raises InvalidRequest for a tier that there isn't."""
    if tier not in TIERS:
        raise InvalidRequest(f"tier {tier}", rule="no such tier", remedy=f"there are {', '.join(TIERS)}")
    return TIERS[tier]


def setup_for(card: Card, directory: Path, *, device: str, tier: str) -> Setup:
    """How to keep an open model on `device`: whole where its default clip then fits, else with blocks that visit."""
    from kinora.checkpoints.assemble import Setup
    from kinora.engine.open.measuring import here

    if not device.startswith("cuda") or _shrunken(card, directory):
        return Setup()
    way = best(card, size=card.defaults.size, frames=4 * (card.defaults.window - 1) + 1, machine=here(device))
    whole = way is not None and not way.way.offload
    text_visits = way is None or way.text_visits
    return Setup(offload=not whole, text_visits=text_visits, compiled=tier == "fast" and whole)


def check_fits(card: Card, directory: Path, *, size: Size, frames: int, device: str) -> None:
    """Raise InvalidRequest, with what would do, for a clip that does not fit a GPU in any exact way."""
    from kinora.checkpoints.cards import CARDS
    from kinora.engine.open.measuring import here

    if not device.startswith("cuda") or _shrunken(card, directory):
        return
    machine = here(device)
    if best(card, size=size, frames=frames, machine=machine) is not None:
        return
    others = instead(card, tuple(CARDS.values()), size=size, frames=frames, machine=machine)
    would = "; ".join(
        f"kinora plan {other.name} {format_size(one)} {count / other.defaults.fps:g}"
        for other, one, count in others[:3]
    )
    rule = f"does not fit the {machine.memory / 1e9:.0f} GB of {machine.name}"
    asked = f"{card.name} at {format_size(size)}, {frames} frames"
    raise InvalidRequest(asked, rule=rule, remedy=f"these fit: {would}" if would else "use a larger GPU")


def _shrunken(card: Card, directory: Path) -> bool:
    """Whether a directory holds less than the card's transformer would take in 8 bits: a test's model, or a part."""
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return size < card.shape.parameters
