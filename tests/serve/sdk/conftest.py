import io
import pathlib

import numpy as np
import pytest
from PIL import Image

from kinora.clip import Clip


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
def done(live) -> str:
    """A finished video of three seconds."""
    with live.client as client:
        body = {"prompt": "a red ball bounces in a meadow", "seconds": "3", "size": "64x64", "seed": 7}
        video = client.post("/videos", json=body).json()["id"]
    assert live.ended(video)["status"] == "completed"
    return video
