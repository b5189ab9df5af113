"""What becomes of credentials on their way: bits flipped anywhere, edits of edits, and files stripped of them."""

import json
import pathlib
import random
import shutil

import numpy as np
import pytest
from PIL import Image

from kinora.media import write_clip
from kinora.safety.detector import examine
from kinora.safety.provenance import Record, read_file, sign_file
from kinora.safety.watermark import Watermark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import OPEN_KEY

CONTAINERS = ["clip.mp4", "clip.gif", "clip.webp", "clip.png", "clip.jpg"]
FLIPS, RUN = 40, 64


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory) -> pathlib.Path:
    """One file of every kind Kinora writes."""
    folder = tmp_path_factory.mktemp("unsigned")
    frames = np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3), np.uint8)
    for name in CONTAINERS:
        write_clip(folder / name, frames, fps=8)
    return folder


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_bit_flipped_anywhere_in_the_picture_is_never_trusted(unsigned, tmp_path, name):
    """Of the credentials' own bytes some 10 kB are padding of the signature, which the C2PA lets stand for nothing."""
    path = pathlib.Path(shutil.copy(unsigned / name, tmp_path / name))
    plain = path.read_bytes()
    sign_file(path, Record(kind="created", model="m"))
    signed, chance, states = path.read_bytes(), random.Random(0), []
    while len(states) < FLIPS:
        start = chance.randrange(RUN, len(plain) - RUN)  # the first box of an MP4, its kind, is not signed
        where = signed.find(plain[start : start + RUN])
        if where < 0:
            continue  # what had to change for the credentials: places and lengths
        changed = bytearray(signed)
        changed[where + chance.randrange(RUN)] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        states.append(read_file(path).state)
    assert set(states) <= {"invalid", "not_present"}
    assert states.count("invalid") > 0.9 * FLIPS


def test_three_edits_are_a_chain_that_holds(unsigned, tmp_path):
    import c2pa

    paths = [tmp_path / f"{step}.mp4" for step in range(4)]
    for step, path in enumerate(paths):
        shutil.copy(unsigned / "clip.mp4", path)
        parents = (paths[step - 1],) if step else ()
        sign_file(path, Record(kind="edited" if step else "created", model=f"m{step}", parents=parents))
    with c2pa.Reader(str(paths[-1])) as reader:
        manifest, seen = reader.get_active_manifest(), []
        manifests = json.loads(reader.json())["manifests"]
        while True:
            said = {one["label"]: one["data"] for one in manifest["assertions"]}
            seen.append(said["org.kinora.generation"]["model"])
            if not manifest.get("ingredients"):
                break
            (parent,) = manifest["ingredients"]
            assert parent["relationship"] == "parentOf"
            manifest = manifests[parent["active_manifest"]]
    assert seen == ["m3", "m2", "m1", "m0"]
    read = read_file(paths[-1])
    assert (read.state, [one.state for one in read.ingredients]) == ("trusted", ["trusted"])


def test_a_stripped_picture_is_known_by_its_mark(tmp_path):
    across, down = np.meshgrid(np.arange(192), np.arange(128))
    picture = (128 + 50 * np.sin(across / 9) * np.cos(down / 7))[..., None].repeat(3, axis=-1).astype(np.uint8)
    payload = Payload.of("kinora-small", "3", "job-17")
    signed, stripped = tmp_path / "signed.png", tmp_path / "stripped.png"
    Image.fromarray(Watermark(OPEN_KEY).embed(picture[None], payload)[0]).save(signed)
    sign_file(signed, Record(kind="created", model="kinora-small", watermark=payload.hex))
    said = read_file(signed).watermark
    Image.fromarray(np.asarray(Image.open(signed))).save(stripped)
    report = examine(stripped, keys={"open": OPEN_KEY})
    assert report.evidence.credentials.state == "not_present"
    assert report.evidence.watermark.payload.hex == said
    assert report.verdict == "made"
