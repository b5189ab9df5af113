"""Train the classifier heads of the prompt screening, on one CPU core in minutes once embeddings are cached.

    python scripts/screening/train.py PROMPTS --cache FOLDER                  # writes src/kinora/safety/weights
    python scripts/screening/train.py PROMPTS --cache FOLDER --without i2p    # leave one source out, write nothing

PROMPTS holds the published sets (screening_train.jsonl.gz and others). Rows are kept for training, calibration and test
by hash; see examples.py. Both sets of heads see all rows: those of the other style count a quarter.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from embeddings import embeddings
from examples import Row, held_out_name, made, published, split_of
from torch import Tensor

from kinora.safety.heads import CATEGORIES, STYLES, Heads, gram_rows, listed_rows
from kinora.safety.language import language_of
from kinora.safety.lists import Hit, TermList
from kinora.safety.normalise import read

WEIGHTS = Path(__file__).parents[2] / "src" / "kinora" / "safety" / "weights" / "heads.safetensors"
CAP = {
    "coco": 8000,
    "didemo": 2500,
    "tdavidson/offensive": 800,
    "tdavidson/safe": 700,
    "tdavidson/unsafe": 1000,
    "toxigen/safe": 2500,
    "toxigen/unsafe": 1800,
}
MADE = 350  # examples of each category from examples.toml
EPOCHS = 12
BATCH = 256
OTHER_STYLE = 0.25
SAFE_WEIGHT = 2.0  # a harmless text refused costs as much as this many harmful ones missed


class Data:
    """Rows as tensors."""

    def __init__(self, rows: Sequence[Row], cache: Path, *, compute: bool = True) -> None:
        readings = [read(row.text) for row in rows]
        embedding, have = embeddings([reading.text for reading in readings], cache, compute=compute)
        rows = [row for row, there in zip(rows, have, strict=True) if there]
        readings = [reading for reading, there in zip(readings, have, strict=True) if there]
        self.rows = rows
        lists = TermList.shipped()
        drop = {kind: [name for name in lists.terms(kind) if held_out_name(name)] for kind in ("likeness", "ip")}
        for kind, names in drop.items():
            lists = lists.without(kind, names)
        self.hits = [lists.find(reading.text, language_of(reading.text)) for reading in readings]
        texts = [reading.text for reading in readings]
        self.grams, self.starts, self.weights = gram_rows(texts)
        self.ends = torch.cat([self.starts[1:], torch.tensor([len(self.grams)])])
        self.listed = listed_rows(self.hits)
        self.embedding = F.normalize(embedding[torch.tensor(have)], dim=-1)
        self.targets = torch.zeros(len(rows), len(CATEGORIES))
        self.trust = torch.zeros(len(rows), len(CATEGORIES))
        for i, row in enumerate(rows):
            for name, (label, trust) in (row.labels | named(self.hits[i], row)).items():
                self.targets[i, CATEGORIES.index(name)] = label
                self.trust[i, CATEGORIES.index(name)] = trust * (SAFE_WEIGHT if label == 0 else 1)

    def inputs(self, index: Tensor) -> tuple[Tensor, ...]:
        """The arguments of Heads.forward for some rows."""
        parts = [torch.arange(int(self.starts[i]), int(self.ends[i])) for i in index]
        where = torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64)
        starts = torch.tensor([0, *[len(part) for part in parts[:-1]]]).cumsum(0)
        return self.embedding[index], self.grams[where], starts, self.weights[where], self.listed[index]


def named(hits: Sequence[Hit], row: Row) -> dict[str, tuple[float, float]]:
    """A name that a list has is a label of its own: of a person, or of someone's character."""
    if row.source.startswith("made") or row.style == "social":
        return {}
    return {kind: (1.0, 0.7) for kind in ("likeness", "ip") if any(h.category == kind and h.severity > 1 for h in hits)}


