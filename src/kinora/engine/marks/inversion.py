"""A clip solved backwards: the noise that a model would have made it from."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kinora.checkpoints.store import Model
from kinora.engine.frames.coding import encode
from kinora.engine.script import Script
from kinora.flow.schedule import shifted
from kinora.safety.noise_mark import inverted

STEPS = 10


def noise_of(model: Model, frames: npt.NDArray[np.uint8], *, steps: int = STEPS) -> npt.NDArray[np.float32]:
    """The noise (C T H W) from which `model`, with the empty prompt, comes nearest to `frames` (uint8 T H W C).

    The last frames beyond 4n+1 are left out. The prompt isn't known, so what is found is the noise and some of the
    prompt. Raises ValueError for sides off the grid.
    """
    velocity = Script(model, [""], "", 1.0).velocity("")
    clean = encode(model, frames[: model.limits.grid.whole(len(frames))])

    def at(x: Tensor, sigma: float) -> Tensor:
        return velocity(x, torch.full(x.shape[:1], sigma, device=x.device))

    sigmas = shifted(steps, float(model.defaults.shift)).tolist()
    return inverted(clean, at, sigmas)[0].cpu().numpy()
