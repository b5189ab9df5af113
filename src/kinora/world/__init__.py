"""A procedural world with known physics and captions: training data for the shipped model, answer key for evals.

>>> from kinora.world import Renderer, canonical, sample_scene
>>> scene = sample_scene(7)

The names below load on first use, so that scenes and captions need no OpenGL.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

VERSION = "1"
"""Names what scenes look like: same scene, same version, same bytes. Shards of another version are not continued."""

_HOME = {
    "Action": "scene",
    "Caption": "captions",
    "Place": "sample",
    "Renderer": "render",
    "Scene": "scene",
    "Shot": "scene",
    "Subject": "scene",
    "Track": "motion",
    "Truth": "truth",
    "animate": "motion",
    "canonical": "captions",
    "flip": "scene",
    "is_held_out": "split",
    "render_dataset": "dataset",
    "sample_scene": "sample",
}

if TYPE_CHECKING:
    from kinora.world.captions import Caption, canonical
    from kinora.world.dataset import render_dataset
    from kinora.world.motion import Track, animate
    from kinora.world.render import Renderer
    from kinora.world.sample import Place, sample_scene
    from kinora.world.scene import Action, Scene, Shot, Subject, flip
    from kinora.world.split import is_held_out
    from kinora.world.truth import Truth

__all__ = [
    "VERSION",
    "Action",
    "Caption",
    "Place",
    "Renderer",
    "Scene",
    "Shot",
    "Subject",
    "Track",
    "Truth",
    "animate",
    "canonical",
    "flip",
    "is_held_out",
    "render_dataset",
    "sample_scene",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
