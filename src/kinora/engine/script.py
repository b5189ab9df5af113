"""The prompts of a film, read once, and what a solver asks of a model that follows them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.flow.guidance import guided
from kinora.flow.rollout import CachedStream, GuidedStream, Stream
from kinora.flow.schedule import wan_time
from kinora.flow.solvers import Velocity
from kinora.models.cache import KVCache
from kinora.models.dit import DiT, TextContext
from kinora.request import SAMPLERS, Plan

TOGETHER = 8192
"""Tokens up to which prompt and negative are one call on twice the batch. Beyond, a call keeps any device busy, and two
in turn need half the memory for the same work."""


EMBEDDED = 6
"""Texts whose keys and values are kept, those used last: of two experts towards one prompt, away from the negative, and
towards a second prompt where one scene becomes another. One takes 0.4 GB in Wan's 14B, and a story has many shots."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a model is shown of given frames beside the latents it makes.

    channels: input channels beside the latents. image: tokens of the pictures, read across like text.
    """

    channels: Float[Tensor, "1 c t h w"]
    image: Float[Tensor, "1 i e"] | None = None


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How strictly prompts are followed. A model with two experts uses the one for `high` noise from sigma `boundary`.

    whole: the model is told whole thousandths of sigma (see `request.Sampler`).
    """

    scale: float
    high: float | None = None
    boundary: float | None = None
    whole: bool = False

    @classmethod
    def of(cls, plan: Plan) -> "Guidance":
        """What a plan says."""
        return cls(
            scale=float(plan.guidance),
            high=None if plan.guidance_high is None else float(plan.guidance_high),
            boundary=None if plan.boundary is None else float(plan.boundary),
            whole=SAMPLERS[plan.sampler].whole,
        )


class Script:
    """Velocities of one model towards each of several prompts, away from one negative prompt."""

    def __init__(self, model: Model, prompts: Sequence[str], negative: str, guidance: float | Guidance) -> None:
        """Read the prompts. Raises InvalidRequest if one is longer than the text encoder reads."""
        self._model = model
        self._guidance = guidance if isinstance(guidance, Guidance) else Guidance(scale=guidance)
        with torch.inference_mode():
            read = model.text.encode([*prompts, negative])
            self._states, self._mask = read.states.to(model.device, model.dtype), read.mask
        self._rows = {prompt: row for row, prompt in enumerate(prompts)}
        self._embedded: dict[tuple[DiT, tuple[int, ...], Tensor | None], TextContext] = {}

    def velocity(self, prompt: str, sight: Sight | None = None) -> Velocity:
        """The guided velocity of a whole window, towards `prompt`."""
        chosen, high = self._guidance, self._model.high
        low = self._guided(self._model.dit, prompt, sight, chosen.scale)
        if high is None:
            return low
        assert chosen.boundary is not None, "a model with two experts has a boundary between them"
        above = self._guided(high, prompt, sight, chosen.scale if chosen.high is None else chosen.high)
        # Wan compares whole thousandths of the time it tells its model; a hair's breadth forgives float32.
        edge = chosen.boundary - 1e-6

        def switched(x: Tensor, sigma: Tensor) -> Tensor:
            return (above if self._told(sigma).max().item() >= edge else low)(x, sigma)

        return switched

    def context(self, prompt: str) -> TextContext:
        """What a `stream` reads for `prompt`."""
        return self._text(self._model.dit, (self._rows[prompt],), None)

    def stream(self, *, window: int, sink: int) -> Stream[TextContext]:
        """The guided velocity of block after block, with an empty memory of `window` latent frames."""
        dit = self._model.dit
        velocity, empty = partial(self._velocity, dit, None), partial(dit.cache, window=window, sink=sink)
        toward = CachedStream(velocity, empty())
        if self._guidance.scale == 1:
            return toward
        away = CachedStream(velocity, empty())
        return GuidedStream(toward, away, self._text(dit, (-1,), None), self._guidance.scale)

    def _guided(self, dit: DiT, prompt: str, sight: Sight | None, scale: float) -> Velocity:
        row, velocity, patch = self._rows[prompt], partial(self._velocity, dit, sight), math.prod(dit.config.patch)

        def both(_toward: TextContext, _away: TextContext) -> TextContext:
            return self._text(dit, (row, -1), sight)

        def pushed(x: Tensor, sigma: Tensor) -> Tensor:
            toward = self._text(dit, (row,), sight)
            if scale == 1:
                return velocity(x, sigma, toward)
            join = both if x[0, 0].numel() // patch <= TOGETHER else None
            return guided(velocity, toward, self._text(dit, (-1,), sight), scale, join=join)(x, sigma)

        return pushed

    @torch.inference_mode()
    def _text(self, dit: DiT, rows: tuple[int, ...], sight: Sight | None) -> TextContext:
        """Keys and values of some prompts (and pictures), embedded once for all steps."""
        image = None if sight is None or sight.image is None else sight.image
        key = (dit, rows, image)  # by identity, as modules and tensors compare in a dictionary
        if key in self._embedded:
            self._embedded[key] = self._embedded.pop(key)  # to the end, as the latest
        else:
            mask = None if self._mask is None else self._mask[list(rows)]
            states = self._states[list(rows)]
            if image is None:
                self._embedded[key] = dit.text_context(states, mask)
            else:
                shown = image.to(states).expand(len(rows), -1, -1)
                self._embedded[key] = dit.text_context(states, mask, shown)
            for old in list(self._embedded)[:-EMBEDDED]:
                del self._embedded[old]
        return self._embedded[key]

    def _told(self, sigma: Tensor) -> Tensor:
        return wan_time(sigma) if self._guidance.whole else sigma

    @torch.inference_mode()
    def _velocity(
        self,
        dit: DiT,
        sight: Sight | None,
        x: Tensor,
        sigma: Tensor,
        text: TextContext,
        *,
        cache: KVCache | None = None,
    ) -> Tensor:
        # The solver stays in float32 whatever the model computes in: it takes differences of near numbers.
        x = x.to(self._model.dtype)
        if sight is not None:
            x = torch.cat((x, sight.channels.to(x).expand(len(x), -1, -1, -1, -1)), dim=1)
        if sigma.ndim == 4:  # by latent, and the same for all latents of a token
            _, rows, columns = dit.config.patch
            sigma = sigma[:, :, ::rows, ::columns]
        return dit(x, self._told(sigma), text, cache=cache).float()
