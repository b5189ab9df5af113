"""What length costs: one clip of each length, each in a fresh process that writes it to a file while it is made.

python benchmarks/long.py [4 20 60] [--model NAME] [--size WxH] [--steps N] ...

"Per second of video" counts denoising and decoding alone: loading is paid once. Processor time, of the whole process,
tells what a length costs where other work keeps the machine busy.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

PROMPT = "A red ball bounces on the ground in a green meadow by day. The camera stays still."
STAGES = ("load", "denoise", "decode", "write")
HEADINGS = (
    "length",
    "frames",
    "seconds taken",
    "per second of video",
    ", ".join(STAGES),
    "processor seconds, per second of video",
    "peak memory",
)


def film(seconds: float, options: list[str]) -> dict[str, float]:
    """Run `kinora generate` and return its report."""
    command = [sys.executable, "-m", "kinora", "generate", PROMPT, "--seconds", str(seconds), "--seed", "7", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--output", str(Path(folder) / "clip.mp4"), *options]
        before = processor()
        report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    times = report["timings"]
    return {
        **times,
        "processor": processor() - before,
        "frames": report["frames"],
        "rate": (times["denoise"] + times["decode"]) / report["seconds"],
        "peak": report["peak_memory"] / 2**20,
    }


def processor() -> float:
    """Seconds of processor time that finished children took."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Print the table, each row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="*", default=[4, 20, 60])
    given, options = parser.parse_known_args()
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for seconds in given.seconds:
        row = film(seconds, options)
        stages = ", ".join(f"{row[stage]:.1f}" for stage in STAGES)
        spent = f"{row['processor']:.1f}, {row['processor'] / seconds:.2f}"
        cells = f"{seconds:g} s", row["frames"], f"{row['total']:.1f}", f"{row['rate']:.2f}", stages, spent
        print(f"| {' | '.join(map(str, cells))} | {row['peak']:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
