"""Training the autoencoder: principal components in seconds, then a residual encoder and decoder by gradient.

The order matters on a CPU. The linear map of 4x16x16 patches onto their 48 leading components already reconstructs at
about 29 dB; starting there, gradient steps only have to add what a linear map cannot say. Each component is divided by
the fourth root of its variance ("half-whitening"): held-out flow loss was lower than with either extreme, one global
scale or full whitening.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from einops import rearrange
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.errors import BadInputFile, InvalidRequest
from kinora.media import replacing
from kinora.models.vae import Autoencoder, AutoencoderConfig, patchify

Frames = npt.NDArray[np.uint8]  # T H W C


@dataclass(frozen=True, kw_only=True)
class AutoencoderRecipe:
    """Everything that decides a training run of the autoencoder."""

    model: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    patches: int = 60_000  # for the principal components
    minutes: float = 11.0  # the learning rate falls over this time; `steps` instead, where given, for tests
    steps: int | None = None
    batch: int = 8
    frames: int = 13
    crop: int = 64  # pixels; a side of the training crops, 0 for whole frames
    learning_rate: float = 6e-4  # 1.5e-3 diverged within 60 steps
    linear_learning_rate: float = 1e-4  # of the principal components and their inverse
    decay: float = 0.7  # the last share of the run, over which the rates fall to zero
    noise: float = 0.05  # added to latents before decoding: the decoder must forgive what a sampler leaves
    seed: int = 0
    threads: int = 2

    @classmethod
    def refining(cls, minutes: float = 60.0, steps: int | None = None, threads: int = 2) -> "AutoencoderRecipe":
        """The decoder's second lesson: more blocks, wider crops (fewer zeros from beyond the edge), noisier latents."""
        return cls(
            model=AutoencoderConfig(decoder_blocks=(3, 4, 5)),
            minutes=minutes,
            steps=steps,
            threads=threads,
            crop=96,
            batch=4,
            noise=0.1,
        )


@torch.random.fork_rng(devices=[])  # the random numbers that the caller draws next are the caller's
def train_autoencoder(
    data: Path,
    out: Path,
    recipe: AutoencoderRecipe,
    *,
    refine: Path | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
) -> Autoencoder:
    """Fit on the rendered shards in `data`, write `vae.safetensors` and `vae.json` into `out`, return the model.

    `refine`: folder of an autoencoder whose decoder is trained further, grown to the recipe's blocks, while its
    encoder, and so every latent made with it, stays as it is. `report` receives a row of figures now and then (step,
    minutes, loss, held-out PSNR in dB), and what there is then is saved. The last shard of clips is held out. Raises
    BadInputFile when `data` holds no shards.
    """
    torch.set_num_threads(recipe.threads)
    generator = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)
    clips = open_shards(data, "clips")
    train, held_out = (clips[:-1], clips[-1]) if len(clips) > 1 else (clips, clips[0])
    if refine:
        model = grown(load_autoencoder(refine), recipe.model.decoder_blocks).train()
    else:
        model = Autoencoder(recipe.model)
        fit_principal_components(model, sample_patches(train, recipe.patches, model.stride, generator))
    rows = [{"step": 0.0, "minutes": 0.0, "psnr": evaluate(model, held_out)}]
    if report:
        report(rows[-1])
    for row in _descend(model, train, held_out, recipe, generator, refining=refine is not None):
        rows.append(row)
        save_autoencoder(model, out, {"recipe": asdict(recipe), "history": rows})
        if report:
            report(row)
    if not refine:
        normalise(model, train, generator)
    rows.append({"step": rows[-1]["step"], "minutes": rows[-1]["minutes"], "psnr": evaluate(model, held_out)})
    save_autoencoder(model, out, {"recipe": asdict(recipe), "history": rows})
    return model


