"""Open models from the command line: named, in a directory, planned, fetched."""

import json

import pytest
import torch
from safetensors.torch import save_file

from kinora.checkpoints.wan.tiny import save_tiny
from kinora.media import read_video
from kinora.safety.provenance import read_file

SHOT = ("--size", "64x64", "--seconds", 5 / 16, "--steps", 2, "--seed", 7)


@pytest.fixture(scope="module")
def tiny_wan(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("models") / "t2v", "wan2.2-t2v-a14b", layout="diffusers")


@pytest.mark.slow
def test_an_open_model_films_and_tells_every_setting(kinora, tiny_wan, tmp_path):
    choices = ("--shift", 7, "--guidance-high", 6, "--tier", "fast", "-o", "a.mp4", "--json")
    done = kinora("generate", "a red ball", "--model", f"wan2.2-t2v-a14b@{tiny_wan}", *SHOT, *choices)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    settings = {
        "sampler": "wan-unipc",
        "shift": 7.0,
        "guidance": 3.0,
        "guidance_high": 6.0,
        "boundary": 0.875,
        "cache": "safe",
        "dtype": "float32",
    }
    assert {name: report[name] for name in settings} == settings
    assert report["negative"].startswith("色调艳丽，过曝，静态")
    signed = read_file(tmp_path / "a.mp4")
    assert settings.items() <= signed.generation["settings"].items()


@pytest.mark.slow
def test_loras_go_with_every_verb_and_stand_in_the_credentials(kinora, tiny_wan, tmp_path):
    generator = torch.Generator().manual_seed(0)
    for name in ("one", "two"):
        pair = {"lora_down": (2, 48), "lora_up": (48, 2)}
        tensors = {half: torch.randn(shape, generator=generator) for half, shape in pair.items()}
        module = "diffusion_model.blocks.0.self_attn.v"
        save_file({f"{module}.{half}.weight": one for half, one in tensors.items()}, tmp_path / f"{name}.safetensors")
    shared = ("--model", f"wan2.2-t2v-a14b@{tiny_wan}", "--steps", 2, "--seed", 7, "--json")
    loras = ("--lora", "one.safetensors:0.5", "--lora", "high=two.safetensors")
    first = ("--size", "64x64", "--seconds", 5 / 16, *shared)
    assert kinora("generate", "a red ball", *first, "-o", "plain.mp4").returncode == 0
    done = kinora("generate", "a red ball", *first, *loras, "-o", "a.mp4")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["loras"]
    assert [one.partition(" ")[0] for one in said] == ["one.safetensors:0.5", "high=two.safetensors:1"]
    assert read_file(tmp_path / "a.mp4").generation["settings"]["loras"] == said
    assert (read_video(tmp_path / "a.mp4")[0] != read_video(tmp_path / "plain.mp4")[0]).any()
    done = kinora("remix", "a.mp4", "a blue ball", *shared, *loras, "-o", "b.mp4")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["loras"] == said
    done = kinora("animate", "none.png", "it rolls", *shared, "--lora", "three.safetensors")
    assert (done.returncode, "three.safetensors: no such file" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "wan2.2-ti2v-9b"), "wan2.2-ti2v-9b: no such model; known: kinora-small, "),
        (
            ("--model", "wan2.1-i2v-14b-480p"),
            "it sets a first picture in motion, and there is none; use kinora animate",
        ),
        (("--model", "wan2.2-ti2v-5b", "--size", "100x100"), "100x100: sides must be multiples of 32"),
        (("--model", "wan2.2-ti2v-5b", "--sampler", "ddim"), "ddim: no such sampler; there are unipc, "),
        (("--model", "wan2.2-ti2v-5b", "--tier", "best"), "tier best: no such tier; there are exact, fast"),
        (("--model", "wan2.2-ti2v-5b", "--guidance-high", "3"), "is for models with two experts; this has one"),
    ],
)
def test_what_can_be_refused_is_before_any_weights_are_needed(kinora, words, message):
    done = kinora("generate", "a red ball", *words)
    assert done.returncode == 2
    assert message in done.stderr


def test_planning_and_fetching_say_what_they_know(kinora):
    done = kinora("plan", "wan2.2-ti2v-5b", "1280x704", "--memory", 24, "--tflops", 165)
    assert (done.returncode, "It fits: offload" in done.stdout) == (0, True)
    done = kinora("plan", "wan2.1-t2v-14b", "1280x720", "--memory", 17, "--tflops", 165)
    assert done.returncode == 2
    assert "of the 17.0 GB there are; these fit: kinora plan" in done.stderr
    done = kinora("fetch", "kinora-small")
    assert done.returncode == 2
    assert "is no open model whose weights can be fetched" in done.stderr
