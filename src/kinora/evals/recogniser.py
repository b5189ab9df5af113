"""Reads a clip back into the words it shows, so that a generated clip can be held against its prompt.

>>> reading = Recogniser.load().read(frames)  # uint8 [T, H, W, 3], at least 9 frames
>>> reading.words["subject"], reading.confidence["subject"]
('ball', 0.998)

It is trained on rendered truth alone (`kinora.evals.train_recogniser`), sharp and softened, so that the softness of an
autoencoder costs a generated clip nothing. It knows the core tier of the world and must never be asked about more.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kinora.errors import CorruptWeights, InvalidRequest
from kinora.evals.attributes import Words
from kinora.evals.network import Guess, Network, NetworkConfig, shrunk
from kinora.media import replacing
from kinora.request import Real

Frames = UInt8[np.ndarray, "_ _ _ 3"]

MIN_FRAMES = 9
FPS = 8
SHIPPED = Path(__file__).with_name("recogniser.safetensors")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one clip shows."""

    words: Words
    confidence: dict[str, float]
    """Probability of each attribute's word, 0 to 1."""
    features: Float32[np.ndarray, " d"]
    """The network's last hidden layer, for the Fréchet distance."""
    masks: Float32[np.ndarray, "t mh mw"]
    """Probability that a cell shows the subject, per frame read."""


class Recogniser:
    """A trained network and the two lines around it: bring to size, take the likeliest word."""

    def __init__(self, network: Network, checked: dict[str, dict[str, float]] | None = None) -> None:
        self.network = network.eval()
        self.checked = checked or {}
        """Accuracy per attribute on held-out renders ("renders", "softened", "noise", "chance"), from its training."""

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Recogniser":
        """The recogniser that ships with Kinora, or another file written by `save`."""
        try:
            with safe_open(path, framework="pt") as file:
                words, checked = (json.loads(file.metadata()[name]) for name in ("words", "checked"))
                network = Network(NetworkConfig(words={name: tuple(w) for name, w in words.items()}))
                network.load_state_dict({key: file.get_tensor(key).float() for key in file.keys()})  # noqa: SIM118
        except (OSError, SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
            remedy = "make them: python -m kinora.evals.train_recogniser DATA"
            raise CorruptWeights(path, rule="not a recogniser's weights", remedy=remedy) from error
        return cls(network, checked)

    def save(self, path: Path, *, checked: dict[str, dict[str, float]]) -> None:
        """Write weights (half precision), words and self-check to one safetensors file, whole or not at all."""
        state = {
            key: (value.half() if value.is_floating_point() else value).contiguous()
            for key, value in self.network.state_dict().items()
        }
        said = {"words": json.dumps(self.network.config.words), "checked": json.dumps(checked)}
        with replacing(path) as part:
            save_file(state, part, metadata=said)

    def read(self, frames: Frames, fps: Real = FPS) -> Reading:
        """Judge one clip.

        Any size is stretched to the network's; any frame rate is brought to 8 by taking the nearest frame in time.

        Raises InvalidRequest for fewer than nine frames (after resampling): shorter clips hold no motion to judge.
        """
        return self.read_all([frames], fps)[0]

    def read_all(self, clips: Sequence[Frames], fps: Real = FPS) -> list[Reading]:
        """Judge clips of any lengths and sizes, one after another (a 33-frame clip takes about 0.1 s of one core)."""
        return list(self._read_each(clips, fps))

    def _read_each(self, clips: Sequence[Frames], fps: Real) -> Iterator[Reading]:
        for frames in clips:
            guess = self.guess(prepared(at_rate(frames, fps))[None])
            best = {name: F.softmax(logits[0], dim=0).max(0) for name, logits in guess.logits.items()}
            yield Reading(
                words={name: self.network.config.words[name][int(b.indices)] for name, b in best.items()},
                confidence={name: float(b.values) for name, b in best.items()},
                features=guess.features[0].numpy(),
                masks=torch.sigmoid(guess.masks[0]).numpy(),
            )

    @torch.inference_mode()
    def guess(self, pixels: Float[Tensor, "b t 3 h w"], stride: int = 1) -> Guess:
        """The network's own answer for prepared clips, with a mask for every frame, or for every second."""
        guess: Guess = self.network(pixels, stride)
        return guess


def at_rate(frames: Frames, fps: Real) -> Frames:
    """The frames nearest to eight a second; refuses what is then too short to judge."""
    count = round((len(frames) - 1) * FPS / fps) + 1
    if count < MIN_FRAMES:
        raise InvalidRequest(
            f"{len(frames)} frames at {fps:g} fps",
            rule=f"the recogniser needs {MIN_FRAMES} frames at {FPS} fps",
            remedy=f"at least {round((MIN_FRAMES - 1) * fps / FPS) + 1} frames",
        )
    return frames if fps == FPS else frames[np.linspace(0, len(frames) - 1, count).round().astype(int)]


def prepared(frames: Frames) -> Float[Tensor, "t 3 h w"]:
    """uint8 frames as the network takes them: [0, 1], channels first, SIDE to a side."""
    return shrunk(torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2).contiguous().float().div_(255))
