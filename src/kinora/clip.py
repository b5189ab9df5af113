"""What a user gets: a `Clip` of frames that knows how it was made.

clip = kinora.generate("a red ball bounces in a meadow")
clip.save("ball.mp4")            # or .gif, .webp, .png or .jpg (a contact sheet)
clip                             # in a notebook: plays
"""

from __future__ import annotations

import base64
import html
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinora.grid import Size, format_size


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """Finished frames (uint8, T H W C) with the request that made them.

    `prompt` is the text the model read; `info` holds what is measured rather than asked: timings in
    seconds, peak memory in bytes, frames reviewed, warnings.
    """

    frames: npt.NDArray[np.uint8]
    fps: int
    prompt: str
    seed: int
    model: str
    version: str = ""
    steps: int = 0
    guidance: float | int = 1.0
    negative: str = ""
    info: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.frames.dtype == np.uint8, f"{self.frames.dtype=}"
        assert self.frames.ndim == 4, f"{self.frames.shape=}"
        assert self.frames.shape[-1] == 3, f"{self.frames.shape=}"

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.frames.shape[1], self.frames.shape[2]

    @property
    def seconds(self) -> float:
        """How long the clip plays."""
        return len(self.frames) / self.fps

    def save(self, path: str | Path) -> Path:
        """Write the clip to `path`; the extension (.mp4, .gif, .webp, .png, .jpg) chooses the format.

        The file is watermarked and carries Content Credentials. Raises OutputError when the place or the extension
        won't do, Refused when the guard had not seen the frames yet and says no, SigningFailed when they can't be
        signed; then nothing is left behind.
        """
        from kinora.safety.release import release_clip

        return release_clip(self, path).path

    def _repr_html_(self) -> str:
        name, kind = ("clip.mp4", "video/mp4") if len(self.frames) > 1 else ("clip.png", "image/png")
        with tempfile.TemporaryDirectory() as folder:
            data = base64.b64encode(self.save(Path(folder) / name).read_bytes()).decode()
        about = f'width="{max(256, self.size[1])}" title="{html.escape(self.prompt)}" src="data:{kind};base64,{data}"'
        return f"<video controls loop autoplay muted {about}></video>" if len(self.frames) > 1 else f"<img {about}>"

    def __repr__(self) -> str:
        return (
            f"<Clip {self.seconds:g} s, {format_size(self.size)} at {self.fps} fps, seed {self.seed}: {self.prompt!r}>"
        )
