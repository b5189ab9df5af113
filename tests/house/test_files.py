"""Files stay short, public names stay stated, and nothing in the tree speaks of the place it was written in."""

import ast
import importlib
import re

import pytest

LONGER: dict[str, str] = {}
"""Source files over 300 lines, each with the reason why it is still one idea. None may pass 500."""

BINARY = {".safetensors", ".bin", ".gz", ".gif", ".webp", ".png", ".jpg", ".mp4", ".npy", ".npz", ".ttf", ".pt"}

WORKPLACE = [
    # Spelt in pieces, so that this file does not name them either.
    "/" + "work/",
    r"\." + "library/",
    r"\bfound" + r"er\b",
    "CI " + "machine",
    "py" + r"pi\.org",
    "python" + r"hosted\.org",
    "download" + r"\.pytorch",
    "npm" + r"js\.org",
    "deb" + r"ian\.org",
]


def test_source_files_are_short(root, sources):
    lengths = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in sources.values()}
    assert {name: length for name, length in lengths.items() if length > 300 and name not in LONGER} == {}
    assert {name: length for name, length in lengths.items() if length > 500} == {}
    assert {name for name in LONGER if lengths.get(name, 0) <= 300} == set(), "listed as longer, but no longer so"


def test_stated_exports_are_what_others_import(sources):
    """`__all__`, where a module has one, resolves, and is all that other modules take from there."""
    stated = {
        name: set(module.__all__)
        for name, path in sources.items()
        if "__all__" in path.read_text() and (module := importlib.import_module(name))
    }
    wrong = [
        f"{name}.{one} does not exist"
        for name, names in stated.items()
        for one in names
        if not hasattr(importlib.import_module(name), one)
    ]
    for importer, path in sources.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in stated:
                taken = {alias.name for alias in node.names if f"{node.module}.{alias.name}" not in sources}
                wrong += [f"{importer} takes {node.module}.{one}" for one in taken - stated[node.module]]
    assert wrong == []


def test_no_package_is_a_dumping_place(sources):
    vague = {"utils", "util", "helpers", "misc", "common"}
    assert [name for name in sources if vague & set(name.split("."))] == []


@pytest.mark.parametrize("word", WORKPLACE)
def test_the_tree_names_no_workplace_and_no_registry(root, tracked, word):
    texts = [path for path in tracked if path.suffix not in BINARY]
    assert [str(path.relative_to(root)) for path in texts if re.search(word, path.read_text(), re.IGNORECASE)] == []


def test_files_with_shapes_keep_their_annotations_alive(sources):
    """Postponed annotations are strings, and jaxtyping's own strings inside them are not checked reliably."""
    texts = {name: path.read_text() for name, path in sources.items()}
    postponed = [name for name, text in texts.items() if "from __future__ import annotations" in text]
    assert [name for name in postponed if "jaxtyping" in texts[name]] == []


def test_shapes_are_checked_while_tests_run():
    import torch
    from jaxtyping import TypeCheckError

    from kinora.models.attention import attend

    query, key = torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 3, 5)
    with pytest.raises(TypeCheckError, match="attend"):
        attend(query, key, key)
