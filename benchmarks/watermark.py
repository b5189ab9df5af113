"""How well the watermark is found, what it costs, and how often it is found where there is none.

    .venv/bin/python benchmarks/watermark.py attacks [--made FOLDER] [--real FOLDER] [--clips 16] [--only NAME ...]
    .venv/bin/python benchmarks/watermark.py chance --real FOLDER [--keys 24] [--quick 2000]
    .venv/bin/python benchmarks/watermark.py cost

`attacks` marks clips of the model (--made: bare frames of `scripts/film_bare.py`), real clips at sizes from 128 to 512
(--real, one window of each of up to --clips videos) and renders of Kinora's world, does to them what
`kinora.evals.attacks` lists, and looks for the mark; rates come with 95 % intervals. `chance` looks for marks of many
random keys in videos that bear none. `cost` films one clip and says what share of it reviewing and marking take.
Detection is always at the shipped threshold. Times are processor time of one thread.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

os.environ.setdefault("OMP_NUM_THREADS", "1")

import kinora
from kinora.errors import KinoraError
from kinora.evals.attacks import attacks
from kinora.media import read_frames
from kinora.safety import FrameBook, default_guard
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
    attack.add_argument("--made", type=Path)
    attack.add_argument("--real", type=Path)
    attack.add_argument("--clips", type=int, default=16, help="real videos")
    attack.add_argument("--renders", type=int, default=0)
    attack.add_argument("--only", nargs="+", help="names of attacks")
    chance = verbs.add_parser("chance")
    chance.add_argument("--real", type=Path, required=True)
    chance.add_argument("--each", type=int, default=1, help="clips of one video")
    chance.add_argument("--keys", type=int, default=24, help="keys looked for everywhere")
    chance.add_argument("--quick", type=int, default=2000, help="keys looked for in the whole frame")
    verbs.add_parser("cost")
    given = parser.parse_args()
    if given.verb == "attacks":
        made = [np.load(path) for path in sorted(given.made.glob("*.npy"))] if given.made else []
        real = list(sized(given.real, given.clips)) if given.real else []
        drawn = list(renders(given.renders, 128, 128)) if given.renders else []
        table({"made": made, "real": real, "renders": drawn}, given.only)
    elif given.verb == "chance":
        by_chance(windows(given.real, given.each, 3), given.keys, given.quick)
    else:
        cost()


def renders(count: int, height: int, width: int) -> Iterator[Frames]:
    """Clips of the world that no model was trained on."""
    from kinora.evals.suites import EVALUATION
    from kinora.world import Renderer, sample_scene

    with Renderer(height, width) as renderer:
        for index in range(count):
            yield renderer.render(sample_scene(EVALUATION + index, frames=FRAMES, split="any"))


def windows(folder: Path, each: int, step: int) -> Iterator[Frames]:
    """Up to `each` clips of FRAMES frames, every `step`th frame, of each video in a folder, or of one video."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]:
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


def sized(folder: Path, count: int) -> Iterator[Frames]:
    """One clip of each of `count` videos of a folder, in an order drawn once, at short sides that take turns."""
    unlike = ("testsrc", "broken")
    found = [path for path in sorted(folder.rglob("*.*")) if not any(word in str(path) for word in unlike)]
    drawn = (found[at] for at in np.random.default_rng(0).permutation(len(found)))
    shots = (shot for path in drawn for shot in islice(windows(path, 1, 3), 1) if usual(shot))
    for index, shot in enumerate(islice(shots, count)):
        scale = SHORT_SIDES[index % len(SHORT_SIDES)] / min(shot.shape[1:3])
        size = tuple(2 * round(side * scale / 2) for side in (shot.shape[2], shot.shape[1]))
        yield np.stack([np.asarray(Image.fromarray(one).resize(size, Image.Resampling.LANCZOS)) for one in shot])


def usual(shot: Frames) -> bool:
    """Whether a clip lasts two seconds and is no ribbon."""
    return len(shot) >= FRAMES // 2 and max(shot.shape[1:3]) < 2.4 * min(shot.shape[1:3])


