"""Wan 2.1's 1.3 billion at full size, random weights, beside diffusers: loading, one denoising step, its peak memory.

    .venv/bin/python benchmarks/wan_step.py [--size 256x256] [--frames 9] [--threads 1] [--repeats 2] [--device cpu]

The weights (2.8 GB of bfloat16 in diffusers' layout) are written to a temporary folder once and loaded by both. With
`--keep FOLDER` they and what was measured stay there, and `--runs N` stops after so many runs, to go on another time.
A step is two forward passes, with the prompt and without, as guidance needs. Each side runs in a process of its own;
rounds alternate. "CPU" is time the processor worked, which others on the machine disturb less than the clock on the
wall.
Errors are relative to the same weights widened to float32 beforehand and computed in float32 by diffusers.
"""

import argparse
import json
import pathlib
import tempfile
import time

import torch
from beside import Rounds, memory
from safetensors.torch import save_file

from kinora.checkpoints.wan.architectures import ARCHITECTURES
from kinora.checkpoints.wan.keys import to_diffusers
from kinora.checkpoints.wan.load import load_dit
from kinora.models.dit import DiT, DiTConfig

NAME = "wan2.1-t2v-1.3b"
SIDES = ("kinora", "diffusers")
TRUTH = "truth"


def main() -> None:
    """Write the weights, run all sides in turn, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--layers", type=int, default=30, help="fewer than 30 for a quick look")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--side", choices=(*SIDES, TRUTH), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        step(given)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or pathlib.Path(temporary)
        if not (folder / "transformer" / "config.json").exists():
            write(folder, given.layers)
        rounds = Rounds(__file__, folder, given.runs)
        if not rounds.run([*SIDES * given.repeats, TRUTH]):
            return
        said = {side: torch.load(folder / f"{side}.pt") for side in (*SIDES, TRUTH)}
    best = {side: rounds.best(side) for side in SIDES}
    for side in SIDES:
        one, error = best[side], float((said[side] - said[TRUTH]).norm() / said[TRUTH].norm())
        print(f"{side}: loaded in {one['load']:.2f} s, first step {one['first']:.2f} s CPU, ", end="")
        print(f"step {one['cpu']:.2f} s CPU, {one['wall']:.2f} s; peak {one['peak']:.0f} MB; error {error:.1e}")
    ours, theirs = (best[side] for side in SIDES)
    print(f"a step {theirs['cpu'] / ours['cpu']:.2f} times faster (CPU), {theirs['wall'] / ours['wall']:.2f} (wall)")
    print(f"peak {ours['peak'] / theirs['peak']:.2f} of theirs")


def write(folder: pathlib.Path, layers: int) -> None:
    """Random weights in diffusers' layout."""
    config = DiTConfig.from_dict({**ARCHITECTURES[NAME].dit, "layers": layers})
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in DiT(config).state_dict().items()}
    torch.manual_seed(0)
    state = {}
    for name, shape in shapes.items():
        drawn = torch.randn(shape) * (0.02 if len(shape) < 2 or "modulation" in name else shape[1:].numel() ** -0.5)
        state[to_diffusers(name)] = (drawn + ("norm" in name and name.endswith("weight"))).bfloat16()
    (folder / "transformer").mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "transformer" / "diffusion_pytorch_model.safetensors")
    described = {
        "_class_name": "WanTransformer3DModel", "num_attention_heads": config.heads, "attention_head_dim": 128,
        "in_channels": 16, "out_channels": 16, "text_dim": 4096, "freq_dim": 256, "ffn_dim": config.ffn_dim,
        "num_layers": config.layers, "cross_attn_norm": True, "eps": 1e-6, "patch_size": [1, 2, 2],
    }  # fmt: skip
    (folder / "transformer" / "config.json").write_text(json.dumps(described))


@torch.inference_mode()
def step(given: argparse.Namespace) -> None:
    """One side: load, do a step (what is made once is made there), do another, print the figures."""
    torch.set_num_threads(given.threads)
    generator = torch.Generator().manual_seed(0)
    width, height = map(int, given.size.split("x"))
    latent = torch.randn(1, 16, (given.frames - 1) // 4 + 1, height // 8, width // 8, generator=generator)
    texts = torch.zeros(2, 512, 4096)
    for text, tokens in zip(texts, (30, 90), strict=True):
        text[:tokens] = torch.randn(tokens, 4096, generator=generator)
    if given.side != "kinora":
        import diffusers  # noqa: F401 - what importing it takes is not loading
    began = time.perf_counter()
    run = kinora(given, texts) if given.side == "kinora" else diffused(given, texts)
    figures = {"load": time.perf_counter() - began}
    clock(run, latent.to(given.device), 0.9, figures, "first")
    said = clock(run, latent.to(given.device), 0.8, figures, "")
    figures["peak"] = peak(given.device)
    torch.save(said.float().cpu(), given.folder / f"{given.side}.pt")
    print(json.dumps(figures))


def clock(run, latent: torch.Tensor, sigma: float, figures: dict[str, float], name: str) -> torch.Tensor:  # noqa: ANN001
    """Time one step."""
    wall, cpu = time.perf_counter(), time.process_time()
    said = torch.cat([run(latent, sigma, index) for index in range(2)])
    if latent.is_cuda:
        torch.cuda.synchronize()
    figures[name or "cpu"] = time.process_time() - cpu
    if not name:
        figures["wall"] = time.perf_counter() - wall
    return said


def kinora(given: argparse.Namespace, texts: torch.Tensor):  # noqa: ANN201
    """Ours: on a CPU in float32 on narrow weights, elsewhere in bfloat16; what the text says is read once."""
    dit = load_dit(given.folder, device=given.device, dtype=torch.bfloat16)
    dtype = torch.float32 if given.device == "cpu" else torch.bfloat16
    contexts: dict[int, object] = {}

    def run(latent: torch.Tensor, sigma: float, index: int) -> torch.Tensor:
        if index not in contexts:
            contexts[index] = dit.text_context(texts[index : index + 1].to(given.device, dtype))
        return dit(latent, torch.tensor([sigma], device=given.device), contexts[index])

    return run


def diffused(given: argparse.Namespace, texts: torch.Tensor):  # noqa: ANN201
    """Theirs, as its pipeline calls it; the truth is the same in float32."""
    from diffusers import WanTransformer3DModel

    dtype = torch.float32 if given.side == TRUTH else torch.bfloat16
    model = WanTransformer3DModel.from_pretrained(given.folder / "transformer", torch_dtype=dtype).to(given.device)

    def run(latent: torch.Tensor, sigma: float, index: int) -> torch.Tensor:
        time = torch.tensor([1000 * sigma], device=given.device)
        text = texts[index : index + 1].to(given.device, dtype)
        return model(latent.to(dtype), time, text, return_dict=False)[0]

    return run


def peak(device: str) -> float:
    """The most megabytes this process has held."""
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**20
    return memory("VmHWM")


if __name__ == "__main__":
    main()
