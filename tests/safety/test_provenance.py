import hashlib
import io
import pathlib
import shutil
import sys

import av
import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image, ImageSequence

from kinora.errors import BadInputFile, SigningFailed, Unavailable
from kinora.media import read_frames, write_clip
from kinora.safety.certificates import Identity, make_chain, signing_identity
from kinora.safety.provenance import Record, media_type, read_file, sign_file
from kinora.safety.provenance_record import prompt_hash

FOREIGN = pathlib.Path(__file__).parents[3] / "shared/data/clips/c2pa/tests/fixtures"

CONTAINERS = ["clip.mp4", "clip.gif", "clip.webp", "clip.png", "clip.jpg", "clip.webm"]

VARIANTS = {
    # What is asked for; then the actions in order, with their source types.
    "created": (Record(kind="created", model="m"), [("c2pa.created", "trainedAlgorithmicMedia")]),
    "animated": (
        Record(kind="created", model="m", parents=(b"still",)),
        [("c2pa.created", "trainedAlgorithmicMedia")],
    ),
    "rendered": (Record(kind="rendered", model="world"), [("c2pa.created", "algorithmicMedia")]),
    "extended": (
        Record(kind="edited", model="m", parents=(b"first",), did="extended by 4 s"),
        [("c2pa.opened", None), ("c2pa.edited", "trainedAlgorithmicMedia")],
    ),
    "remixed with a reference": (
        Record(kind="edited", model="m", parents=(b"first", b"second")),
        [("c2pa.opened", None), ("c2pa.edited", "trainedAlgorithmicMedia")],
    ),
    "blended": (
        Record(kind="composite", model="m", parents=(b"first", b"second")),
        [("c2pa.created", "compositeSynthetic"), ("c2pa.placed", None), ("c2pa.placed", None)],
    ),
    "joined with footage": (
        Record(kind="composite", model="m", parents=(b"first", b"second"), captured=True),
        [("c2pa.created", "compositeWithTrainedAlgorithmicMedia"), ("c2pa.placed", None), ("c2pa.placed", None)],
    ),
    "watermarked": (
        Record(kind="created", model="m", watermark="0123abcd"),
        [("c2pa.created", "trainedAlgorithmicMedia"), ("c2pa.watermarked.bound", None)],
    ),
}

RELATIONS = {"created": ["inputTo", "inputTo"], "edited": ["parentOf", "inputTo"], "composite": ["componentOf"] * 2}


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory) -> pathlib.Path:
    """One small file of every kind Kinora might write."""
    folder = tmp_path_factory.mktemp("unsigned")
    frames = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    for name in CONTAINERS[:4]:
        write_clip(folder / name, frames, fps=8)
    Image.fromarray(frames[0]).save(folder / "clip.jpg")
    with av.open(str(folder / "clip.webm"), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=8)
        stream.width = stream.height = 32
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode(None))
    return folder


@pytest.fixture
def copy(unsigned, tmp_path):
    """A fresh copy of an unsigned file."""
    return lambda name: pathlib.Path(shutil.copy(unsigned / name, tmp_path / name))


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_kind_of_work_in_every_container_is_trusted(copy, unsigned, name, variant):
    record, actions = VARIANTS[variant]
    path = copy(name)
    sign_file(path, record)
    read = read_file(path)
    assert (read.state, read.failures) == ("trusted", ())
    assert [(one.name, one.source) for one in read.actions] == actions
    assert [one.relationship for one in read.ingredients] == RELATIONS.get(record.kind, [])[: len(record.parents)]
    used = [label for one in read.actions for label in one.inputs]
    assert sorted(used) == sorted(one.label for one in read.ingredients), "each input is used by one action"
    assert read.generated == (record.kind != "rendered")
    assert read.watermark == (record.watermark or None)
    assert read.sidecar == (name == "clip.webm")
    if read.sidecar:
        assert path.read_bytes() == (unsigned / name).read_bytes()
        assert path.with_suffix(".c2pa").is_file()


@pytest.mark.parametrize("name", CONTAINERS)
def test_one_flipped_bit_of_the_picture_makes_it_invalid(copy, unsigned, name):
    path = copy(name)
    sign_file(path, VARIANTS["created"][0])
    signed, plain = path.read_bytes(), (unsigned / name).read_bytes()
    # Media bytes: the last long run that is the same with and without credentials.
    start = signed.rindex(plain[-200:-100])
    for bit in range(8):
        changed = bytearray(signed)
        changed[start + 40] ^= 1 << bit
        path.write_bytes(changed)
        read = read_file(path)
        assert read.state == "invalid"
        assert read.why == "the file was changed after it was signed"
        assert not read.holds
        assert not read.generated, "what a tampered file says is not repeated as fact"


