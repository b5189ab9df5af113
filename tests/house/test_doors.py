"""No picture leaves Kinora but by `kinora.safety.release`: reviewed, marked, signed."""

import ast
import inspect
from collections.abc import Iterator

import pytest

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
    "kinora.world.dataset": "renders as bare arrays, to train on",
    "kinora.evals.truth": "a judge's masks of renders",
}
"""Modules that write pictures, or arrays that could be some, by Pillow, PyAV or NumPy, each with its reason."""


def test_only_the_door_uses_the_bare_writers(sources):
    found = {
        module
        for module, path in sources.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if WRITERS & {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
    }
    assert found <= set(BARE)
    assert "kinora.safety.release" in found


def test_nobody_goes_round_them_with_a_library(sources):
    found = {module for module, path in sources.items() if any(pictures_written(ast.parse(path.read_text())))}
    assert found == set(BY_HAND)


@pytest.mark.parametrize(
    "code",
    [
        "from PIL import Image\nImage.fromarray(frame).save('a.png')",
        "import PIL.Image\nimage.save(path)",
        "import av\nav.open(path, mode='w')",
        "import av\nav.open(str(path), 'w', format='mp4')",
        "import numpy as np\nnp.savez(file, frames=frames)",
        "frames.tofile(path)",
        "cv2.imwrite(path, frame)",
    ],
)
def test_ways_round_them_are_known(code):
    assert any(pictures_written(ast.parse(code)))


def test_what_only_looks_like_one_is_let_be():
    assert not any(pictures_written(ast.parse("import av\nav.open(path)\nclip.save(path)\nrecogniser.save(path)")))


def pictures_written(tree: ast.Module) -> Iterator[bool]:
    """For each call, whether it writes a picture, or an array that may be one, by a library's own means."""
    nodes = list(ast.walk(tree))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    pillow = any(name.split(".")[0] == "PIL" for name in imported)
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, of = node.func.attr, getattr(node.func.value, "id", "")
            words = {getattr(one, "value", None) for one in [*node.args, *(given.value for given in node.keywords)]}
            yield (
                (name == "save" and pillow)
                or (name == "open" and of == "av" and "w" in words)
                or (name in ("save", "savez", "savez_compressed") and of == "np")
                or name in ("tofile", "imwrite", "imsave", "mimsave")
            )


def test_python_verbs_return_clips_and_write_none():
    """A clip leaves by `Clip.save`: no verb has a path of its own to write to."""
    verbs = {name: one for name in kinora.__all__ if inspect.isfunction(one := getattr(kinora, name))}
    making = {name: inspect.signature(one) for name, one in verbs.items()}
    making = {name: one for name, one in making.items() if one.return_annotation in ("Clip", Clip)}
    assert set(making) >= {"generate", "image"}
    assert {name for name, one in making.items() if {"to", "path", "output"} & set(one.parameters)} == set()
