"""What is looked at of an upload fits into memory, however large its frames are."""

import numpy as np
import pytest

from kinora.clip import Clip
from kinora.safety.policy import ALLOWED
from kinora.serve.ordering import looking


@pytest.mark.parametrize(("max_pixels", "frames"), [(64 * 64, 1), (64 * 64 * 3, 3), (64_000_000, 20)])
def test_large_frames_are_looked_at_in_smaller_number(tmp_path, monkeypatch, max_pixels, frames):
    noise = np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), np.uint8)
    Clip(frames=noise, fps=8, prompt="noise", seed=1, model="fake").save(tmp_path / "clip.mp4")
    shown = []

    def review(pictures, _book):
        shown.append(len(pictures))
        return ALLOWED

    monkeypatch.setattr(looking.FrameReview, "of", lambda _table: review)
    seen = looking.look(tmp_path / "clip.mp4", "standard", max_pixels, 60.0, False)
    assert (seen.size, shown) == ((64, 64), [frames])
