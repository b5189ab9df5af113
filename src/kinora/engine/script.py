"""The prompts of a film, read once, and what a solver asks of a model that follows them."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.flow.guidance import guided
from kinora.flow.rollout import CachedStream, GuidedStream, Stream
from kinora.flow.solvers import Velocity
from kinora.models.cache import KVCache
from kinora.models.dit import TextContext


class Script:
    """Velocities of one model towards each of several prompts, away from one negative prompt."""

    def __init__(self, model: Model, prompts: Sequence[str], negative: str, guidance: float) -> None:
        """Read the prompts. Raises InvalidRequest if one has more wordpieces than the text encoder reads."""
        self._model, self._guidance = model, guidance
        with torch.inference_mode():
            read = model.text.encode([*prompts, negative])
            # Embedded once for all steps, and padded alike, so that one call can serve prompt and negative together.
            states, mask = read.states.to(model.dtype), read.mask
            self._both = {
                prompt: model.dit.text_context(states[[row, -1]], mask[[row, -1]]) for row, prompt in enumerate(prompts)
            }
            self._alone = {
                prompt: model.dit.text_context(states[[row]], mask[[row]]) for row, prompt in enumerate(prompts)
            }
            self._negative = model.dit.text_context(states[[-1]], mask[[-1]])

    def velocity(self, prompt: str) -> Velocity:
        """The guided velocity of a whole window, towards `prompt`."""
        both = self._both[prompt]
        return guided(
            self._velocity, self._alone[prompt], self._negative, self._guidance, join=lambda _first, _second: both
        )

    def context(self, prompt: str) -> TextContext:
        """What a `stream` reads for `prompt`."""
        return self._alone[prompt]

    def stream(self, *, window: int, sink: int) -> Stream[TextContext]:
        """The guided velocity of block after block, with an empty memory of `window` latent frames."""
        empty = partial(self._model.dit.cache, window=window, sink=sink)
        toward = CachedStream(self._velocity, empty())
        if self._guidance == 1:
            return toward
        return GuidedStream(toward, CachedStream(self._velocity, empty()), self._negative, self._guidance)

    @torch.inference_mode()
    def _velocity(self, x: Tensor, sigma: Tensor, text: TextContext, *, cache: KVCache | None = None) -> Tensor:
        # The solver stays in float32 whatever the model computes in: it takes differences of near numbers.
        return self._model.dit(x.to(self._model.dtype), sigma, text, cache=cache).float()
