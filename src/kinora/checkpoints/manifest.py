"""`model.json`: what a model directory says about itself, readable without torch.

    kinora-small/
        model.json            this file
        dit.safetensors       the transformer, Wan's parameter names
        vae.safetensors       the autoencoder
        MODEL_CARD.md         what it was trained on, what it can and can't do

Reading it is how a request is checked against a model before a single weight is loaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kinora.errors import CorruptWeights, InvalidRequest
from kinora.grid import Grid
from kinora.request import SAMPLERS, Limits, Real

FILENAME = "model.json"
TEXT_ENCODER = "all-MiniLM-L6-v2"
LONG = ("causal", "sliding", "once")
HOLDS = ("tokens", "channels", "path")
EXPANDERS = ("", "world")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """How a model is sampled when nobody says otherwise. `size` is (height, width).

    `window` is how many latent frames it was trained on at once. A longer clip is made in blocks of `block`, each of
    which sees itself, the latest frames and the first `sink`, up to a window in all: `long` says whether through a
    key-value cache ("causal") or by full attention over the whole window at every step ("sliding"); "once": it makes
    no more than a window. `first` is how long the first block is, 0 for the whole window, and `context` how much noise
    lies over finished blocks that are remembered. `expander` says what turns a user's words into the captions it was
    trained on ("" for nothing).

    `holds`: how it is given frames. "tokens": held tokens have their own sigma, 0; "channels": further input channels
    carry the first `opening` and the last `closing` of them; "path": all tokens have one sigma, and held ones go down
    the straight path to what they hold (as for what channels don't carry). `solver` is a name of `request.SAMPLERS`.
    A model with two experts has `boundary`, the sigma from which on the second is used, guided by `guidance_high`.
    """

    size: tuple[int, int] = (128, 128)
    fps: int = 8
    seconds: Real = 4.0
    max_seconds: Real = 60.0
    steps: int = 24
    guidance: Real = 4.0
    shift: Real = 2.0
    solver: str = "unipc"
    long: str = "causal"
    window: int = 9
    block: int = 4
    sink: int = 1
    expander: str = ""
    first: int = 0
    context: Real = 0.02
    holds: str = "tokens"
    opening: int = 0
    closing: int = 0
    negative: str = ""
    guidance_high: Real | None = None
    boundary: Real | None = None
    min_side: int = 64
    max_pixels: int = 512 * 512

    def can(self, *, first: bool, last: bool) -> bool:
        """Whether the model makes a clip when so much is given of its ends: a model with channels needs its own."""
        return self.holds != "channels" or (first and (last or not self.closing))


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The contents of model.json. `files` maps file names to sha256 hex digests."""

    name: str
    version: str
    dit: dict[str, Any]
    vae: dict[str, Any]
    text: str
    files: dict[str, str]
    defaults: Defaults = field(default_factory=Defaults)
    latent: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """The model's size arithmetic."""
        return Grid(stride=_triple(self.vae["stride"]), patch=_triple(self.dit["patch"]))

    @property
    def limits(self) -> Limits:
        """What the model can be asked for."""
        chosen = self.defaults
        return Limits(
            size=chosen.size,
            fps=chosen.fps,
            seconds=chosen.seconds,
            max_seconds=chosen.max_seconds,
            steps=chosen.steps,
            guidance=chosen.guidance,
            grid=self.grid,
            min_side=chosen.min_side,
            max_pixels=chosen.max_pixels,
            sampler=chosen.solver,
            shift=chosen.shift,
            negative=chosen.negative,
            guidance_high=chosen.guidance_high,
            boundary=chosen.boundary,
        )

    def check_given(self, *, first: bool, last: bool) -> None:
        """Raise InvalidRequest where the model starts from pictures that are not given: those of a clip's ends."""
        if not self.defaults.can(first=first, last=last):
            raise lacking(self.name, self.defaults, first=first, last=last)

    def check_at_once(self, latents: int) -> None:
        """Raise InvalidRequest for more latent frames, given and made together, than a model makes that makes no more.

        Models that go on from what they made have no such limit.
        """
        if self.defaults.long == "once" and latents > self.defaults.window:
            raise too_long_at_once(self.name, self.defaults, self.grid, latents)

    def to_json(self) -> str:
        """Return the text of model.json, keys in declaration order."""
        values = {**vars(self), "defaults": vars(self.defaults)}
        return json.dumps(values, indent=2) + "\n"


def read_manifest(directory: Path) -> Manifest:
    """Read `directory`/model.json.

    Raises CorruptWeights, naming the file, when it is missing, no JSON, or lacks or misspells a field.
    """
    path = directory / FILENAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        defaults = dict(values.pop("defaults", {}))
        if "size" in defaults:
            height, width = defaults["size"]
            defaults["size"] = (int(height), int(width))
        manifest = Manifest(defaults=Defaults(**defaults), **values)
        _check(manifest)
    except FileNotFoundError as error:
        raise CorruptWeights(
            path, rule="a model directory holds a model.json", remedy="train or reinstall it"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise CorruptWeights(path, rule=f"not a model description ({error})", remedy="train or reinstall it") from error
    return manifest


def lacking(name: str, chosen: Defaults, *, first: bool, last: bool) -> InvalidRequest:
    """The error for a model that is not given what it starts from; it names those that were made for what is given."""
    from kinora.checkpoints.cards import CARDS

    if chosen.closing:
        rule, verb = "it makes what lies between a first and a last picture, and one is missing", "join"
    else:
        rule, verb = "it sets a first picture in motion, and there is none", "animate"
    able = [
        card.name
        for card in CARDS.values()
        if card.defaults.can(first=first, last=last) and (not (first or last) or card.defaults.holds != "path")
    ]
    return InvalidRequest(name, rule=rule, remedy=f"use kinora {verb}, or another model: {', '.join(able)}")


def too_long_at_once(name: str, chosen: Defaults, grid: Grid, latents: int) -> InvalidRequest:
    """The error for more latent frames, given and made together, than a model looks at that makes no longer clips."""
    frames, most = grid.frames_of(latents), grid.frames_of(chosen.window)
    rule = f"{name} looks at {most} frames ({most / chosen.fps:g} s) at once, what is given and made together"
    return InvalidRequest(f"{frames / chosen.fps:g} seconds at once", rule=rule, remedy="make less, and extend that")


def _check(manifest: Manifest) -> None:
    chosen = manifest.defaults
    if not manifest.grid.accepts(*chosen.size):
        raise ValueError(f"its default size {chosen.size} is off its grid")
    if chosen.solver not in SAMPLERS:
        raise ValueError(f"no solver {chosen.solver!r}")
    if chosen.holds not in HOLDS:
        raise ValueError(f"no way {chosen.holds!r} to hold frames")
    if chosen.long not in LONG:
        raise ValueError(f"no way {chosen.long!r} to make long clips")
    if chosen.window < 3 or chosen.block < 1 or chosen.sink < 0 or chosen.block + chosen.sink >= chosen.window:
        raise ValueError(f"block {chosen.block} and sink {chosen.sink} don't fit window {chosen.window}")
    if chosen.expander not in EXPANDERS:
        raise ValueError(f"no expander {chosen.expander!r}")
    if manifest.text != TEXT_ENCODER:
        raise ValueError(f"no text encoder {manifest.text!r}")


def _triple(values: list[int] | tuple[int, ...]) -> tuple[int, int, int]:
    time, height, width = values
    return int(time), int(height), int(width)