@pytest.mark.parametrize("name", CONTAINERS[:5])
def test_c2pas_own_reader_agrees(copy, name):
    import c2pa

    from kinora.safety.certificates import anchors

    path = copy(name)
    sign_file(path, VARIANTS["extended"][0])
    settings = {"trust": {"user_anchors": anchors()}}
    with c2pa.Context.from_dict(settings) as context, c2pa.Reader(str(path), context=context) as reader:
        assert reader.get_validation_state() == "Trusted"
        assert reader.get_active_manifest()["ingredients"][0]["relationship"] == "parentOf"
    with c2pa.Reader(str(path)) as reader:
        assert reader.get_validation_state() == "Valid", "to those who do not know our root"


def pictures(path: pathlib.Path) -> list[np.ndarray]:
    if path.suffix == ".mp4":
        return [*read_frames(path)]
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("name", CONTAINERS[:5])
def test_pictures_are_the_same_with_credentials(copy, unsigned, name):
    path = copy(name)
    sign_file(path, VARIANTS["created"][0])
    assert np.array_equal(pictures(path), pictures(unsigned / name))


def test_parents_are_recorded_with_their_own_credentials_and_hash(copy, unsigned, tmp_path):
    parent, child, grandchild = copy("clip.png"), copy("clip.mp4"), copy("clip.webp")
    sign_file(parent, Record(kind="created", model="m", prompt="a ball"))
    sign_file(child, Record(kind="created", model="m", parents=(parent,)))
    sign_file(grandchild, Record(kind="composite", model="m", parents=(child, unsigned / "clip.gif"), captured=True))
    signed, plain = read_file(grandchild).ingredients
    assert (signed.kind, signed.state, signed.title) == ("video/mp4", "trusted", "input 1")
    assert (plain.kind, plain.state) == ("image/gif", "not_present")
    recorded = read_file(grandchild).generation["inputs"]
    assert recorded[0] == {"label": "input-1", "sha256": hashlib.sha256(child.read_bytes()).hexdigest()}
    assert recorded[1]["sha256"] == hashlib.sha256((unsigned / "clip.gif").read_bytes()).hexdigest()


def test_a_parent_that_was_tampered_with_stands_as_such_in_the_child(copy):
    parent, child = copy("clip.png"), copy("clip.mp4")
    sign_file(parent, Record(kind="created", model="m"))
    changed = bytearray(parent.read_bytes())
    changed[-60] ^= 1
    parent.write_bytes(changed)
    sign_file(child, Record(kind="created", model="m", parents=(parent,)))
    read = read_file(child)
    assert read.state == "trusted", "what was done is true"
    assert [one.state for one in read.ingredients] == ["invalid"], "what it was done to is not"


def test_the_prompt_is_a_hash_and_its_words_are_nowhere(copy):
    path = copy("clip.mp4")
    sign_file(path, Record(kind="created", model="m", version="2", prompt="a secret garden", settings={"seed": 7}))
    said = read_file(path).generation
    assert said["prompt_sha256"] == prompt_hash("a secret garden")
    assert (said["model"], said["version"], said["settings"]) == ("m", "2", {"seed": 7})
    assert b"secret garden" not in path.read_bytes()


def test_the_prompt_is_kept_if_the_user_says_so(copy, tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home/credentials.toml").write_text("keep_prompt = true")
    path = copy("clip.mp4")
    sign_file(path, Record(kind="created", model="m", prompt="a public garden"))
    assert read_file(path).generation["prompt"] == "a public garden"


def test_a_stranger_is_valid_and_not_trusted(copy):
    _, leaf, key = make_chain("Somebody Else")
    chain = leaf.public_bytes(serialization.Encoding.PEM).decode()
    path = copy("clip.mp4")
    identity = Identity(chain, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))
    sign_file(path, Record(kind="created", model="m"), identity=identity)
    read = read_file(path)
    assert (read.state, read.issuer) == ("valid", "Somebody Else")
    assert read.why.endswith("signed by Somebody Else, whom this machine doesn't know; no time stamp proves when")
    assert read.generated


