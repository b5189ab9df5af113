"""A user's words become a caption of the kind that the model was trained on.

    expander = WorldExpander(model.text)                        # the shipped model's world; needs nothing else
    expander = ChatExpander("http://localhost:8000/v1", "qwen") # any OpenAI-compatible endpoint, for open weights
    expander.expand("a scared bunny in the woods at dusk", seconds=4).prompt

What comes out is shown to the user, is screened again, and can be switched off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from kinora.request import Real

if TYPE_CHECKING:
    from kinora.checkpoints.parts import TextReader
    from kinora.models.text import TextEncoder

__all__ = ["Expander", "Expansion", "expander_for"]


@dataclass(frozen=True)
class Expansion:
    """What the model will read, whether that differs from what was asked, and in words what was lost or chosen."""

    prompt: str
    changed: bool
    notes: tuple[str, ...] = ()


@runtime_checkable
class Expander(Protocol):
    """Turns a prompt into what a model reads."""

    def expand(self, prompt: str, *, seconds: Real, image: bool = False, previous: str = "") -> Expansion:
        """Expand the prompt of a clip of `seconds`, or of a single `image`.

        previous: what the model reads for the shot before, whose subject, place and light hold where the prompt says
        nothing of them.
        """


def expander_for(name: str, reader: TextReader) -> Expander | None:
    """The expander that a model's description names: "world", for models that read by sentences, or "" for none."""
    if name == "world":
        from kinora.engine.expand.world import WorldExpander

        return WorldExpander(cast("TextEncoder", reader))
    assert name == "", f"{name=} is no expander"
    return None