def _descend(
    model: Autoencoder,
    train: list[Frames],
    held_out: Frames,
    recipe: AutoencoderRecipe,
    generator: np.random.Generator,
    refining: bool,
) -> Iterator[dict[str, float]]:
    """Gradient training; yields a row of figures about ten times."""
    for p in (*model.project.parameters(), *model.encoder.parameters()):
        p.requires_grad_(not refining)
    linear = [*model.project.parameters(), *model.reconstruct.parameters()]
    residual = [*model.encoder.parameters(), *model.decoder.parameters()]
    groups = [
        {"params": residual, "lr": 0.0, "peak": recipe.learning_rate},
        {"params": linear, "lr": 0.0, "peak": recipe.linear_learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    began, step, loss_mean, reported = time.monotonic(), 0, 0.0, 0.0
    while True:
        minutes = (time.monotonic() - began) / 60
        done = step / recipe.steps if recipe.steps else minutes / recipe.minutes
        if done >= 1:
            break
        factor = min(1.0, (step + 1) / 50) * min(1.0, (1 - done) / recipe.decay)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        pixels = sample_crops(train, recipe.batch, recipe.frames, recipe.crop, generator)
        raw = model.encode_raw(pixels)
        noisy = raw + recipe.noise * torch.randn_like(raw) * torch.rand(len(raw), 1, 1, 1, 1)
        loss = reconstruction_loss(model.decode_raw(noisy), pixels)
        model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimizer.step()
        step += 1
        loss_mean += (loss.item() - loss_mean) * max(0.02, 1 / step)
        if done - reported >= 0.1:
            reported = done
            yield {"step": float(step), "minutes": minutes, "loss": loss_mean, "psnr": evaluate(model, held_out)}


def reconstruction_loss(output: Float[Tensor, "b 3 T H W"], target: Float[Tensor, "b 3 T H W"]) -> Float[Tensor, ""]:
    """Root mean square error of each clip, and absolute error of differences in time (flicker) and space (edges).

    The root lets a calm picture count as much as a busy one, as the mean of PSNRs does.
    """
    error = output - target
    loss = (error.square().mean((1, 2, 3, 4)) + 1e-5).sqrt().mean()
    for dim in (2, 3, 4):
        if error.shape[dim] > 1:
            loss = loss + 0.1 * error.diff(dim=dim).abs().mean()
    return loss


def grown(model: Autoencoder, decoder_blocks: tuple[int, int, int]) -> Autoencoder:
    """The same autoencoder, to the bit, with more blocks in its decoder (a new block's last convolution is zero).

    Raises InvalidRequest where it has more blocks already.
    """
    had = model.config.decoder_blocks
    if any(new < old for new, old in zip(decoder_blocks, had, strict=True)):
        raise InvalidRequest(f"decoder blocks {decoder_blocks}", rule=f"a decoder only grows; this one has {had}")
    larger = Autoencoder(replace(model.config, decoder_blocks=decoder_blocks))
    larger.load_state_dict({**larger.state_dict(), **model.state_dict()})
    return larger


@torch.no_grad()
def fit_principal_components(model: Autoencoder, patches: Float[Tensor, "n p"]) -> None:
    """Set `project` and `reconstruct` to the half-whitened principal components of `patches` and their inverse."""
    mean = patches.mean(0)
    centred = patches - mean
    covariance = (centred.T @ centred / len(centred)).double()
    # Only the leading eigenvectors are wanted: a few block power iterations are far cheaper than a full decomposition.
    variances, directions = _leading_eigenpairs(covariance, model.channels)
    half = variances.clamp(min=1e-8) ** 0.25
    half = half * variances.sqrt().mean().sqrt()  # so that the mean variance of the channels is one
    model.project.weight.copy_((directions / half).T.float())
    model.project.bias.copy_(-(directions / half).T.float() @ mean)
    model.reconstruct.weight.copy_((directions * half).float())
    model.reconstruct.bias.copy_(mean)


def _leading_eigenpairs(matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Largest eigenvalues (descending) and eigenvectors of a symmetric matrix by subspace iteration."""
    generator = torch.Generator().manual_seed(0)
    basis = torch.randn(len(matrix), count + 32, dtype=matrix.dtype, generator=generator)
    for _ in range(40):
        basis = torch.linalg.qr(matrix @ basis).Q
    values, rotation = torch.linalg.eigh(basis.T @ matrix @ basis)
    order = values.argsort(descending=True)[:count]
    return values[order], (basis @ rotation)[:, order]


@torch.no_grad()
def normalise(model: Autoencoder, clips: list[Frames], generator: np.random.Generator) -> None:
    """Set the fixed affine map: zero mean per channel, mean variance one over all channels (half-whitening stays)."""
    length = clips[0].shape[1]
    raw = torch.cat([model.encode_raw(sample_crops(clips, 4, length, 0, generator)) for _ in range(16)])
    channels = rearrange(raw, "b c t h w -> c (b t h w)")
    model.mean.copy_(channels.mean(1))
    model.scale.fill_(float(channels.var(1).mean().rsqrt()))


@torch.no_grad()
def evaluate(model: Autoencoder, clips: Frames, count: int = 8) -> float:
    """Mean PSNR in dB over whole clips, from the mean squared error of each clip on the 0..255 scale."""
    scores = []
    for clip in clips[:: max(1, len(clips) // count)][:count]:
        pixels = to_pixels(clip[None])
        output = model.decode_raw(model.encode_raw(pixels)).clamp(-1, 1)
        scores.append(-10 * math.log10(float(((output - pixels) / 2).square().mean()) + 1e-12))
    return sum(scores) / len(scores)


def open_shards(data: Path, kind: str) -> list[Frames]:
    """Memory-mapped shards [N, T, H, W, 3] of a rendered data set, in order. Raises BadInputFile without any."""
    files = sorted(path for path in data.glob(f"{kind}-?????.npy") if path.with_suffix(".json").exists())
    if not files:
        raise BadInputFile(
            str(data), rule=f"must hold {kind}-00000.npy with its .json", remedy="run: kinora world render"
        )
    return [np.load(path, mmap_mode="r") for path in files]


def sample_patches(
    clips: list[Frames], count: int, stride: tuple[int, int, int], generator: np.random.Generator
) -> Float[Tensor, "n p"]:
    """Random patches of random clips, a first frame's repeated as the encoder does."""
    dt = stride[0]
    rows: list[Tensor] = []
    per_clip = 64
    for _ in range(math.ceil(count / per_clip)):
        shard = clips[generator.integers(len(clips))]
        pixels = to_pixels(shard[generator.integers(len(shard))][None])
        padded = torch.cat([pixels[:, :, :1].expand(-1, -1, dt - 1, -1, -1), pixels], dim=2)
        flat = patchify(padded, stride).flatten(0, 3)
        rows.append(flat[torch.from_numpy(generator.integers(len(flat), size=per_clip))])
    return torch.cat(rows)[:count]


def sample_crops(
    clips: list[Frames], batch: int, frames: int, crop: int, generator: np.random.Generator
) -> Float[Tensor, "b 3 T H W"]:
    """Random windows in time (and in space where `crop` > 0) of random clips, as pixels in [-1, 1]."""
    windows = []
    for _ in range(batch):
        shard = clips[generator.integers(len(clips))]
        length, height, width = shard.shape[1:4]
        t = generator.integers(length - frames + 1)
        top, left = (generator.integers(side - crop + 1) if crop else 0 for side in (height, width))
        rows = slice(top, top + crop if crop else None), slice(left, left + crop if crop else None)
        windows.append(shard[generator.integers(len(shard)), t : t + frames, rows[0], rows[1]])
    return to_pixels(np.stack(windows))


def to_pixels(frames: npt.NDArray[np.uint8]) -> Float[Tensor, "b 3 T H W"]:
    """uint8 [b, T, H, W, 3] to float in [-1, 1]."""
    return rearrange(torch.from_numpy(frames.astype(np.float32)), "b t h w c -> b c t h w") / 127.5 - 1


def save_autoencoder(model: Autoencoder, out: Path, record: dict[str, Any]) -> None:
    """Write `vae.safetensors` (float32) and `vae.json` (configuration and history), each renamed into place."""
    out.mkdir(parents=True, exist_ok=True)
    description = json.dumps({"config": asdict(model.config), **record}, indent=1)
    with replacing(out / "vae.safetensors") as part:
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, part)
    with replacing(out / "vae.json") as part:
        part.write_text(description, encoding="utf-8")


def load_autoencoder(path: Path) -> Autoencoder:
    """The inverse of `save_autoencoder`."""
    description = json.loads((path / "vae.json").read_text())
    model = Autoencoder(AutoencoderConfig.from_dict(description["config"]))
    model.load_state_dict(load_file(path / "vae.safetensors"))
    return model.eval()
