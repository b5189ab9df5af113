"""Every operation of the server that gives somebody pictures, walked: guard, watermark and credentials at each."""

import base64
import io
from pathlib import Path

import c2pa
import httpx
import numpy as np
import pytest
from PIL import Image

from kinora.safety.certificates import anchors
from kinora.safety.detector import examine
from kinora.safety.frames import FrameReview
from kinora.safety.policy import Verdict
from kinora.safety.provenance import PURPOSES, read_file

SIZE = "128x128"
"""Large enough to carry the mark, the frames on a sheet too."""

MADE, COMPOSED = "trainedAlgorithmicMedia", "compositeSynthetic"

WORKS = {
    # Operations that begin a work: its body, where the credentials say it comes from, how its inputs stand to it.
    "post /v1/videos": ({"prompt": "a ball bounces"}, MADE, []),
    "post /v1/videos (a picture set in motion)": (
        {"prompt": "it rolls", "input_reference": {"image_url": "PICTURE"}},
        MADE,
        ["inputTo"],
    ),
    "post /v1/videos (somebody known from a clip)": (
        {"prompt": "Bobo walks", "characters": [{"id": "CHARACTER"}]},
        MADE,
        ["inputTo"],
    ),
    "post /v1/videos/{video_id}/remix": ({"prompt": "a blue ball"}, MADE, ["parentOf"]),
    "post /v1/videos/edits": ({"video": {"id": "VIDEO"}, "prompt": "a blue ball"}, MADE, ["parentOf"]),
    "post /v1/videos/extensions": (
        {"video": {"id": "VIDEO"}, "prompt": "it rolls on", "seconds": "1"},
        MADE,
        ["parentOf"],
    ),
    "post /v1/videos/blends": (
        {"first": {"id": "VIDEO"}, "second": {"id": "VIDEO"}, "seconds": "1"},
        COMPOSED,
        ["componentOf"] * 2,
    ),
    "post /v1/videos/loops": ({"video": {"id": "VIDEO"}, "seconds": "1"}, MADE, ["parentOf"]),
    "post /v1/videos/stories": ({"shots": [{"prompt": "a ball"}, {"prompt": "a box"}]}, MADE, []),
}

GIVES = {"get /v1/videos/{video_id}/content", "get /v1/videos/{video_id}/live", "post /v1/images/generations"}
"""Operations whose answers hold pictures. No other's may."""

VARIANTS = {"video": "mp4", "thumbnail": "webp", "spritesheet": "jpg"}

SHORT = {"seconds": "2", "size": SIZE}


@pytest.fixture(scope="module")
def client(live):
    with live.client as found:
        yield found


@pytest.fixture(scope="module")
def made(live, client):
    """Begin a work and wait for its end."""

    def begin(operation: str, body: dict) -> dict:
        path = operation.split()[1].removeprefix("/v1")
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return live.ended(answer.json()["id"])

    return begin


@pytest.fixture(scope="module")
def known(client, made) -> dict[str, str]:
    """What bodies name in capitals: a finished video, a character made of it, and a picture."""
    video = made("post /v1/videos", {"prompt": "a red ball", **SHORT})["id"]
    content = client.get(f"/videos/{video}/content").content
    files, fields = {"video": ("bobo.mp4", content, "video/mp4")}, {"name": "Bobo", "description": "a blue creature"}
    character = client.post("/videos/characters", data=fields, files=files)
    assert character.status_code == 200, character.text
    y, x = np.mgrid[:128, :128]
    data = io.BytesIO()
    Image.fromarray(np.stack([x + 60, y + 60, 200 - x], axis=-1).astype(np.uint8)).save(data, "PNG")
    picture = "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()
    return {"VIDEO": video, "CHARACTER": character.json()["id"], "PICTURE": picture}


