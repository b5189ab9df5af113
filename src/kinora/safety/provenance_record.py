"""What a file's credentials say, in the C2PA's words.

| work | first action | then | inputs are |
|---|---|---|---|
| created | c2pa.created, trainedAlgorithmicMedia | | inputTo (a still that was animated) |
| rendered | c2pa.created, algorithmicMedia (drawn by a program, nothing learned) | | inputTo |
| edited | c2pa.opened | c2pa.edited, trainedAlgorithmicMedia | parentOf (one), inputTo (the others) |
| composite | c2pa.created, composite | c2pa.placed for each input | componentOf |

A prompt is kept as its SHA-256, an input as its SHA-256 and what credentials it brings: neither words nor file names
leave unless the user says so. A hash proves a prompt that is known; a short prompt can also be guessed from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import kinora

Kind = Literal["created", "rendered", "edited", "composite"]

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The IPTC's list of where media come from; c2pa does not check a value against it, so all of ours stand here."""

GENERATION = "org.kinora.generation"
SOFT_BINDING = "org.kinora.watermark"


@dataclass(frozen=True, kw_only=True)
class Record:
    """How a file came to be.

    `words` are other texts by name, treated as the prompt is. `settings` are plain values (seed, steps, frames
    reviewed, ...); `parents` are the inputs, as paths or whole files; `captured` says that some of them are not known
    for a model's work; `watermark` is the payload in its pixels, in hex; `did` tells a reader what an edit did.
    """

    kind: Kind
    model: str
    version: str = ""
    prompt: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    parents: tuple[Path | bytes, ...] = ()
    captured: bool = False
    watermark: str = ""
    did: str = ""

    def __post_init__(self) -> None:
        if self.kind == "edited":
            assert self.parents, "an edit has something that was edited"

    def relationship(self, index: int) -> str:
        """How input number `index` stands to the work."""
        if self.kind == "edited":
            return "parentOf" if index == 0 else "inputTo"
        return "componentOf" if self.kind == "composite" else "inputTo"


def input_label(index: int) -> str:
    """The name by which actions refer to an input."""
    return f"input-{index + 1}"


def manifest(record: Record, hashes: Sequence[str], keep_prompt: bool) -> dict[str, Any]:
    """The manifest definition c2pa signs; `hashes` are the inputs' SHA-256 in hex."""
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": actions(record)}},
        {"label": GENERATION, "data": generation(record, hashes, keep_prompt)},
    ]
    if record.watermark:
        binding = {"alg": SOFT_BINDING, "blocks": [{"scope": {}, "value": record.watermark}]}
        assertions.append({"label": "c2pa.soft-binding", "data": binding})
    return {
        "claim_generator_info": [{"name": "Kinora", "version": kinora.__version__}],
        "title": "Kinora video",
        "assertions": assertions,
    }


def actions(record: Record) -> list[dict[str, Any]]:
    """The c2pa.actions.v2 list for a kind of work."""
    labels = [input_label(index) for index in range(len(record.parents))]
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    agent = {"name": record.model, "version": record.version} if record.version else {"name": record.model}
    made = {"when": when, "softwareAgent": agent}
    if record.did:
        made["description"] = record.did
    done: list[dict[str, Any]] = []
    if record.kind == "edited":
        done.append({"action": "c2pa.opened", "when": when, "parameters": {"ingredientIds": labels[:1]}})
        done.append({"action": "c2pa.edited", "digitalSourceType": f"{SOURCE}trainedAlgorithmicMedia", **made})
        if labels[1:]:
            done[-1]["parameters"] = {"ingredientIds": labels[1:]}
    elif record.kind == "composite":
        # Real footage with generated parts, or generated parts only: readers must be able to tell.
        source = "compositeWithTrainedAlgorithmicMedia" if record.captured else "compositeSynthetic"
        done.append({"action": "c2pa.created", "digitalSourceType": f"{SOURCE}{source}", **made})
        done += [{"action": "c2pa.placed", "parameters": {"ingredientIds": [label]}} for label in labels]
    else:
        source = "algorithmicMedia" if record.kind == "rendered" else "trainedAlgorithmicMedia"
        done.append({"action": "c2pa.created", "digitalSourceType": f"{SOURCE}{source}", **made})
        if labels:
            done[-1]["parameters"] = {"ingredientIds": labels}
    if record.watermark:
        done.append({"action": "c2pa.watermarked.bound", "when": when})
    return done


def generation(record: Record, hashes: Sequence[str], keep_prompt: bool) -> dict[str, Any]:
    """Our own assertion: enough to make the clip again for whoever has the prompt."""
    words = {name: text for name, text in {"prompt": record.prompt, **record.words}.items() if text}
    if not keep_prompt:
        words = {f"{name}_sha256": prompt_hash(text) for name, text in words.items()}
    return {
        "model": record.model,
        "version": record.version,
        **words,
        "settings": dict(record.settings),
        "inputs": [{"label": input_label(index), "sha256": one} for index, one in enumerate(hashes)],
    }


def prompt_hash(prompt: str) -> str:
    """SHA-256 of the prompt's UTF-8, in hex."""
    return hashlib.sha256(prompt.encode()).hexdigest()
