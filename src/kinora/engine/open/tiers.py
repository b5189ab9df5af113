"""Two named ways to make a clip: exact, to the bit what the plain way gives, and fast, which differs a little.

| | exact | fast |
|---|---|---|
| steps | all computed | those that hardly differ are told from the ones before (`flow.reuse`, "safe") |
| blocks | as they are | compiled, on a GPU where they all fit |
| where weights lie | on the device, or visiting it if they don't fit | the same |

docs/models.md has what fast costs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinora.errors import InvalidRequest

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
    """How to keep an open model on `device`, so that its default clip fits.

    Raises InvalidRequest, with what would do, if it doesn't fit a GPU in any exact way.
    """
    from kinora.checkpoints.assemble import Setup
    from kinora.checkpoints.cards import CARDS
    from kinora.engine.open.forecast import best, instead
    from kinora.engine.open.measuring import here

    if not device.startswith("cuda") or _shrunken(card, directory):
        return Setup()
    machine, chosen = here(), card.defaults
    frames = 4 * (chosen.window - 1) + 1
    way = best(card, size=chosen.size, frames=frames, machine=machine)
    if way is None or not way.way.exact:
        others = instead(card, tuple(CARDS.values()), size=chosen.size, frames=frames, machine=machine)
        remedy = f"see kinora plan {others[0][0].name}" if others else "use a larger GPU"
        rule = f"does not fit the {machine.memory / 1e9:.0f} GB of {machine.name}"
        raise InvalidRequest(card.name, rule=rule, remedy=remedy)
    return Setup(offload=way.way.offload, compiled=tier == "fast" and not way.way.offload)


def _shrunken(card: Card, directory: Path) -> bool:
    """Whether a directory holds less than the card's transformer would take in 8 bits: a test's model, or a part."""
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return size < card.shape.parameters
