"""Whether a model knows pictures of a kind: it is shown one under noise and asked what it was.

A model that has only ever seen one world goes on from any other picture with a scene of its own, in the very next
frame. Its own guess tells beforehand: kinora-small 3 is 3 to 8 levels off for 80 renders of its world that no training
saw and 12 to 33 for 69 photos (`scripts/eval_familiar.py`). A model that knows photos gives them back as well.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from kinora.engine.engine import Engine
from kinora.engine.script import Script
from kinora.flow.conditions import Region
from kinora.flow.path import clean_from_velocity, mix
from kinora.flow.state import SeededNoise

STRANGE = 10.0
"""Levels of 255 by which a guess is off, on average, from where a picture counts as strange."""

SIGMA = 0.5
NEAREST = 0.25
"""Noise over a strange picture where it is left first; further on there is more, up to nothing but noise."""


@torch.inference_mode()
def strangeness(engine: Engine, picture: Float[Tensor, "1 c 1 h w"]) -> float:
    """By how many levels of 255 the model is off, on average, when it guesses a picture (its latent) under noise."""
    model = engine.model
    noise = SeededNoise([0])((picture.shape[1], 1, picture.shape[3], picture.shape[4])).to(picture)
    shown = mix(picture, noise, SIGMA)
    velocity = Script(model, ("",), "", 1.0).velocity("")(shown, shown.new_full((1, 1), SIGMA))
    guess = engine.decode(clean_from_velocity(shown, velocity, SIGMA))
    return float(abs(guess.astype("int16") - engine.decode(picture)).mean())


def leaving(still: Float[Tensor, "1 c 1 h w"], at: int, count: int) -> Region:
    """The condition that `count` latent frames, from `at` on, leave a picture little by little.

    `still` is the latent of four frames that show it. Each latent frame starts from it under more noise than the one
    before, so that first its light and textures change, then what is where.
    """
    noise = torch.linspace(NEAREST, 1, count + 1)[:-1] if count > 1 else torch.tensor([NEAREST])
    return Region(still.expand(-1, -1, count, -1, -1), noise.view(1, 1, -1, 1, 1), at=at)
