"""`kinora doctor`: what this machine can run, and how fast."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from kinora import __version__
from kinora.errors import KinoraError

app = typer.Typer(add_completion=False)

MEMORY_NEEDED = 3 * 2**30
"""The shipped model films within this."""

ESTIMATE_STEPS = 2


@dataclass(frozen=True)
class Finding:
    """One line of the report. What is not `needed` may be missing without Kinora being unable to film."""

    subject: str
    fine: bool
    text: str
    needed: bool = True


@app.command()
def doctor() -> None:
    """Say what this machine can run and how fast. Exits with 1 if it can't film."""
    from rich.console import Console

    console, broken = Console(highlight=False, soft_wrap=True), False
    for check in (_software, _processor, _memory, _graphics, _encoder, _signing, _world, _text, _weights, _speed):
        for found in check():
            mark = "[green]ok[/]" if found.fine else "[red]no[/]" if found.needed else "[yellow]--[/]"
            console.print(f"{mark}  {found.subject:<13}", end="")
            console.print(found.text, markup=False)
            broken |= found.needed and not found.fine
    raise typer.Exit(1 if broken else 0)


def _software() -> Iterator[Finding]:
    import torch

    yield Finding("Kinora", True, f"{__version__} on Python {platform.python_version()}, torch {torch.__version__}")


def _processor() -> Iterator[Finding]:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("CPU", True, f"{_processor_name()}, {cores} cores, torch uses {torch.get_num_threads()}")
    speeds = ", ".join(f"{name} {_matmul_speed(name):.0f}" for name in ("float32", "bfloat16"))
    yield Finding("matmul", True, f"{speeds} GFLOP/s")


def _memory() -> Iterator[Finding]:
    from kinora.engine.memory import total_memory

    total = total_memory()
    found, needed = total / 2**30, MEMORY_NEEDED / 2**30
    yield Finding("memory", total >= MEMORY_NEEDED, f"{found:.1f} GiB (filming needs {needed:.0f} GiB)")


def _graphics() -> Iterator[Finding]:
    import torch

    if not torch.cuda.is_available():
        yield Finding("GPU", False, "none that torch can use; the CPU does the work", needed=False)
        return
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        yield Finding("GPU", True, f"{device.name}, {device.total_memory / 2**30:.0f} GiB", needed=False)


def _encoder() -> Iterator[Finding]:
    import tempfile

    import numpy as np

    from kinora.media import read_video, write_clip

    with tempfile.TemporaryDirectory() as folder:
        yield _tried(
            "H.264",
            "writes and reads MP4",
            lambda: read_video(write_clip(Path(folder) / "clip.mp4", np.zeros((2, 64, 64, 3), np.uint8), fps=8).path),
        )


def _signing() -> Iterator[Finding]:
    from kinora.safety.provenance import check_signing

    yield _tried("credentials", "signs what it makes (C2PA)", lambda: check_signing("clip.mp4"))


def _world() -> Iterator[Finding]:
    def draw() -> None:
        from kinora.world.render import Renderer

        Renderer(16, 16).close()

    found = _tried("world", "renders through OpenGL (EGL)", draw)
    # Only training and evaluation need the world.
    yield Finding(found.subject, found.fine, found.text, needed=False)


def _text() -> Iterator[Finding]:
    def load() -> None:
        from kinora.models.text import TextEncoder

        TextEncoder.load()

    yield _tried("text", "all-MiniLM-L6-v2, sha256 as published", load)


def _weights() -> Iterator[Finding]:
    from kinora.checkpoints.catalog import CATALOG, Entry, find
    from kinora.checkpoints.hub import check as check_files
    from kinora.checkpoints.store import verify

    for name, entry in CATALOG.items():
        if entry.card is not None and not entry.installed:
            continue

        def check(name: str = name, entry: Entry = entry) -> None:
            if entry.card is None:
                verify(find(name))
            else:
                check_files(find(name), entry.card)

        yield _tried(name, f"{entry.size / 1e6:.0f} MB, {entry.licence}, sha256 correct", check)


def _speed() -> Iterator[Finding]:
    """Film a few steps and reckon the rest: steps take equal time."""
    from kinora.engine.api import check, film
    from kinora.request import Shot

    start = time.perf_counter()
    try:
        clip = film(Shot("a red ball bounces in a meadow", seed=0, steps=ESTIMATE_STEPS))
        steps = check(Shot("a red ball")).steps
    except KinoraError as error:
        yield Finding("speed", False, str(error))
        return
    step = clip.info["timings"]["denoise"] / ESTIMATE_STEPS
    seconds = time.perf_counter() - start + (steps - ESTIMATE_STEPS) * step
    text = f"{clip.seconds:g} s of video take about {seconds:.0f} s ({steps} steps of {step:.2f} s)"
    yield Finding("speed", True, f"{text}, {clip.info['peak_memory'] / 2**30:.1f} GiB at most")


def _tried(subject: str, text: str, attempt: Callable[[], object]) -> Finding:
    try:
        attempt()
    except KinoraError as error:
        return Finding(subject, False, str(error))
    return Finding(subject, True, text)


def _matmul_speed(dtype: str, side: int = 1024, seconds: float = 0.3) -> float:
    """Measured GFLOP/s of square products in a torch dtype, after one to warm up."""
    import torch

    a = torch.randn(side, side).to(getattr(torch, dtype))
    a @ a
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        a @ a
        count += 1
    return count * 2 * side**3 / (time.perf_counter() - start) / 1e9


def _processor_name() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
