"""What image-to-video models are shown of given frames: a clip of them among grey, a mask, and the pictures themselves.

Wan 2.1's and 2.2's image models have input channels beside those of the latents: 4 of a mask (one for each frame of a
latent frame) and those of the encoded clip, in which every frame that isn't given is grey. They were trained to be
given the first frame, or the first and the last; `Defaults.opening` and `.closing` say which.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kinora.checkpoints.manifest import lacking
from kinora.checkpoints.store import Model
from kinora.engine.film import Cut, Film
from kinora.engine.script import Sight


def sight_of(model: Model, film: Film, cut: Cut) -> Sight | None:
    """What `model` is shown for the shot `cut`; None for models without such channels.

    Raises InvalidRequest if the model needs pictures that are not given.
    """
    if model.defaults.holds != "channels":
        return None
    count = model.limits.grid.frames_of(cut.stop - cut.start)
    frames = np.full((count, *film.plan.size, 3), np.nan, np.float32)
    for shown in film.shown:
        if cut.start <= shown.at < cut.stop:
            first = pixel_of(shown.at - cut.start, model.vae.stride[0])
            frames[first : first + len(shown.frames)] = shown.frames[: count - first] / 127.5 - 1
    opening, closing = model.defaults.opening, model.defaults.closing
    taught = np.arange(count)
    given = ~np.isnan(frames[:, 0, 0, 0]) & ((taught < opening) | (taught >= count - closing))
    if not given[:opening].all() or (closing and not given[-closing:].all()):
        raise lacking(model.name, model.defaults, first=bool(given[:opening].all()), last=bool(given[-1]))
    frames[~given] = 0
    pixels = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].to(model.device, model.pixels)
    with torch.inference_mode():
        clip = model.vae.encode(pixels)
        mask = mask_of(torch.from_numpy(given), clip, model.vae.stride[0])
        image = None
        if model.image is not None:
            pictures = pixels[0, :, [0, -1] if closing else [0]].transpose(0, 1)
            image = model.image.encode(pictures).flatten(0, 1)[None]
    return Sight(channels=torch.cat((mask, clip), dim=1), image=image)


def mask_of(given: Tensor, latents: Float[Tensor, "1 c t h w"], group: int) -> Float[Tensor, "1 4 t h w"]:
    """The mask of given pixel frames as Wan folds it: the first frame stands for a whole group."""
    frames = torch.cat((given[:1].expand(group), given[1:])).to(latents)
    folded = frames.view(-1, group).T  # group, t
    return folded[None, :, :, None, None].expand(1, -1, -1, *latents.shape[3:])


def pixel_of(latent: int, group: int) -> int:
    """The first pixel frame of a shot's latent frame."""
    return max(0, group * latent - group + 1)
