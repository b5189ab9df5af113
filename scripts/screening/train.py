"""Train the screening: the text encoder's adapter and the classifier heads, on one CPU core in well under an hour.

    python scripts/screening/train.py PROMPTS                        # writes src/kinora/safety/weights
    python scripts/screening/train.py PROMPTS --checkpoint FILE      # goes on from FILE after an interruption
    python scripts/screening/train.py PROMPTS --without sneakyprompt,parti    # leaves sources out, writes nothing

PROMPTS holds the published sets (screening_train.jsonl.gz and others). Both sets of heads see all rows. Rows are learnt
from, calibrated on or only reported as splits.py says; made examples are only learnt from. What is printed at the end
is of the test rows, at thresholds that the calibration rows gave.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from examples import Row, held_out_name, made, published, written
from splits import splits
from torch import Tensor, nn

from kinora.models.text import TextEncoder
from kinora.safety.adapter import Adapter, below
from kinora.safety.encoding import pooled, windows
from kinora.safety.heads import CATEGORIES, DIM, STYLES, Heads, evidence_rows, gram_rows
from kinora.safety.language import language_of
from kinora.safety.lists import TermList
from kinora.safety.normalise import read
from kinora.safety.persons import signs_of

WEIGHTS = Path(__file__).parents[2] / "src" / "kinora" / "safety" / "weights" / "heads.safetensors"
CAP = {
    "coco": 2500,
    "didemo": 1000,
    "diffusiondb-benign": 1800,
    "parti": 1000,
    "tdavidson/offensive": 600,
    "tdavidson/safe": 600,
    "tdavidson/unsafe": 700,
}
MADE = 160  # examples of each category and file
EPOCHS = 2
BATCH = 64
OTHER_STYLE = {"prompt": 1.0, "social": 0.2}
"""How much the other style's rows count for a style's heads: people write statements into prompts, too."""
SAFE_WEIGHT = 1.5  # a harmless text refused costs as much as this many harmful ones missed
RATES = {"adapter": 7e-4, "grams": 1e-2, "evidence": 5e-3, "states": 1e-3}


class Data:
    """Rows as tensors, each with the first window of its text."""

    def __init__(self, rows: Sequence[Row], reader: TextEncoder) -> None:
        self.rows = rows
        lists = TermList.shipped()
        for kind in ("likeness", "ip", "titles"):
            lists = lists.without(kind, [name for name in lists.terms(kind) if held_out_name(name)])
        texts = [read(row.text).text for row in rows]
        hits = [lists.find(text, language_of(text)) for text in texts]
        self.evidence = evidence_rows(hits, [signs_of(text) for text in texts])
        self.pieces = [windows(reader, text)[0] for text in texts]
        self.below: list[Tensor | None] = [None] * len(rows)
        self._reader = reader
        self.grams, self.starts, self.weights = gram_rows(self.pieces)
        self.ends = torch.cat([self.starts[1:], torch.tensor([len(self.grams)])])
        self.targets = torch.zeros(len(rows), len(CATEGORIES))
        self.trust = torch.zeros(len(rows), len(CATEGORIES))
        for i, row in enumerate(rows):
            named = {}  # a name that a list has is a label of its own: of a person, or of someone's character
            if not row.source.startswith("made") and row.style != "social":
                kinds = {hit.category for hit in hits[i] if hit.severity > 1}
                named = {kind: (1.0, 0.7) for kind in ("likeness", "ip") if kind in kinds}
            for name, (label, trust) in (dict(row.labels) | named).items():
                self.targets[i, CATEGORIES.index(name)] = label
                self.trust[i, CATEGORIES.index(name)] = trust * (SAFE_WEIGHT if label == 0 else 1)

    def keep_states(self, index: Tensor) -> None:
        """Compute once what the encoder's frozen layers make of some rows: `states` needs it."""
        missing = [i for i in index.tolist() if self.below[i] is None]
        for i, states in zip(missing, below(self._reader, [self.pieces[i] for i in missing]), strict=True):
            self.below[i] = states

    def gathered(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Grams, starts, weights and evidence of some rows, as Heads.forward takes them."""
        parts = [torch.arange(int(self.starts[i]), int(self.ends[i])) for i in index]
        where = torch.cat(parts)
        starts = torch.tensor([0, *[len(part) for part in parts[:-1]]]).cumsum(0)
        return self.grams[where], starts, self.weights[where], self.evidence[index]

    def states(self, adapter: Adapter, index: Tensor) -> Tensor:
        """The token states of some rows, pooled."""
        rows = [kept.float() for i in index if (kept := self.below[i]) is not None]
        x = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        mask = torch.arange(x.shape[1]) < torch.tensor([len(row) for row in rows])[:, None]
        return pooled(adapter(x, mask), mask)

    def importance(self, style: str) -> Tensor:
        """How much each row counts for a style's heads."""
        return torch.tensor([1.0 if row.style == style else OTHER_STYLE[style] for row in self.rows]).unsqueeze(1)


def main() -> None:
    """Read, train, calibrate, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompts", type=Path)
    parser.add_argument("--without", default="", help="sources to leave out, with commas; nothing is written then")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--checkpoint", type=Path, help="written after each epoch, and gone on from where it is there")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    begun = time.monotonic()
    reader = TextEncoder.load()
    given = list(published(arguments.prompts, CATEGORIES, CAP))
    own = [*made(MADE, CATEGORIES), *written(CATEGORIES)]
    data = Data([*given, *own], reader)
    places = [*splits([row.text for row in given]), *["train"] * len(own)]
    left_out = set(arguments.without.split(",")) - {""}
    index = {
        split: torch.tensor(
            [
                i
                for i, (row, place) in enumerate(zip(data.rows, places, strict=True))
                if place == split
                and (row.source not in left_out or split == "test")
                and (row.kind != "unclear" or split == "test")
            ]
        )
        for split in ("train", "calibrate", "test")
    }
    print({split: len(rows) for split, rows in index.items()}, f"{time.monotonic() - begun:.0f} s", flush=True)
    for split in ("train", "calibrate"):
        data.keep_states(index[split])
    print(f"frozen layers: {time.monotonic() - begun:.0f} s, {time.process_time():.0f} s of a core", flush=True)
    heads = {style: Heads() for style in STYLES}
    adapter = Adapter(reader)
    train(adapter, heads, data, index["train"], arguments.epochs, arguments.checkpoint)
    states = {"calibrate": look(adapter, data, index["calibrate"])}
    for style, head in heads.items():
        calibrate(head, states["calibrate"], data, index["calibrate"], style)
    if not left_out:
        write(arguments.out, adapter, heads)
    print(f"{(time.monotonic() - begun) / 60:.0f} minutes, {time.process_time():.0f} s of a core", flush=True)
    states["test"] = look(adapter, data, index["test"])
    for style, head in heads.items():
        report(head, states, data, index, style, left_out)


def train(
    adapter: Adapter, heads: dict[str, Heads], data: Data, index: Tensor, epochs: int, checkpoint: Path | None
) -> None:
    """Fit adapter and heads by weighted binary cross-entropy."""
    for head in heads.values():
        for part in (head.grams, head.direct, head.evidence):
            nn.init.zeros_(part.weight)
    groups = [
        {"params": [*adapter.parameters()], "lr": RATES["adapter"]},
        {"params": [p for head in heads.values() for p in head.grams.parameters()], "lr": RATES["grams"]},
        {"params": [p for head in heads.values() for p in head.evidence.parameters()], "lr": RATES["evidence"]},
        {
            "params": [p for h in heads.values() for p in (*h.meaning.parameters(), *h.direct.parameters())],
            "lr": RATES["states"],
        },
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-3)
    steps = sum(1 for _ in batches(data, index)) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in groups], total_steps=steps, pct_start=0.1
    )
    trust = {style: data.trust * data.importance(style) for style in heads}
    for head in heads.values():
        head.train()
    parts = {"adapter": adapter, "optimiser": optimiser, "schedule": schedule, **heads}
    done = 0
    if checkpoint is not None and checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        done = saved.pop("epoch")
        torch.set_rng_state(saved.pop("chance"))
        for name, state in saved.items():
            parts[name].load_state_dict(state)
    for epoch in range(done, epochs):
        total = 0.0
        for step, batch in enumerate(batches(data, index)):
            states = data.states(adapter, batch)
            grams, starts, weights, evidence = data.gathered(batch)
            # A view is now and then left out, so that none is relied on alone.
            evidence = evidence * (torch.rand(len(batch), 1) > 0.3)
            weights = weights * (torch.rand(len(weights)) > 0.4) / 0.6
            loss = torch.zeros(())
            for style, head in heads.items():
                logits = head(states, grams, starts, weights, evidence)
                part = F.binary_cross_entropy_with_logits(
                    logits, data.targets[batch], trust[style][batch], reduction="sum"
                )
                loss = loss + part / len(batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
            if step % 50 == 0:
                print(f"step {step}: {time.process_time():.0f} s of a core", flush=True)
        print(f"epoch {epoch + 1}: loss {total / len(index):.3f}, {time.process_time():.0f} s of a core", flush=True)
        if checkpoint is not None:
            states_of = {name: part.state_dict() for name, part in parts.items()}
            partial = checkpoint.with_suffix(".part")
            torch.save({"epoch": epoch + 1, "chance": torch.get_rng_state(), **states_of}, partial)
            partial.replace(checkpoint)
    for head in heads.values():
        head.eval().requires_grad_(False)


def batches(data: Data, index: Tensor) -> Iterator[Tensor]:
    """Batches in random order, of texts of like length."""
    shuffled = index[torch.randperm(len(index))]
    for part in shuffled.split(40 * BATCH):
        length = torch.tensor([len(data.pieces[i]) for i in part])
        parts = part[length.argsort()].split(BATCH)
        for i in torch.randperm(len(parts)):
            yield parts[i]


@torch.inference_mode()
def look(adapter: Adapter, data: Data, index: Tensor) -> Tensor:
    """The token states of rows, pooled."""
    data.keep_states(index)
    out = torch.zeros(len(index), DIM)
    order = torch.tensor([len(data.pieces[i]) for i in index]).argsort()
    for part in order.split(BATCH):
        out[part] = data.states(adapter, index[part])
    return out


def calibrate(head: Heads, states: Tensor, data: Data, index: Tensor, style: str) -> None:
    """Platt's scaling per category, on rows that were not trained on."""
    logits = head(states, *data.gathered(index))
    trust = (data.trust * data.importance(style))[index]
    for c in range(len(CATEGORIES)):
        if not (trust[:, c] * data.targets[index, c]).any():
            continue  # no calibration row is of this kind: it stays as trained
        slope, shift = torch.ones((), requires_grad=True), torch.zeros((), requires_grad=True)
        optimiser = torch.optim.LBFGS([slope, shift], max_iter=50)

        def closure() -> Tensor:
            optimiser.zero_grad()  # noqa: B023 - used at once
            scaled = logits[:, c] * slope + shift  # noqa: B023
            loss = F.binary_cross_entropy_with_logits(scaled, data.targets[index, c], trust[:, c])  # noqa: B023
            loss.backward()
            return loss

        optimiser.step(closure)
        head.slope[c], head.shift[c] = slope.detach().clamp(min=0.1), shift.detach()


def report(
    head: Heads, states: dict[str, Tensor], data: Data, index: dict[str, Tensor], style: str, left_out: set[str]
) -> None:
    """Recall on test rows where 0.3 and 1 % of the harmless calibration rows of a style would be refused."""
    scores = {split: head(states[split], *data.gathered(index[split])) for split in states}
    rows = {split: [data.rows[i] for i in index[split]] for split in states}
    safe = {
        split: torch.tensor([row.kind not in ("unsafe", "unclear") and row.style == style for row in rows[split]])
        for split in rows
    }
    for c, category in enumerate(CATEGORIES):
        marks = [float(torch.quantile(scores["calibrate"][safe["calibrate"], c], q)) for q in (0.997, 0.99)]
        over = [100 * float((scores["test"][safe["test"], c] > mark).float().mean()) for mark in marks]
        line = f"{style} {category}: {[round(torch.sigmoid(torch.tensor(m)).item(), 3) for m in marks]}"
        line += f" harmless {over[0]:.1f}/{over[1]:.1f}"
        for name in sorted({row.source for row in rows["test"] if category in row.categories}):
            if left_out and name not in left_out:
                continue
            own = torch.tensor([category in row.categories and row.source == name for row in rows["test"]])
            found = [f"{100 * float((scores['test'][own, c] > mark).float().mean()):.0f}" for mark in marks]
            line += f" | {name} {'/'.join(found)} of {int(own.sum())}"
        print(line)


def write(path: Path, adapter: Adapter, heads: dict[str, Heads]) -> None:
    """Write adapter and heads in half precision."""
    weights = {f"adapter.{name}": tensor for name, tensor in adapter.tensors().items()}
    weights |= {
        f"{style}.{name}": tensor for style, head in heads.items() for name, tensor in head.state_dict().items()
    }
    path.parent.mkdir(exist_ok=True)
    halves = {name: tensor.half().contiguous() for name, tensor in weights.items()}
    path.write_bytes(safetensors.torch.save(halves, {"categories": " ".join(CATEGORIES), "licence": "Apache-2.0"}))
    print(f"{path.stat().st_size / 2**20:.2f} MB")


if __name__ == "__main__":
    main()
