"""Files stay short, public names stay stated, and nothing in the tree speaks of the place it was written in."""

import ast
import importlib
import inspect

import pytest

LONGER: dict[str, str] = {}
"""Source files over 300 lines, each with the reason why it is still one idea. None may pass 500."""

BINARY = {".safetensors", ".gif", ".webp", ".png", ".jpg", ".mp4", ".npy", ".npz", ".ttf", ".pt"}

PLACES = ["/" + "work/", "py" + "pi.org", "python" + "hosted.org", "download.py" + "torch.org", "npm" + "js.org"]
PEOPLE = ["found" + "er", "CI " + "machine", ".libr" + "ary/"]


def test_source_files_are_short(root, sources):
    lengths = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in sources.values()}
    assert {name: length for name, length in lengths.items() if length > 300 and name not in LONGER} == {}
    assert {name: length for name, length in lengths.items() if length > 500} == {}
    assert {name for name in LONGER if lengths.get(name, 0) <= 300} == set(), "listed as longer, but no longer so"


def test_stated_exports_are_the_public_names(sources):
    """`__all__`, where a module has one, is what it defines in public, no more and no less, and all of it resolves."""
    wrong = []
    for name, path in sources.items():
        if "__all__" not in path.read_text():
            continue
        module = importlib.import_module(name)
        stated = set(module.__all__)
        wrong += [f"{name}.{one} does not exist" for one in stated if not hasattr(module, one)]
        defined = {
            one
            for one, value in vars(module).items()
            if not one.startswith("_")
            and (inspect.isclass(value) or inspect.isfunction(value))
            and (value.__module__ == name or (path.name == "__init__.py" and value.__module__.startswith(f"{name}.")))
        }
        wrong += [f"{name}.{one} is public and not in __all__" for one in defined - stated]
    assert wrong == []


def test_no_package_is_a_dumping_place(sources):
    vague = {"utils", "util", "helpers", "misc", "common"}
    assert [name for name in sources if vague & set(name.split("."))] == []


@pytest.mark.parametrize("word", PLACES + PEOPLE)
def test_the_tree_names_no_workplace_and_no_registry(root, tracked, word):
    texts = [path for path in tracked if path.suffix not in BINARY]
    assert [str(path.relative_to(root)) for path in texts if word.lower() in path.read_text().lower()] == []


def test_classes_and_functions_that_users_meet_are_documented(sources):
    """Ruff's D1 sees modules, classes and functions; this sees that the text says more than the name does."""
    thin = []
    for name, path in sources.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node)):
                words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
                said = [word for word in words if word not in node.name.lower()]
                thin += [f"{name}.{node.name}: {text!r}"] if len(said) < 2 else []
    assert thin == []