SHORT_SIDES = (128, 192, 256, 384, 512)


def table(kinds: dict[str, list[Frames]], only: list[str] | None) -> None:
    """One row for each attack: how often the mark and its payload are found, and how many chips are read rightly."""
    mark, payload = Watermark(KEY), Payload.of("kinora-small", "3", "benchmark")
    truth = encode(payload) > 0
    marked: dict[str, list[Frames]] = {}
    for kind, clips in kinds.items():
        if not clips:
            continue
        start = time.process_time()
        marked[kind] = [mark.embed(clip, payload) for clip in clips]
        spent = (time.process_time() - start) / sum(map(len, clips))
        noise = [psnr(one, clip) for one, clip in zip(marked[kind], clips, strict=True)]
        sizes = sorted({f"{clip.shape[2]}x{clip.shape[1]}" for clip in clips})
        said = f"PSNR mean {np.mean(noise):.2f} dB, lowest {min(noise):.2f}; {spent * 1e3:.2f} ms a frame"
        say(f"{len(clips)} {kind}: {said}; {', '.join(sizes)}")
    heads = [f"{kind}: found | payload | chips right" for kind in marked]
    say("| attack | strength | " + " | ".join(heads) + " | wrong payloads | s a look |")
    say("|" + "---|" * (4 + 3 * len(heads)))
    for attack in attacks(FPS):
        if only and attack.name not in only:
            continue
        spent, count, wrong, cells = 0.0, 0, 0, []
        for clips in marked.values():
            looks = []
            for one in clips:
                frames = attack.apply(one)
                start = time.process_time()
                looks.append(mark.detect(frames))
                spent += time.process_time() - start
            count += len(looks)
            wrong += sum(one.payload not in (None, payload) for one in looks)
            cells += [share([one.found for one in looks]), share([one.payload == payload for one in looks])]
            cells.append(f"{np.mean([((one.chips > 0) == truth).mean() for one in looks]):.1%}")
        say("| " + " | ".join([attack.name, attack.strength, *cells, str(wrong), f"{spent / count:.2f}"]) + " |")


def share(hits: list[bool]) -> str:
    """So many of so many, and Wilson's interval for the rate in percent."""
    count, rate, z = len(hits), float(np.mean(hits)), 1.96
    middle = (rate + z * z / 2 / count) / (1 + z * z / count)
    half = z * np.sqrt(rate * (1 - rate) / count + z * z / 4 / count**2) / (1 + z * z / count)
    return f"{sum(hits)}/{count} ({max(0.0, middle - half):.0%}-{min(1.0, middle + half):.0%})"


def cost() -> None:
    """What reviewing, marking, encoding and signing a clip of the shipped model cost beside filming it."""
    with tempfile.TemporaryDirectory() as folder:
        kinora.generate("a red ball bounces on the beach", seconds=1, steps=1, seed=1).save(Path(folder) / "warm.mp4")
        start = time.process_time()
        clip = kinora.generate("a red ball bounces on the beach", seed=1)
        filmed = time.process_time() - start
        start = time.process_time()
        clip.save(Path(folder) / "clip.mp4")
        saved = time.process_time() - start
    book, mark = FrameBook(fps=clip.fps), Watermark(KEY)
    parts = {"writing it (marked, encoded, signed)": saved}
    for name, work in {
        "reviewing": lambda: default_guard().review(clip.frames, book),
        "marking": lambda: mark.embed(clip.frames, Payload.of("kinora-small", "3", "benchmark")),
    }.items():
        start = time.process_time()
        work()
        parts[name] = time.process_time() - start
    say(f"filming {len(clip.frames)} frames: {filmed:.2f} s of processor time")
    for name, spent in parts.items():
        say(f"{name}: {spent * 1e3:.0f} ms, {spent / len(clip.frames) * 1e3:.2f} ms a frame, {spent / filmed:.2%}")


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