def main() -> None:
    """Read, train, calibrate, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompts", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="where embeddings are kept")
    parser.add_argument("--cached", action="store_true", help="leave out texts whose embedding is not in the cache")
    parser.add_argument("--without", default="", help="a source to leave out; nothing is written then")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    cap = {} if arguments.cached else CAP
    rows = [*published(arguments.prompts, CATEGORIES, cap), *made(MADE, CATEGORIES)]
    data = Data(rows, arguments.cache, compute=not arguments.cached)
    rows = data.rows
    splits = {
        split: torch.tensor([i for i, row in enumerate(rows) if split_of(row.text) == split])
        for split in ("train", "calibrate", "test")
    }
    if arguments.without:
        keep = torch.tensor([row.source != arguments.without for row in rows])
        splits["train"] = splits["train"][keep[splits["train"]]]
    print({split: len(index) for split, index in splits.items()})
    weights = {}
    for style in STYLES:
        heads = train(data, splits["train"], style)
        calibrate(heads, data, splits["calibrate"], style)
        report(heads, data, splits["test"], style, arguments.without)
        weights |= {f"{style}.{name}": tensor.half() for name, tensor in heads.state_dict().items()}
    if not arguments.without:
        WEIGHTS.parent.mkdir(exist_ok=True)
        WEIGHTS.write_bytes(
            safetensors.torch.save(weights, {"categories": " ".join(CATEGORIES), "licence": "Apache-2.0"})
        )
        print(f"{WEIGHTS.stat().st_size / 2**20:.2f} MB")


def style_weights(data: Data, style: str) -> Tensor:
    """How much each row counts for a style's heads."""
    return torch.tensor([1.0 if row.style == style else OTHER_STYLE for row in data.rows]).unsqueeze(1)


def train(data: Data, index: Tensor, style: str) -> Heads:
    """Fit one style's heads by weighted binary cross-entropy."""
    heads = Heads()
    torch.nn.init.zeros_(heads.grams.weight)
    torch.nn.init.zeros_(heads.direct.weight)
    torch.nn.init.zeros_(heads.listed.weight)
    trust = data.trust * style_weights(data, style)
    decay = [
        {"params": heads.grams.parameters(), "lr": 2e-2, "weight_decay": 1e-3},
        {"params": [*heads.direct.parameters(), *heads.listed.parameters()], "lr": 1e-2, "weight_decay": 1e-3},
        {"params": heads.meaning.parameters(), "lr": 1e-3, "weight_decay": 1e-2},
    ]
    optimiser = torch.optim.AdamW(decay)
    steps = EPOCHS * -(-len(index) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [2e-2, 1e-2, 1e-3], total_steps=steps)
    for epoch in range(EPOCHS):
        heads.train()
        total = 0.0
        for batch in index[torch.randperm(len(index))].split(BATCH):
            embedding, grams, starts, weights, listed = data.inputs(batch)
            # A view is now and then left out, so that none is relied on alone.
            listed = listed * (torch.rand(len(batch), 1) > 0.3)
            weights = weights * (torch.rand(len(weights)) > 0.3) / 0.7
            logits = heads(embedding, grams, starts, weights, listed)
            loss = F.binary_cross_entropy_with_logits(logits, data.targets[batch], trust[batch], reduction="sum")
            loss = loss / len(batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"{style}: epoch {epoch + 1}, loss {total / len(index):.3f}", flush=True)
    return heads.eval().requires_grad_(False)


def calibrate(heads: Heads, data: Data, index: Tensor, style: str) -> None:
    """Platt's scaling per category, on rows that were not trained on."""
    logits = heads(*data.inputs(index))
    trust = (data.trust * style_weights(data, style))[index]
    for c in range(len(CATEGORIES)):
        slope, shift = torch.ones((), requires_grad=True), torch.zeros((), requires_grad=True)
        optimiser = torch.optim.LBFGS([slope, shift], max_iter=50)

        def closure() -> Tensor:
            optimiser.zero_grad()  # noqa: B023 - used at once
            scaled = logits[:, c] * slope + shift  # noqa: B023
            loss = F.binary_cross_entropy_with_logits(scaled, data.targets[index, c], trust[:, c])  # noqa: B023
            loss.backward()
            return loss

        optimiser.step(closure)
        heads.slope[c], heads.shift[c] = slope.detach().clamp(min=0.1), shift.detach()


def report(heads: Heads, data: Data, index: Tensor, style: str, source: str) -> None:
    """Recall at 0.3 % and 1 % of harmless test texts refused, per category and source."""
    scores = heads(*data.inputs(index))
    safe = torch.tensor([data.rows[i].kind != "unsafe" and data.rows[i].style == style for i in index])
    for c, category in enumerate(CATEGORIES):
        marks = [float(torch.quantile(scores[safe, c], q)) for q in (0.997, 0.99)]
        line = f"{style} {category}: thresholds {[round(torch.sigmoid(torch.tensor(m)).item(), 3) for m in marks]}"
        for name in sorted({data.rows[i].source for i in index if category in data.rows[i].categories}):
            if source and name != source:
                continue
            own = torch.tensor([category in data.rows[i].categories and data.rows[i].source == name for i in index])
            found = [f"{100 * float((scores[own, c] > mark).float().mean()):.0f}" for mark in marks]
            line += f" | {name} {'/'.join(found)} of {int(own.sum())}"
        print(line)


if __name__ == "__main__":
    main()
