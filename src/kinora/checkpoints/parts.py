"""What an engine asks of the parts of a model beside the transformer, whoever made them."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor


@runtime_checkable
class TextStates(Protocol):
    """Token states of a batch of prompts."""

    @property
    def states(self) -> Float[Tensor, "b l d"]:
        """The states, zero beyond the prompts' ends."""

    @property
    def mask(self) -> Bool[Tensor, "b l"] | None:
        """False where a state takes no part; None: all take part (Wan's padding does)."""


@runtime_checkable
class TextReader(Protocol):
    """Reads prompts."""

    def encode(self, prompts: Sequence[str]) -> TextStates:
        """States of each prompt. Raises InvalidRequest if one is longer than the reader reads."""


@runtime_checkable
class ImageReader(Protocol):
    """Reads pictures, for models that see the first frame twice: as latents and as a picture."""

    def encode(self, pixels: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b i e"]:
        """Image tokens of pictures of any size in -1..1."""


@runtime_checkable
class Decoder(Protocol):
    """A decoder in the midst of a clip."""

    def __call__(self, latents: Float[Tensor, "b c n h w"]) -> Float[Tensor, "b 3 T H W"]:
        """Pixels of the next n latent frames: 4n-3 frames at the first call, 4n at later ones."""


@runtime_checkable
class VideoAutoencoder(Protocol):
    """Pixels in -1..1 to latents of about unit variance and back, causal in time."""

    @property
    def stride(self) -> tuple[int, int, int]:
        """(frames, height, width) per latent position."""

    @property
    def channels(self) -> int:
        """Channels of a latent."""

    def encode(self, pixels: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, "b c t h w"]:
        """Latents of 4n+1 frames."""

    def decode(self, latents: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b 3 T H W"]:
        """Pixels of the latents of a whole clip."""

    def stream(self) -> Decoder:
        """A decoder that takes the next latents of one clip at each call; memory does not depend on its length."""
