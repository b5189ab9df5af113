import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def test_the_page_is_the_catalogue():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/models_page.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"docs/models.md is stale: python scripts/models_page.py\n{done.stderr}"