def filled(value: object, known: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {name: filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    return known.get(value, value) if isinstance(value, str) else value


def asked(operation: str, known: dict[str, str]) -> tuple[str, dict]:
    body, _, _ = WORKS[operation]
    whole = {"seconds": "2", **filled(body, known)}
    if operation.startswith("post /v1/videos (") or operation == "post /v1/videos":
        whole["size"] = SIZE
    if operation.endswith(("remix", "edits")):
        del whole["seconds"]
    if operation.endswith("stories"):
        whole = {"size": SIZE, "shots": [{**shot, "seconds": "1"} for shot in whole["shots"]]}
    return operation.replace("{video_id}", known["VIDEO"]), whole


@pytest.mark.slow
@pytest.mark.parametrize("operation", WORKS)
def test_every_file_of_a_work_is_reviewed_marked_and_signed(client, made, known, tmp_path, operation):
    job = made(*asked(operation, known))
    assert job["status"] == "completed", job["error"]
    _, source, relations = WORKS[operation]
    for variant, suffix in VARIANTS.items():
        data = client.get(f"/videos/{job['id']}/content", params={"variant": variant}).content
        path = tmp_path / f"{variant}.{suffix}"
        path.write_bytes(data)
        found = examine(path)
        credentials = found.evidence.credentials
        assert credentials.state == trust(path) == "trusted", variant
        assert [one.source for one in credentials.actions if one.source] == [source], variant
        assert [one.relationship for one in credentials.ingredients] == relations, variant
        settings = credentials.generation["settings"]
        assert settings["frames_reviewed"] == settings["frames"] > 0, variant
        assert found.evidence.watermark.found, variant
        spoilt = bytearray(data)
        # In the media: a WebP ends with its credentials, the others begin with them.
        spoilt[data.index(b"VP8 ") + 40 if suffix == "webp" else len(data) * 7 // 8] ^= 1
        path.write_bytes(spoilt)
        assert read_file(path).state == trust(path) == "invalid", variant
    assert job["kinora"]["verdict"]["frames_reviewed"] == job["kinora"]["frames"]


def trust(path: Path) -> str:
    """What c2pa-python's own reader says, with our root for the only one it trusts."""
    context = c2pa.Context.from_dict({"trust": {"user_anchors": anchors(), "trust_config": PURPOSES}})
    kind = {".mp4": "video/mp4", ".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png"}[path.suffix]
    with path.open("rb") as file, c2pa.Reader(kind, file, context=context) as reader:
        return reader.get_validation_state().lower()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_pictures_are_reviewed_marked_and_signed(client, tmp_path, kind):
    body = {"prompt": "a red ball", "size": SIZE, "output_format": kind}
    answer = client.post("/images/generations", json=body)
    assert answer.status_code == 200, answer.text
    path = tmp_path / f"picture.{kind.replace('jpeg', 'jpg')}"
    path.write_bytes(base64.b64decode(answer.json()["data"][0]["b64_json"]))
    found = examine(path)
    assert found.evidence.credentials.state == trust(path) == "trusted"
    assert found.evidence.credentials.generation["settings"]["frames_reviewed"] == 1
    assert found.evidence.watermark.found


def test_live_frames_are_reviewed_marked_and_signed(serve, tmp_path):
    live, path = serve(preview=0.01, pause=0.2), tmp_path / "live.webp"
    with live.client as client:
        video = client.post("/videos", json={"prompt": "a ball", "seconds": "8", "size": SIZE}).json()["id"]
        with client.stream("GET", f"/videos/{video}/events") as answer:
            for line in answer.iter_lines():
                if line == "event: preview":
                    path.write_bytes(client.get(f"/videos/{video}/live").raise_for_status().content)
                    break
        client.post(f"/videos/{video}/cancel").raise_for_status()
    report = examine(path)
    assert report.evidence.credentials.state == trust(path) == "trusted"
    assert report.evidence.credentials.generation["settings"]["frames_reviewed"] == 1
    assert report.evidence.watermark.found


@pytest.mark.slow
def test_what_the_guard_refuses_gives_no_picture(serve, monkeypatch):
    """Beginning, end and every kind of file: there is nothing to be had of a work of which a frame was refused."""
    live = serve(preview=0.01, pause=0.01)

    def refuse_the_last(review: FrameReview, frames: np.ndarray, book: object) -> Verdict:
        book.reviewed += len(frames)
        late = book.reviewed >= 16
        return Verdict(allowed=not late, categories=("planted",) if late else (), reason="a planted frame")

    monkeypatch.setattr(FrameReview, "__call__", refuse_the_last)
    with live.client as client:
        video = client.post("/videos", json={"prompt": "a ball", **SHORT}).json()["id"]
        assert live.ended(video)["error"]["code"] == "moderation_blocked"
        for variant in VARIANTS:
            answer = client.get(f"/videos/{video}/content", params={"variant": variant})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "video_not_ready")
        assert client.get(f"/videos/{video}/live").status_code == 404


def test_every_operation_is_walked_or_gives_no_pictures(live):
    document = httpx.get(live.url.removesuffix("/v1") + "/openapi.json").json()
    begins, gives = set(), set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = [answer.get("content", {}) for answer in operation["responses"].values()]
            if any(kind.startswith(("image/", "video/")) for content in answers for kind in content):
                gives.add(f"{method} {path}")
            shown = str(operation["responses"].get("200", {}).get("content", {}))
            if method == "post" and shown.rstrip("}'").endswith("/Video"):
                begins.add(f"{method} {path}")
    assert gives | {"post /v1/images/generations"} == GIVES
    assert begins - {"post /v1/videos/{video_id}/cancel"} == {operation.split(" (")[0] for operation in WORKS}
