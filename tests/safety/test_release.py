"""What the one door does; that there is no other is held by tests/house/test_doors.py."""

from dataclasses import replace

import numpy as np
import pytest

from kinora.clip import Clip
from kinora.errors import OutputError, Refused, SigningFailed
from kinora.media import read_video, write_clip
from kinora.safety import release
from kinora.safety.provenance import read_file
from kinora.safety.provenance_record import prompt_hash
from kinora.safety.release import payload_of, release_stream
from kinora.safety.watermark import Watermark
from kinora.safety.watermark_keys import marking_key

SIZE = 128
"""Sides of 96 and more can carry the mark."""


def scene(count: int = 8) -> np.ndarray:
    """A square that moves over a smooth ground."""
    y, x = np.mgrid[:SIZE, :SIZE]
    frames = np.repeat(np.stack([x + 40, y + 60, 200 - x], axis=-1).astype(np.uint8)[None], count, axis=0)
    for index, frame in enumerate(frames):
        frame[40:70, 4 * index : 4 * index + 30] = (220, 40, 50)
    return frames


def clip(frames: np.ndarray | None = None, **info: object) -> Clip:
    shown = scene() if frames is None else frames
    return Clip(frames=shown, fps=8, prompt="a red square slides", seed=7, model="m", version="1", info=dict(info))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "clip.webp", "clip.jpg"])
def test_a_saved_clip_is_reviewed_marked_and_signed(tmp_path, name):
    saved = clip()
    path = saved.save(tmp_path / name)
    assert saved.info["frames_reviewed"] == 8
    read = read_file(path)
    assert read.state == "trusted"
    assert read.watermark == payload_of("m", "1", 7, "a red square slides").hex
    assert read.generation["prompt_sha256"] == prompt_hash("a red square slides")
    assert {"seed": 7, "frames": 8, "frames_reviewed": 8}.items() <= read.generation["settings"].items()
    if name != "clip.jpg":  # eight small frames on one sheet
        frames, _ = read_video(path) if name == "clip.mp4" else (np.stack(images(path)), None)
        found = Watermark(marking_key()).detect(frames)
        assert found.found
        if name != "clip.gif":  # its palette leaves too little of so few frames
            assert found.payload is not None
            assert found.payload.hex == read.watermark


def images(path) -> list[np.ndarray]:
    from PIL import Image, ImageSequence

    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def test_a_still_carries_the_mark(tmp_path):
    path = clip(scene(1)).save(tmp_path / "still.png")
    assert Watermark(marking_key()).detect(np.stack(images(path))).found


def test_a_stream_and_a_saved_clip_are_the_same_pictures(tmp_path):
    whole = clip(frames_reviewed=8)
    whole.save(tmp_path / "saved.mp4")
    payload = payload_of("m", "1", 7, "a red square slides")
    release_stream(tmp_path / "streamed.mp4", iter(scene()), fps=8, payload=payload, clip=lambda: whole)
    assert np.array_equal(read_video(tmp_path / "saved.mp4")[0], read_video(tmp_path / "streamed.mp4")[0])


def test_frames_nobody_reviewed_are_reviewed_and_may_be_refused(tmp_path):
    frames = scene(16)
    frames[::2] = 255
    frames[1::2] = 0
    with pytest.raises(Refused, match="more than three times a second") as refused:
        clip(frames).save(tmp_path / "clip.mp4")
    assert refused.value.categories == ("flashing",)
    assert list(tmp_path.iterdir()) == []


def test_without_a_signature_there_is_no_file(tmp_path, monkeypatch):
    def failing(*arguments):
        raise SigningFailed("vault", rule="is sealed")

    monkeypatch.setattr(release, "sign_file", failing)
    for name in ("clip.mp4", "clip.webp"):
        with pytest.raises(SigningFailed):
            clip().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_target_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(OutputError, match="the extension chooses the format"):
        clip().save(tmp_path / "clip.avi")


def test_inputs_stand_in_the_credentials(tmp_path):
    footage = tmp_path / "footage.mp4"
    write_clip(footage, scene(), fps=8)
    ours = clip().save(tmp_path / "ours.mp4")
    cases = [
        # what was done, to what: the actions, where it comes from, what the inputs' own credentials are worth
        ("extend", (footage,), ["c2pa.opened", "c2pa.edited"], "trainedAlgorithmicMedia", ["not_present"]),
        ("remix", (ours,), ["c2pa.opened", "c2pa.edited"], "trainedAlgorithmicMedia", ["trusted"]),
        ("animate", (scene(1)[0],), ["c2pa.created"], "trainedAlgorithmicMedia", ["not_present"]),
        ("join", (ours, clip()), ["c2pa.created", *["c2pa.placed"] * 2], "compositeSynthetic", ["trusted"] * 2),
        (
            *("blend", (ours, footage), ["c2pa.created", *["c2pa.placed"] * 2]),
            *("compositeWithTrainedAlgorithmicMedia", ["trusted", "not_present"]),
        ),
        ("loop", (), ["c2pa.created"], "trainedAlgorithmicMedia", []),
    ]
    for verb, parents, actions, source, states in cases:
        path = clip(edit=verb, parents=list(parents), frames_reviewed=8).save(tmp_path / f"{verb}.webp")
        read = read_file(path)
        assert read.state == "trusted", verb
        done = [one.name for one in read.actions]
        assert done == [*actions, "c2pa.watermarked.bound"], verb
        assert [one.source for one in read.actions if one.source] == [source], verb
        assert [one.state for one in read.ingredients] == states, verb


def test_an_input_that_is_gone_does_not_cost_the_work(tmp_path):
    path = clip(edit="extend", parents=[tmp_path / "gone.mp4"], frames_reviewed=8).save(tmp_path / "clip.webp")
    read = read_file(path)
    assert read.actions[0].name == "c2pa.created"
    assert read.generation["settings"]["inputs_missing"] == 1


def test_frames_changed_after_their_review_are_reviewed_again(tmp_path):
    """What counts is the frames, not that somebody counted as many."""
    saved = clip()
    saved.save(tmp_path / "clip.mp4")
    flashing = scene(8)
    flashing[::2], flashing[1::2] = 255, 0
    swapped = replace(saved, frames=flashing, info={**saved.info})
    with pytest.raises(Refused, match="more than three times a second"):
        swapped.save(tmp_path / "swapped.mp4")


def test_frames_swapped_on_their_way_into_the_file_make_none(tmp_path):
    whole = clip()
    whole.save(tmp_path / "clip.mp4")
    others = scene()
    others[5, 0, 0, 0] += 1
    payload = payload_of("m", "1", 7, "a red square slides")
    with pytest.raises(AssertionError, match="other frames encoded than were reviewed"):
        release_stream(tmp_path / "other.mp4", iter(others), fps=8, payload=payload, clip=lambda: whole)
    with pytest.raises(AssertionError, match="7 frames encoded, 8 reviewed"):
        release_stream(tmp_path / "fewer.mp4", iter(scene()[:7]), fps=8, payload=payload, clip=lambda: whole)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
