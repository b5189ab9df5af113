"""The tree that the house rules are about."""

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[pathlib.Path]:
    """What a clone would hold: the files git tracks, less those deleted here; in an unpacked archive, every file."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    hidden = {".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__", "out"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.parts)]


@pytest.fixture(scope="session")
def sources() -> dict[str, pathlib.Path]:
    """Every module of the package by its dotted name."""
    package = ROOT / "src" / "kinora"
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(package.rglob("*.py"))
    }
