from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kinora.errors import BadInputFile
from kinora.media import write_clip
from kinora.media.image import contact_sheet
from kinora.safety.detector import SMALLEST, Evidence, examine, judge
from kinora.safety.detector_classifier import classify
from kinora.safety.detector_features import NAMES, features
from kinora.safety.detector_sheet import cells
from kinora.safety.detector_words import NOTHING_PROVED
from kinora.safety.noise_mark import NoiseReading
from kinora.safety.provenance_read import NOT_PRESENT, Action
from kinora.safety.watermark import Detection, Watermark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import OPEN_KEY

PAYLOAD = Payload.of("kinora-small", "1", "job-17")
MISSED = Detection(found=False, payload=None, p_value=1.0, bit_confidence=0.5, chips=np.zeros(186))
FOUND = replace(MISSED, found=True, payload=PAYLOAD, p_value=1e-20)
SIGNED = replace(
    NOT_PRESENT,
    state="trusted",
    why="signed",
    actions=(Action("c2pa.created", source="trainedAlgorithmicMedia"),),
    generation={"model": "kinora-small"},
)


def evidence(**values):
    return Evidence(**{"credentials": NOT_PRESENT, "watermark": MISSED, **values})


def test_silence_is_unknown_and_says_that_it_proves_nothing():
    report = judge(evidence())
    assert report.verdict == "unknown"
    assert 0.1 < report.probability < 0.5
    assert report.sentences[-1] == NOTHING_PROVED


@pytest.mark.parametrize(
    "witness",
    [{"watermark": FOUND}, {"credentials": SIGNED}, {"noise": NoiseReading(found=True, p_value=1e-7, payload=None)}],
    ids=["watermark", "credentials", "noise"],
)
def test_one_strong_witness_is_enough(witness):
    report = judge(evidence(**witness))
    assert report.verdict == "made"
    assert NOTHING_PROVED not in report.sentences


def test_weak_witnesses_are_not():
    assert judge(evidence(classifier=0.95)).verdict == "unknown"
    assert judge(evidence(credentials=replace(SIGNED, state="invalid"))).verdict == "unknown"
    assert judge(Evidence(credentials=NOT_PRESENT, classifier=0.95)).verdict == "likely"


def test_a_mark_that_anybody_can_make_counts_for_less_than_ones_own():
    assert judge(evidence(watermark=FOUND)).probability < judge(evidence(watermark=FOUND, key="own")).probability


def test_a_drawing_with_edges_where_patches_end_is_not_taken_for_the_models():
    """Of one such drawing the classifier was surer than of any clip of the model: one number went on for ever."""
    bars = np.repeat(np.tile([30, 220], 4), 16).astype(np.uint8)
    drawing = np.stack(
        [np.roll(bars, 16 * (frame // 8))[None, :, None].repeat(128, 0).repeat(3, 2) for frame in range(32)]
    )
    edges = features(drawing)[NAMES.index("edges of patches")]
    assert edges > 1
    assert classify(drawing) < 0.5


def test_the_payload_is_told_by_the_names_that_are_known():
    said = judge(evidence(watermark=FOUND), [("wan", "1"), ("kinora-small", "1")]).sentences[2]
    assert f"names kinora-small 1, job {PAYLOAD.job:06x}" in said
    assert "not known here" in judge(evidence(watermark=FOUND)).sentences[2]
    unread = replace(FOUND, payload=None, share=0.7, mirrored=True)
    said = judge(evidence(watermark=unread)).sentences[2]
    assert "cut to 70%" in said
    assert "mirrored" in said
    assert "payload can't be read" in said


def picture(seed: int, side: int = 128) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (side, side))
    length = np.hypot(*np.meshgrid(np.fft.rfftfreq(side), np.fft.fftfreq(side)))
    spectrum = np.fft.rfft2(noise) / (0.01 + length) ** 1.7
    smooth = np.fft.irfft2(spectrum)
    return np.clip(128 + smooth / smooth.std() * 40, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def test_a_marked_video_is_known_from_its_file(tmp_path):
    frames = np.stack([picture(1)] * 5)
    write_clip(tmp_path / "marked.mp4", Watermark(OPEN_KEY).embed(frames, PAYLOAD), fps=8)
    report = examine(tmp_path / "marked.mp4", keys={"open": OPEN_KEY}, names=[("kinora-small", "1")])
    assert report.verdict == "made"
    assert report.evidence.watermark.payload == PAYLOAD
    assert report.evidence.frames == 5
    said = report.as_dict()
    assert said["watermark"]["payload"] == PAYLOAD.hex
    assert said["credentials"]["state"] == "not_present", said["credentials"]["why"]


def test_a_picture_without_marks_is_unknown_under_every_key(tmp_path):
    Image.fromarray(picture(2)).save(tmp_path / "plain.png")
    report = examine(tmp_path / "plain.png", keys={"open": OPEN_KEY, "own": b"k" * 32})
    assert report.verdict != "made"
    assert not report.evidence.watermark.found


def test_ones_own_key_is_found_among_several(tmp_path):
    Image.fromarray(Watermark(b"k" * 32).embed(picture(3)[None], PAYLOAD)[0]).save(tmp_path / "own.png")
    report = examine(tmp_path / "own.png", keys={"open": OPEN_KEY, "own": b"k" * 32})
    assert report.evidence.key == "own"
    assert report.verdict == "made"


def test_a_contact_sheet_is_taken_apart(tmp_path):
    frames = Watermark(OPEN_KEY).embed(np.stack([picture(seed) for seed in range(5)]), PAYLOAD)
    frames[4] //= 4  # dark, but a picture
    for name in ("sheet.png", "sheet.jpg"):
        write_clip(tmp_path / name, frames, fps=8)
        report = examine(tmp_path / name, keys={"open": OPEN_KEY})
        assert report.evidence.watermark.found, name
        assert report.evidence.notes == ("a contact sheet: its 5 frames were looked at, one by one",)


@pytest.mark.parametrize("sides", [(128, 128), (290, 514), (100, 100)])
def test_a_picture_that_is_no_sheet_stays_whole(sides):
    height, width = sides
    whole = np.full((height, width, 3), 90, np.uint8)
    assert cells(whole) is None
    whole[height // 2 - 1 : height // 2 + 1] = 0  # a dark line, but no row of frames is as high as another
    assert cells(whole[:-5]) is None
    assert cells(whole * 0) is None


def test_the_cells_of_a_sheet_are_its_frames():
    frames = np.random.default_rng(0).integers(60, 255, (7, 96, 112, 3), np.uint8)
    assert np.array_equal(cells(contact_sheet(frames)), frames)


def test_a_small_picture_is_said_to_be_small(tmp_path):
    Image.fromarray(picture(4, 64)).save(tmp_path / "small.png")
    assert any(f"under {SMALLEST} pixels" in note for note in examine(tmp_path / "small.png").evidence.notes)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "words.mp4").write_text("no video")
    with pytest.raises(BadInputFile, match=r"words\.mp4"):
        examine(tmp_path / "words.mp4")
    with pytest.raises(BadInputFile, match=r"missing\.mp4"):
        examine(tmp_path / "missing.mp4")
