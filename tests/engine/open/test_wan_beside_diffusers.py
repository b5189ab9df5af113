"""Whole samplings of tiny Wan models, ours beside diffusers' pipelines: same weights, same noise, same latents."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.checkpoints.cards import CARDS
from kinora.checkpoints.catalog import manifest_of
from kinora.checkpoints.store import Model
from kinora.checkpoints.wan.keys import from_diffusers
from kinora.checkpoints.wan.vae_keys import from_layouts
from kinora.engine.film import Film, Shown, Span
from kinora.engine.script import Guidance, Script
from kinora.engine.solving import solve_film
from kinora.errors import InvalidRequest
from kinora.flow.conditions import Prefix
from kinora.flow.state import LatentState
from kinora.models.dit import DiT, DiTConfig
from kinora.models.wan_vae import WanAutoencoder, WanVaeConfig
from kinora.request import Shot

diffusers = pytest.importorskip("diffusers", reason="diffusers is the judge (pip install kinora[dev])")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # diffusers under numpy 2
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

FRAMES, SIZE = 9, (64, 96)
TEXT = 32


class Read:
    """Two prompts, read by nobody: random states, padded with zeros that take part."""

    mask = None

    def __init__(self, count):
        self.states = torch.randn(count, 512, TEXT, generator=torch.Generator().manual_seed(5))
        self.states[:, 7:] = 0


class Reader:
    def encode(self, prompts):
        return Read(len(prompts))


class Eyes:
    def encode(self, pixels):
        return torch.randn(len(pixels), 257, 20, generator=torch.Generator().manual_seed(6))


def random_transformer(card, seed):
    shape = card.shape.dit
    torch.manual_seed(seed)
    model = diffusers.WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=shape["in_channels"],
        out_channels=shape["out_channels"],
        text_dim=TEXT,
        freq_dim=32,
        ffn_dim=32,
        num_layers=2,
        rope_max_seq_len=16,
        image_dim=20 if card.shape.image_states else None,
        added_kv_proj_dim=24 if card.shape.image_states else None,
        pos_embed_seq_len=shape.get("image_positions"),
    ).eval()
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=1.0 if "norm" in name and name.endswith("weight") else 0.0, std=0.3)
    return model


def ours(card, theirs):
    shape = card.shape.dit
    image = {"image_dim": 20, "image_positions": shape.get("image_positions")} if card.shape.image_states else {}
    sizes = {"in_channels": shape["in_channels"], "out_channels": shape["out_channels"], "patch": (1, 2, 2)}
    config = DiTConfig(dim=24, heads=2, layers=2, ffn_dim=32, freq_dim=32, text_dim=TEXT, **sizes, **image)
    dit = DiT(config).eval().requires_grad_(False)
    names = from_diffusers(dit.state_dict())
    dit.load_state_dict({names[name]: tensor for name, tensor in theirs.state_dict().items()})
    return dit


def random_vae(card):
    manifest = manifest_of(card).vae
    patch, channels = manifest.get("patch", 1), manifest["channels"]
    torch.manual_seed(0)
    theirs = diffusers.AutoencoderKLWan(
        base_dim=8,
        decoder_base_dim=8,
        z_dim=channels,
        is_residual=patch > 1,
        in_channels=3 * patch**2,
        out_channels=3 * patch**2,
        patch_size=patch if patch > 1 else None,
        scale_factor_spatial=8 * patch,
        latents_mean=list(manifest["mean"]),
        latents_std=list(manifest["std"]),
    ).eval()
    config = WanVaeConfig(
        channels=channels,
        encoder_width=8,
        decoder_width=8,
        patch=patch,
        shortcuts=patch > 1,
        mean=manifest["mean"],
        std=manifest["std"],
    )
    vae = WanAutoencoder(config).eval().requires_grad_(False)
    names = from_layouts(vae.state_dict(), nested=config.shortcuts)[1]
    vae.load_state_dict({names[key]: tensor for key, tensor in theirs.state_dict().items()})
    return vae, theirs


def pair(name):
    card = CARDS[name]
    theirs = [random_transformer(card, seed) for seed in range(len(card.shape.experts))]
    vae, their_vae = random_vae(card)
    manifest = manifest_of(card)
    model = Model(
        name=card.name,
        version="",
        dit=ours(card, theirs[-1]),
        high=ours(card, theirs[0]) if len(theirs) > 1 else None,
        vae=vae,
        text=Reader(),
        image=Eyes() if card.shape.image_states else None,
        defaults=manifest.defaults,
        limits=manifest.limits,
        device=torch.device("cpu"),
        dtype=torch.float32,
    )
    return model, theirs, their_vae


def planned(model, sampler="diffusers-unipc", **asked):
    plan = model.limits.plan(Shot("words", seed=3, steps=6, size=SIZE, sampler=sampler, **asked))
    return replace(plan, frames=FRAMES)


def solved(model, film):
    plan = film.plan
    script = Script(model, film.prompts, plan.negative, Guidance.of(plan))
    parts = [step.latents for step in solve_film(model, film, script) if step.latents is not None]
    return torch.cat(parts, dim=2)


def noise(model):
    rows, columns = (side // step for side, step in zip(SIZE, model.vae.stride[1:], strict=True))
    return LatentState.noise([3], (model.vae.channels, 3, rows, columns)).latent


def piped(pipeline, model, theirs, vae, plan, **more):
    card = CARDS[model.name]
    states = Read(2).states
    scheduler = diffusers.UniPCMultistepScheduler(
        use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=float(plan.shift)
    )
    parts = {"tokenizer": None, "text_encoder": None, "vae": vae, "scheduler": scheduler, "transformer": theirs[0]}
    if len(theirs) > 1:
        parts |= {"transformer_2": theirs[1], "boundary_ratio": plan.boundary}
        more["guidance_scale_2"] = float(plan.guidance)
    if pipeline is diffusers.WanImageToVideoPipeline:
        parts |= {"image_encoder": None, "image_processor": None}
    pipe = pipeline(**parts, expand_timesteps=card.shape.token_sigma)
    pipe.encode_image = lambda images, _device: Eyes().encode(images if isinstance(images, list) else [images])
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        prompt_embeds=states[:1],
        negative_prompt_embeds=states[1:],
        height=SIZE[0],
        width=SIZE[1],
        num_frames=FRAMES,
        num_inference_steps=plan.steps,
        guidance_scale=float(plan.guidance if plan.guidance_high is None else plan.guidance_high),
        latents=noise(model),
        output_type="latent",
        **more,
    ).frames


@pytest.mark.parametrize("name", ["wan2.1-t2v-1.3b", "wan2.2-t2v-a14b", "wan2.2-ti2v-5b"])
def test_words_become_the_latents_that_diffusers_makes(name):
    model, theirs, vae = pair(name)
    # Guidances of their own, so that each expert's is seen to be its own.
    asked = {"guidance": 2.5, "guidance_high": 4} if model.high is not None else {}
    plan = planned(model, **asked)
    expected = piped(diffusers.WanPipeline, model, theirs, vae, plan)
    found = solved(model, Film(plan=plan, spans=(Span(prompt="words", latents=3),)))
    torch.testing.assert_close(found, expected, atol=5e-4, rtol=1e-4)


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (1, *SIZE, 3), dtype=np.uint8)


def pixels(frame):
    return torch.from_numpy(frame).permute(0, 3, 1, 2).float() / 127.5 - 1


@pytest.mark.parametrize("name", ["wan2.1-i2v-14b-480p", "wan2.1-flf2v-14b-720p", "wan2.2-i2v-a14b", "wan2.2-ti2v-5b"])
def test_pictures_become_the_latents_that_diffusers_makes(name):
    model, theirs, vae = pair(name)
    asked = {"guidance": 2.5, "guidance_high": 4} if model.high is not None else {}
    plan = planned(model, **asked)
    first, last = picture(0), picture(1)
    shown, more = [Shown(at=0, frames=first)], {"image": pixels(first) / 2 + 0.5}
    conditions = (Prefix(model.vae.encode(pixels(first).unsqueeze(2))),)
    if model.defaults.closing:
        shown.append(Shown(at=2, frames=np.concatenate([np.zeros((3, *SIZE, 3), np.uint8), last])))
        more["last_image"] = pixels(last) / 2 + 0.5
    expected = piped(diffusers.WanImageToVideoPipeline, model, theirs, vae, plan, **more)
    film = Film(plan=plan, spans=(Span(prompt="words", latents=3),), conditions=conditions, shown=tuple(shown))
    torch.testing.assert_close(solved(model, film), expected, atol=5e-4, rtol=1e-4)


@pytest.mark.parametrize(("name", "verb"), [("wan2.1-i2v-14b-480p", "animate"), ("wan2.1-flf2v-14b-720p", "join")])
def test_a_model_that_starts_from_pictures_says_which_it_lacks(name, verb):
    model, _, _ = pair(name)
    film = Film(plan=planned(model), spans=(Span(prompt="words", latents=3),))
    with pytest.raises(InvalidRequest, match=f"{name}: .*; use kinora {verb}, or another model: "):
        solved(model, film)


def test_prompt_and_negative_in_turn_are_what_they_are_together(monkeypatch):
    model, _, _ = pair("wan2.1-t2v-1.3b")
    film = Film(plan=planned(model), spans=(Span(prompt="words", latents=3),))
    together, batches = solved(model, film), []
    inner = type(model.dit).forward
    monkeypatch.setattr(
        type(model.dit), "forward", lambda self, x, *a, **k: batches.append(len(x)) or inner(self, x, *a, **k)
    )
    monkeypatch.setattr("kinora.engine.script.TOGETHER", 0)
    torch.testing.assert_close(solved(model, film), together, atol=1e-4, rtol=1e-4)
    assert batches == [1] * 12  # six steps, two calls each
