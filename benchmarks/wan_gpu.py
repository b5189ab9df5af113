"""Wan's transformers on a GPU beside diffusers: seconds a guided step, share of the chip's bfloat16 peak, peak memory.

    .venv/bin/python benchmarks/wan_gpu.py [--model wan2.1-t2v-1.3b] [--sizes 832x480 1280x720] [--frames 81]
                                           [--ways eager compiled] [--attention default cudnn FA3] [--repeats 2]

Random bfloat16 weights made on the device, the same tensors for both. A guided step is two forward passes, one after
another. "cudnn" asks torch for cuDNN's attention first, on both sides; "FA3" and "FA4" use FlashAttention's package.
The first step holds compiling, too; diffusers' blocks are compiled by its own `compile_repeated_blocks`. Each line is
printed when it is known.
By its operations the 1.3B takes less than ten minutes on an H200 at both sizes, and so does the 14B with `--sizes
1280x720 --ways compiled`; no GPU has been at hand to try. On a CPU `--layers 1 --sizes 64x64 --frames 5 --device cpu`
tries the script out.
"""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, restore_flash_attention_impl, sdpa_kernel

from kinora.checkpoints.wan.architectures import ARCHITECTURES
from kinora.checkpoints.wan.keys import to_diffusers
from kinora.models.attention import flash_attention
from kinora.models.dit import DiT, DiTConfig, token_grid

TEXT = 512
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bfloat16 operations a second by NVIDIA's data sheets."""

Run = Callable[[Tensor, float], Tensor]


