"""The one door by which pictures leave as files: reviewed, marked, encoded, counted, signed, and only then in place.

    release_clip(clip, "ball.mp4")                                   # what `Clip.save` does
    release_stream("ball.mp4", frames, fps=8, payload=payload_of("kinora-small", "1", 7, "a ball"), clip=finished)

A file is there whole, with its mark and its credentials, or it is not there. The frames that are encoded are those that
a guard let pass, by their fingerprint: a clip that was changed after its review is reviewed again here. Only this
module calls the bare writers of `kinora.media` for what people get to see; a test walks the tree and holds that.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.clip import Clip
from kinora.errors import Refused
from kinora.grid import format_size
from kinora.media import Written, check_target, write_clip, write_video
from kinora.safety.guard import default_guard
from kinora.safety.policy import FrameBook, FrameDigest, reviewed_by
from kinora.safety.provenance import Kind, Record, check_signing, read_file, sign_file
from kinora.safety.watermark import Watermark
from kinora.safety.watermark_code import Payload
from kinora.safety.watermark_keys import marking_key

Frames = npt.NDArray[np.uint8]

CHUNK = 8
"""Frames marked at once. A mark stands in each frame alone, so this changes nothing but the speed."""

WORK: dict[str, tuple[Kind, str]] = {
    "animate": ("created", "a picture was set in motion"),
    "extend": ("edited", "frames were added at an end"),
    "loop": ("edited", "frames were added that lead back to the start"),
    "remix": ("edited", "made again under other words"),
    "cast": ("created", "a character was taken from a clip"),
    "join": ("composite", "joined by new frames"),
    "blend": ("composite", "faded into each other"),
    "world": ("rendered", ""),
}
"""What each verb does, in the credentials' terms; anything else is created from words."""


def release_clip(clip: Clip, path: str | Path) -> Written:
    """Write a finished clip to `path`; its extension chooses the format.

    Frames that no engine had reviewed are reviewed first. Raises OutputError when the place won't do, Refused when the
    guard says no, SigningFailed or Unavailable when it can't be signed: then there is no file.
    """
    path = check_target(path)
    _review(clip)
    payload = payload_of(clip.model, clip.version, clip.seed, asked(clip))
    if path.suffix.lower() == ".mp4":
        return release_stream(path, clip.frames, fps=clip.fps, payload=payload, clip=lambda: clip)
    marked = Watermark(marking_key()).embed(clip.frames, payload)
    return write_clip(path, marked, fps=clip.fps, finish=lambda file: sign_file(file, record_of(clip, payload.hex)))


def release_stream(
    path: str | Path, frames: Iterable[Frames], *, fps: int, payload: Payload, clip: Callable[[], Clip]
) -> Written:
    """Encode frames (uint8 H W C each) into an MP4 as they come; `clip` is asked for the whole once they have ended.

    Memory does not grow with the length. Raises what `release_clip` does.
    """
    mark, encoded, count = Watermark(marking_key()), FrameDigest(), 0

    def marked() -> Iterator[Frames]:
        nonlocal count
        remaining = iter(frames)
        while chunk := list(islice(remaining, CHUNK)):
            whole = np.stack(chunk)
            encoded.add(whole)
            count += len(whole)
            yield from mark.embed(whole, payload)

    def finish(file: Path) -> None:
        whole = clip()
        _review(whole)
        reviewed = whole.info["frames_reviewed"]
        assert count == reviewed, f"{count} frames encoded, {reviewed} reviewed"
        assert encoded.hex == whole.info["frames_digest"], "other frames encoded than were reviewed"
        sign_file(file, record_of(whole, payload.hex))

    return write_video(path, marked(), fps=fps, finish=finish)


def check_release(path: str | Path) -> Path:
    """`path`, once it is known that a file can be made and signed there: asked before anything is computed.

    Raises OutputError, BadInputFile for settings that can't be used, Unavailable where c2pa-python is missing.
    """
    path = check_target(path)
    check_signing(path)
    return path


def payload_of(model: str, version: str, seed: int, prompt: str) -> Payload:
    """What the mark says: the model, and a job that is the same for the same request: a seed means the same pixels.

    Of the job the mark holds 24 bits of a hash: nobody reads a prompt from it.
    """
    job = hashlib.sha256(f"{model}\0{version}\0{seed}\0{prompt}".encode()).hexdigest()
    return Payload.of(model, version, job)


def asked(clip: Clip) -> str:
    """The user's own words for the clip, before they were expanded."""
    words: str = clip.info.get("prompt_asked", clip.prompt)
    return words


def record_of(clip: Clip, watermark: str) -> Record:
    """What the credentials say of a clip; `watermark` is the payload in its pixels, in hex."""
    inputs = clip.info.get("parents", ())
    found = [one for one in map(_content, inputs) if one is not None]
    kind, did = WORK.get(clip.info.get("edit", ""), ("created", ""))
    if kind in ("edited", "composite") and not found:
        kind = "created"  # a loop of words alone; or its source is gone, which `inputs_missing` tells
    settings: dict[str, Any] = {
        "seed": clip.seed,
        "steps": clip.steps,
        "guidance": clip.guidance,
        "size": format_size(clip.size),
        "fps": clip.fps,
        "frames": len(clip.frames),
        "frames_reviewed": clip.info["frames_reviewed"],
        **clip.info.get("sampling", {}),
        **{name: clip.info[name] for name in ("strength", "sigma") if name in clip.info},
    }
    if len(found) < len(inputs):
        settings["inputs_missing"] = len(inputs) - len(found)
    return Record(
        kind=kind,
        model=clip.model,
        version=clip.version,
        prompt=asked(clip),
        words={"prompt_read": clip.prompt if clip.prompt != asked(clip) else "", "negative": clip.negative},
        settings=settings,
        parents=tuple(found),
        captured=any(_captured(one) for one in inputs),
        watermark=watermark,
        did=did,
    )


def _review(clip: Clip) -> None:
    """Have the guard look at a clip whose frames are not those that an engine had reviewed."""
    if clip.info.get("frames_digest") == FrameDigest(clip.frames).hex:
        return
    book = FrameBook(fps=clip.fps, prompt=clip.prompt)
    verdict = reviewed_by(default_guard(), clip.frames, book)
    if not verdict.allowed:
        raise Refused("the clip", rule=verdict.reason, categories=verdict.categories)
    clip.info.update(book.proof, warnings=[*clip.info.get("warnings", ()), *book.warnings])


def _content(source: Any) -> Path | bytes | None:
    """An input as it goes into the credentials: its file, or one made of it; None for a file that is gone."""
    if isinstance(source, str | Path):
        return Path(source) if Path(source).is_file() else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.webp"
        if isinstance(source, Clip):
            release_clip(source, path)
        else:
            write_clip(path, source if source.ndim == 4 else source[None], fps=1)
        return path.read_bytes()


def _captured(source: Any) -> bool:
    """Whether an input may be a camera's work or anybody's: whatever is not known for a model's."""
    if isinstance(source, str | Path):
        return not (Path(source).is_file() and read_file(source).generated)
    return not isinstance(source, Clip)
