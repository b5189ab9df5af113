"""Kinora: text becomes video, offline, on weights that ship with the package.

import kinora
kinora.generate("a red ball bounces in a meadow").save("ball.mp4")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kinora.clip import Clip
    from kinora.engine.api import generate, image
    from kinora.engine.edits.verbs import animate, blend, extend, join, loop, remix
    from kinora.engine.stories.api import expand, story
    from kinora.engine.stories.story import Story
    from kinora.request import Shot

__version__ = "0.1.0"
__all__ = [
    "Clip",
    "Shot",
    "Story",
    "__version__",
    "animate",
    "blend",
    "expand",
    "extend",
    "generate",
    "image",
    "join",
    "loop",
    "remix",
    "story",
]


_HOMES = {
    "Clip": "kinora.clip",
    "Shot": "kinora.request",
    "story": "kinora.engine.stories.api",
    "expand": "kinora.engine.stories.api",
    "Story": "kinora.engine.stories.story",
    "generate": "kinora.engine.api",
    "image": "kinora.engine.api",
    **dict.fromkeys(("animate", "blend", "extend", "join", "loop", "remix"), "kinora.engine.edits.verbs"),
}


def __getattr__(name: str) -> Any:
    # Resolved on first use (PEP 562), so that `import kinora` costs nothing.
    if name not in _HOMES:
        raise AttributeError(f"module 'kinora' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
