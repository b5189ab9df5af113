"""How well the watermark is found, what it costs, and how often it is found where there is none.

    .venv/bin/python benchmarks/watermark.py attacks [--clips 8] [--size 128x128] [--made FOLDER]
    .venv/bin/python benchmarks/watermark.py chance --real FOLDER [--keys 24] [--quick 2000]

`attacks` marks renders of Kinora's world (and clips of the model: --made names a folder of videos), does to them what
`kinora.evals.attacks` lists, and looks for the mark. `chance` looks for marks of many random keys in videos that bear
none. Detection is always at the shipped threshold. Times are processor time of one thread.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

os.environ.setdefault("OMP_NUM_THREADS", "1")

from kinora.errors import KinoraError
from kinora.evals.attacks import attacks
from kinora.grid import parse_size
from kinora.media import read_frames
from kinora.safety.watermark import SUSPICION, Watermark, views
from kinora.safety.watermark_code import Payload, encode
from kinora.safety.watermark_pattern import Pattern
from kinora.safety.watermark_search import Place, at, bound, search

Frames = npt.NDArray[np.uint8]

FPS, FRAMES = 8, 33
KEY = b"benchmark"


def main() -> None:
    """Run the asked measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    attack = verbs.add_parser("attacks")
    attack.add_argument("--clips", type=int, default=8)
    attack.add_argument("--size", default="128x128")
    attack.add_argument("--made", type=Path)
    chance = verbs.add_parser("chance")
    chance.add_argument("--real", type=Path, required=True)
    chance.add_argument("--each", type=int, default=1, help="clips of one video")
    chance.add_argument("--keys", type=int, default=24, help="keys looked for everywhere")
    chance.add_argument("--quick", type=int, default=2000, help="keys looked for in the whole frame")
    given = parser.parse_args()
    if given.verb == "attacks":
        clips = list(renders(given.clips, *parse_size(given.size)))
        table(clips + (list(windows(given.made, 1, 1)) if given.made else []))
    else:
        by_chance(windows(given.real, given.each, 3), given.keys, given.quick)


def renders(count: int, height: int, width: int) -> Iterator[Frames]:
    """Clips of the world that no model was trained on."""
    from kinora.evals.suites import EVALUATION
    from kinora.world import Renderer, sample_scene

    with Renderer(height, width) as renderer:
        for index in range(count):
            yield renderer.render(sample_scene(EVALUATION + index, frames=FRAMES, split="any"))


def windows(folder: Path, each: int, step: int) -> Iterator[Frames]:
    """Up to `each` clips of FRAMES frames, every `step`th frame, of each video in a folder."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        kept: list[Frames] = []
        try:
            for index, frame in enumerate(read_frames(path)):
                if index % step == 0 and min(frame.shape[:2]) >= 96:
                    kept.append(frame)
                if len(kept) == FRAMES * each:
                    break
        except (KinoraError, ValueError):
            continue  # no video, or a broken one
        yield from (np.stack(kept[at : at + FRAMES]) for at in range(0, len(kept), FRAMES))


def table(clips: list[Frames]) -> None:
    """One row for each attack: how often the mark and its payload are found, and how many chips are read rightly."""
    mark, payload = Watermark(KEY), Payload.of("kinora-small", "1", "benchmark")
    truth = encode(payload) > 0
    start = time.process_time()
    marked = [mark.embed(clip, payload) for clip in clips]
    spent = (time.process_time() - start) / sum(map(len, clips))
    noise = [psnr(one, clip) for one, clip in zip(marked, clips, strict=True)]
    say(f"{len(clips)} clips; PSNR mean {np.mean(noise):.2f} dB, lowest {min(noise):.2f}; {spent * 1e3:.2f} ms a frame")
    say(f"| attack | strength | found (p < {SUSPICION:g}) | payload read | wrong payload | chips right | s a look |")
    say("|---|---|---|---|---|---|---|")
    for attack in attacks(FPS):
        spent, looks = 0.0, []
        for one in marked:
            frames = attack.apply(one)
            start = time.process_time()
            looks.append(mark.detect(frames))
            spent += time.process_time() - start
        rates = [
            np.mean([one.found for one in looks]),
            np.mean([one.payload == payload for one in looks]),
            np.mean([one.payload not in (None, payload) for one in looks]),
            np.mean([((one.chips > 0) == truth).mean() for one in looks]),
        ]
        cells = [attack.name, attack.strength, *(f"{rate:.1%}" for rate in rates), f"{spent / len(marked):.2f}"]
        say("| " + " | ".join(cells) + " |")


def by_chance(clips: Iterable[Frames], count: int, quick: int) -> None:
    """How often unmarked clips reach a p-value under random keys, against the bound: whole frames, and everywhere."""
    keys = [Pattern.of(b"chance %d" % index) for index in range(quick)]
    whole, everywhere, shots = [], [], 0
    for clip in clips:
        seen, shots = views(clip), shots + 1
        whole += [bound(at(seen, pattern, Place()).statistic, 1) for pattern in keys]
        everywhere += [search(seen, pattern).p_value for pattern in keys[:count]]
        sys.stderr.write(f"{shots} clips, smallest p {min(whole):.1e} whole, {min(everywhere):.1e} everywhere\n")
    say(f"{shots} clips. Found (p < {SUSPICION:g}): {found(whole)} as whole frames, {found(everywhere)} everywhere")
    say("| p below | whole frames | everywhere |")
    say("|---|---|---|")
    for level in (0.5, 0.1, 0.01, 1e-3, 1e-4):
        say(f"| {level:g} | {np.mean(np.array(whole) < level):.3%} | {np.mean(np.array(everywhere) < level):.3%} |")
    say(f"| smallest | {min(whole):.1e} | {min(everywhere):.1e} |")


def found(p_values: list[float]) -> str:
    """So many of so many looks."""
    return f"{sum(p < SUSPICION for p in p_values)} of {len(p_values)}"


def psnr(output: Frames, target: Frames) -> float:
    """Peak signal-to-noise ratio in dB over all frames and colours."""
    return 10 * float(np.log10(255**2 / np.mean((output.astype(np.float32) - target) ** 2)))


def say(line: str) -> None:
    """Print at once, since a row takes its time."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