def main() -> None:
    """Both sides, way by way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(ARCHITECTURES), default="wan2.1-t2v-1.3b")
    parser.add_argument("--sizes", nargs="*", default=["832x480", "1280x720"])
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--ways", nargs="*", choices=("eager", "compiled"), default=["eager", "compiled"])
    parser.add_argument(
        "--attention", nargs="*", choices=("default", "cudnn", "FA3", "FA4"), default=["default", "cudnn"]
    )
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--layers", type=int, help="fewer than the model's, for a quick look")
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    shape = dict(ARCHITECTURES[given.model].dit)
    config = DiTConfig.from_dict({**shape, "layers": given.layers or shape["layers"]})
    with torch.inference_mode():
        ours, theirs = models(config, torch.device(given.device))
        top = peak_of(given.device)
        print(f"{given.model}, {config.layers} layers; peak taken for {top / 1e12:.3g} TFLOP/s\n")
        print("| size | way | attention | side | first, s | step, s | TFLOP/s | of peak | peak memory, GB | differ |")
        print("|" + "---|" * 10)
        for way in given.ways:
            if way == "compiled":
                for block in ours.blocks:
                    block.compile(dynamic=True)
                theirs.compile_repeated_blocks(fullgraph=True, dynamic=True)
            for size in given.sizes:
                for attention in given.attention:
                    with preferring(attention):
                        compare(given, config, ours, theirs, f"| {size} | {way} | {attention} |", size, top)


def models(config: DiTConfig, device: torch.device) -> tuple[DiT, WanTransformer3DModel]:
    """Both transformers over the same random tensors; those that diffusers loads as float32 it gets as float32."""
    with torch.device("meta"):
        ours = DiT(config)
        theirs = WanTransformer3DModel(
            num_attention_heads=config.heads,
            attention_head_dim=config.dim // config.heads,
            in_channels=config.in_channels,
            out_channels=config.out_channels,
            text_dim=config.text_dim,
            freq_dim=config.freq_dim,
            ffn_dim=config.ffn_dim,
            num_layers=config.layers,
            cross_attn_norm=config.cross_attn_norm,
            eps=config.eps,
            image_dim=config.image_dim,
            added_kv_proj_dim=config.dim if config.image_dim else None,
            pos_embed_seq_len=config.image_positions,
        )
    generator = torch.Generator(device).manual_seed(0)
    state = {}
    for name, parameter in ours.named_parameters():
        drawn = torch.empty(parameter.shape, dtype=torch.bfloat16, device=device)
        drawn.normal_(std=0.02 if parameter.ndim < 2 else parameter.shape[1:].numel() ** -0.5, generator=generator)
        state[name] = drawn + ("norm" in name and name.endswith("weight"))
    ours.load_state_dict(state, assign=True)
    named = {to_diffusers(name): tensor for name, tensor in state.items()}
    wide = set(WanTransformer3DModel._keep_in_fp32_modules)
    named = {name: one.float() if wide & set(name.split(".")) else one for name, one in named.items()}
    theirs.load_state_dict(named, assign=True)
    rope = WanTransformer3DModel(num_layers=0, attention_head_dim=config.dim // config.heads).rope
    theirs.rope = rope.to(device)  # its tables are no parameters: on meta they would hold nothing
    return ours.eval(), theirs.eval()


def compare(
    given: argparse.Namespace, config: DiTConfig, ours: DiT, theirs: nn.Module, start: str, size: str, top: float
) -> None:
    """One row for each side."""
    width, height = map(int, size.split("x"))
    generator = torch.Generator(given.device).manual_seed(1)
    shape = (1, config.in_channels, (given.frames - 1) // 4 + 1, height // 8, width // 8)
    drawn = {"device": given.device, "dtype": torch.bfloat16, "generator": generator}
    latent = torch.randn(shape, **drawn)
    texts = [torch.randn(1, TEXT, config.text_dim, **drawn) for _ in range(2)]
    operations = 2 * flops(config, latent)
    said: dict[str, Tensor] = {}
    for side, run in (("kinora", kinora(ours, texts)), ("diffusers", diffused(theirs, texts))):
        times = []
        reset(given.device)
        for repeat in range(1 + given.repeats):
            began = time.perf_counter()
            said[side] = run(latent, 0.9 - 0.1 * repeat)
            synchronise(given.device)
            times.append(time.perf_counter() - began)
        best = min(times[1:])
        cells = f"{times[0]:.2f} | {best:.3f} | {operations / best / 1e12:.3g} | {operations / best / top:.0%}"
        differ = "" if len(said) < 2 else f"{float((said['kinora'] - said[side]).norm() / said[side].norm()):.1e}"
        print(f"{start} {side} | {cells} | {peak_memory(given.device):.1f} | {differ} |", flush=True)


def kinora(dit: DiT, texts: list[Tensor]) -> Run:
    """Ours: what the text says is read once."""
    contexts = [dit.text_context(text) for text in texts]

    def run(latent: Tensor, sigma: float) -> Tensor:
        at = torch.tensor([sigma], device=latent.device)
        return torch.cat([dit(latent, at, context).float() for context in contexts])

    return run


def diffused(model: nn.Module, texts: list[Tensor]) -> Run:
    """Theirs, as its pipeline calls it."""

    def run(latent: Tensor, sigma: float) -> Tensor:
        at = torch.tensor([1000 * sigma], device=latent.device)
        return torch.cat([model(latent, at, text, return_dict=False)[0].float() for text in texts])

    return run


def flops(config: DiTConfig, latent: Tensor) -> float:
    """Operations of one forward pass: matrices, and the products of queries, keys and values."""
    frames, rows, columns = token_grid(latent, config.patch)
    tokens, dim = frames * rows * columns, config.dim
    matrices = 2 * tokens * (6 * dim**2 + 2 * dim * config.ffn_dim)
    return float(config.layers * (matrices + 4 * tokens * (tokens + TEXT) * dim))


@contextlib.contextmanager
def preferring(attention: str) -> Iterator[None]:
    """With torch's own choice of kernel, or cuDNN's before the others."""
    if attention == "default":
        yield
        return
    if attention != "cudnn":
        flash_attention("FA3" if attention == "FA3" else "FA4")
        with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
            yield
        restore_flash_attention_impl()
        return
    order = [SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    with sdpa_kernel(order, set_priority=True):
        yield


def peak_of(device: str) -> float:
    """Operations a second at the best: of the data sheet, or else of one large product."""
    if device.startswith("cuda"):
        name = torch.cuda.get_device_name()
        for known, peak in PEAKS.items():
            if known in name:
                return peak
    from kinora.engine.open.measuring import here

    return here().flops


def synchronise(device: str) -> None:
    """Wait for the device."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def reset(device: str) -> None:
    """Forget the peak so far."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_memory(device: str) -> float:
    """Gigabytes at the most, weights included; not told of a CPU."""
    return torch.cuda.max_memory_allocated() / 1e9 if device.startswith("cuda") else float("nan")


if __name__ == "__main__":
    main()