def test_signing_again_replaces_what_was_said(copy):
    path = copy("clip.mp4")
    sign_file(path, Record(kind="created", model="first"))
    sign_file(path, Record(kind="created", model="second"))
    assert read_file(path).state == "trusted"
    assert read_file(path).generation["model"] == "second"


def failing(data: bytes) -> bytes:
    raise SigningFailed("vault", rule="is sealed")


@pytest.mark.parametrize(
    ("sign", "message"),
    [
        (failing, "vault: is sealed"),
        (lambda data: b"", "could not be signed"),
        (lambda data: b"x" * 64, "not be signed"),
    ],
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.webm"])
def test_a_signature_that_fails_leaves_the_file_as_it_was(copy, unsigned, tmp_path, name, sign, message):
    path = copy(name)
    with pytest.raises(SigningFailed, match=message):
        sign_file(path, Record(kind="created", model="m"), identity=Identity(signing_identity().chain, sign))
    assert path.read_bytes() == (unsigned / name).read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_without_c2pa_it_says_so_and_signs_nothing(copy, unsigned, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    path = copy("clip.mp4")
    with pytest.raises(Unavailable, match="Content Credentials need c2pa-python; pip install c2pa-python"):
        sign_file(path, Record(kind="created", model="m"))
    assert path.read_bytes() == (unsigned / "clip.mp4").read_bytes()


def test_files_without_credentials_say_nothing_of_their_origin(unsigned, tmp_path):
    for name in CONTAINERS:
        assert read_file(unsigned / name).state == "not_present"
    (tmp_path / "text.txt").write_text("no picture")
    (tmp_path / "empty.mp4").touch()
    assert read_file(tmp_path / "text.txt").state == "not_present"
    assert read_file(tmp_path / "empty.mp4").state == "not_present"
    with pytest.raises(BadInputFile, match="can't be read"):
        read_file(tmp_path / "missing.mp4")


def test_a_remux_strips_credentials(copy, tmp_path):
    path = copy("clip.mp4")
    sign_file(path, Record(kind="created", model="m"))
    with av.open(str(path)) as source, av.open(str(tmp_path / "copy.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert read_file(tmp_path / "copy.mp4").state == "not_present"


def test_kinds_are_told_by_content_and_not_by_name(unsigned, tmp_path):
    kinds = [media_type((unsigned / name).read_bytes()[:32]) for name in CONTAINERS]
    assert kinds == ["video/mp4", "image/gif", "image/webp", "image/png", "image/jpeg", "video/webm"]
    path = pathlib.Path(shutil.copy(unsigned / "clip.png", tmp_path / "temporary.tmp"))
    sign_file(path, Record(kind="created", model="m"))
    assert read_file(path).state == "trusted"
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.format == "PNG"


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="the shared signed clips are absent")
@pytest.mark.parametrize(
    ("name", "state", "why"),
    [
        ("files-for-reading-tests/CA.jpg", "valid", "C2PA Test Signing Cert, whom this machine doesn't know"),
        ("files-for-reading-tests/video1.mp4", "valid", "C2PA Test Signing Cert, whom this machine doesn't know; "),
        ("files-for-reading-tests/XCA.jpg", "invalid", "the file was changed after it was signed"),
        ("files-for-reading-tests/E-sig-CA.jpg", "invalid", "the signature does not fit what it signs"),
        (
            "files-for-reading-tests/CIE-sig-CA.jpg",
            "invalid",
            "the credentials of its input 'E-sig-CA.jpg' do not hold",
        ),
        ("files-for-reading-tests/cloud.jpg", "not_present", "Kinora does not call there"),
        ("files-for-signing-tests/legacy.mp4", "valid", "unchanged"),
        ("files-for-signing-tests/sample1.gif", "not_present", "it carries no Content Credentials"),
        ("files-for-signing-tests/test.avi", "not_present", "it carries no Content Credentials"),
    ],
)
def test_files_signed_by_others_read_right(copy, name, state, why):
    read = read_file(FOREIGN / name)
    assert read.state == state
    assert why in read.why
    path = copy("clip.mp4")
    sign_file(path, Record(kind="edited", model="m", parents=(FOREIGN / name,)))
    assert read_file(path).state == "trusted"
    if name != "files-for-reading-tests/CIE-sig-CA.jpg":  # c2pa looks no deeper than the input itself
        assert read_file(path).ingredients[0].state == state
