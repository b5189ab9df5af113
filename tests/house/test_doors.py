"""No picture leaves Kinora but by `kinora.safety.release`: reviewed, marked, signed."""

import ast
import inspect

import kinora
from kinora.clip import Clip

WRITERS = {"write_clip", "write_video", "write_gif", "write_webp", "write_png", "write_jpeg"}

BARE = {
    "kinora.media.write": "the writers themselves",
    "kinora.media.image": "the writers themselves",
    "kinora.media": "hands them on",
    "kinora.media.recode": "in memory, for measuring what survives a codec",
    "kinora.safety.release": "the door",
    "kinora.cli.doctor": "a black clip in a temporary folder, read and deleted at once: does this machine encode?",
}
"""Modules that may write pictures bare, each with its reason."""

BY_HAND = {
    "kinora.media.image": "the writers themselves",
    "kinora.media.write": "the writers themselves",
    "kinora.media.recode": "in memory, for measuring what survives a codec",
    "kinora.safety.reviewers_moderation": "a JPEG in memory, for the moderation server",
    "kinora.train.sheet": "what training shows of its own data and of its own model, for whoever trains",
}
"""Modules that may call Pillow's save or open a file for PyAV to write, each with its reason."""


def test_only_the_door_uses_the_bare_writers(sources):
    found = {
        module
        for module, path in sources.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if WRITERS & {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
    }
    assert found <= set(BARE)
    assert "kinora.safety.release" in found


def test_nobody_goes_round_them_with_pillow_or_pyav(sources):
    texts = {module: path.read_text() for module, path in sources.items()}
    found = {module for module, text in texts.items() if "PIL" in text and ".save(" in text}
    found |= {module for module, text in texts.items() if "av.open(" in text and '"w"' in text}
    assert found <= set(BY_HAND)
    assert "kinora.media.write" in found


def test_python_verbs_return_clips_and_write_none():
    """A clip leaves by `Clip.save`: no verb has a path of its own to write to."""
    verbs = {name: one for name in kinora.__all__ if inspect.isfunction(one := getattr(kinora, name))}
    making = {name: inspect.signature(one) for name, one in verbs.items()}
    making = {name: one for name, one in making.items() if one.return_annotation in ("Clip", Clip)}
    assert set(making) >= {"generate", "image"}
    assert {name for name, one in making.items() if {"to", "path", "output"} & set(one.parameters)} == set()
