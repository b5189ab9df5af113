"""Models that stream in blocks from the start (the Self-Forcing family) against their published loop, written out."""

from dataclasses import replace

import torch

from kinora.checkpoints.cards import CARDS
from kinora.checkpoints.catalog import manifest_of
from kinora.checkpoints.store import Model
from kinora.engine.film import Film, Span
from kinora.engine.script import Guidance, Script
from kinora.engine.solving import RENOISE, solve_film
from kinora.flow.state import LatentState, SeededNoise
from kinora.flow.windows import Reach, plan
from kinora.models.dit import DiT, DiTConfig
from kinora.models.vae import Autoencoder, AutoencoderConfig
from kinora.request import Shot

CARD = CARDS["self-forcing-1.3b"]
SIZE = (64, 64)
FRAMES = 33  # nine latent frames: three blocks


class Read:
    mask = None

    def __init__(self, count):
        self.states = torch.randn(count, 9, 24, generator=torch.Generator().manual_seed(5))


class Reader:
    def encode(self, prompts):
        return Read(len(prompts))


def tiny():
    torch.manual_seed(0)
    config = DiTConfig(
        dim=48, heads=2, layers=2, ffn_dim=64, freq_dim=32, text_dim=24, in_channels=16, out_channels=16,
        patch=(1, 2, 2),
    )  # fmt: skip
    dit = DiT(config).eval().requires_grad_(False)
    for parameter in dit.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    manifest = manifest_of(CARD)
    return Model(
        name=CARD.name,
        version="",
        dit=dit,
        vae=Autoencoder(AutoencoderConfig(channels=16, stride=(4, 8, 8))),
        text=Reader(),
        defaults=manifest.defaults,
        limits=manifest.limits,
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def test_blocks_come_from_the_start_and_after_what_is_known():
    reach = Reach(window=21, block=3, sink=0, first=3)
    assert [window.made for window in plan([False] * 9, reach)] == [range(3), range(3, 6), range(6, 9)]
    known = [frame < 4 for frame in range(10)]
    assert [window.made for window in plan(known, reach)] == [range(4), range(4, 7), range(7, 10)]


@torch.inference_mode()
def test_a_clip_is_the_published_loop():
    model = tiny()
    asked = replace(model.limits.plan(Shot("words", seed=3, size=SIZE, guidance=1)), frames=FRAMES)
    assert (asked.steps, asked.sampler, asked.shift) == (4, "renoise", 5)
    film = Film(plan=asked, spans=(Span(prompt="words", latents=9),))
    script = Script(model, film.prompts, "", Guidance.of(asked))
    steps = list(solve_film(model, film, script))
    assert len(steps) == 12
    found = torch.cat([step.latents for step in steps if step.latents is not None], dim=2)

    noise = LatentState.noise([3], (16, 9, 8, 8)).latent
    text = model.dit.text_context(Read(2).states[:1])
    cache = model.dit.cache(window=21)
    expected, fresh = [], SeededNoise([3 ^ RENOISE])
    for start in range(0, 9, 3):
        x = noise[:, :, start : start + 3]
        for index, time in enumerate(sigmas := [1000.0, 937.5, 833.3333, 625.0]):
            sigma = time / 1000
            x = x - sigma * model.dit(x, torch.full((1,), sigma), text, cache=cache)
            if index + 1 < len(sigmas):
                below = sigmas[index + 1] / 1000
                x = (1 - below) * x + below * fresh((16, 3, 8, 8))
        expected.append(x)
        model.dit(x, torch.zeros(1), text, cache=cache)  # the finished block at time 0: its keys and values stay
        cache.append()
    torch.testing.assert_close(found, torch.cat(expected, dim=2), atol=2e-4, rtol=1e-4)
