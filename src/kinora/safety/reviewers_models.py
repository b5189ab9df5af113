"""Image classifiers and CLIP-style models from Hugging Face, by name or directory (`pip install 'kinora[review]'`).

    Classifier(model="some/nsfw-classifier", labels={"nsfw": "sexual"})
    ZeroShot(model="openai/clip-vit-base-patch32", categories={"graphic": ["a photo of a wound"]})

Weights are read as safetensors only, and no code that comes with a model is run. Choose the model with care and measure
it on pictures of your own kind: its score is the policy's input, and its mistakes are the policy's mistakes.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kinora.errors import InvalidRequest, Unavailable
from kinora.safety.frames_findings import Finding, Showing
from kinora.safety.reviewers import need

Frames = npt.NDArray[np.uint8]

BATCH = 16

NEUTRAL = ("an ordinary photo", "a drawing", "a landscape", "a photo of an object", "a photo of a person", "an animal")
"""What a zero-shot model may choose instead; without good alternatives it calls everything the nearest bad thing."""


class Classifier:
    """An image classifier: the probability of its label is the score of the category that `labels` gives it."""

    def __init__(self, *, model: str, labels: Mapping[str, str], device: str = "cpu") -> None:
        self.name = f"classifier {model}"
        self._processor, self._model = _load(model, "AutoModelForImageClassification", self.name, device)
        names = self._model.config.id2label
        unknown = set(labels) - set(names.values())
        if unknown or not labels:
            rule = (
                f"it has no label {', '.join(sorted(unknown))}" if unknown else "labels say which of its labels count"
            )
            raise InvalidRequest(self.name, rule=rule, remedy=f"it knows {', '.join(names.values())}")
        self._columns = [(int(index), labels[name]) for index, name in names.items() if name in labels]

    def begin(self, clip: Showing) -> Callable[[Frames], Sequence[Finding]]:  # noqa: ARG002 - frame by frame
        """Start on a clip."""
        return lambda frames: _findings(frames, self._scores, self.name)

    @torch.inference_mode()
    def _scores(self, frames: Frames) -> list[dict[str, float]]:
        inputs = self._processor(images=list(frames), return_tensors="pt").to(self._model.device)
        chances = self._model(**inputs).logits.float().softmax(dim=-1).tolist()
        return [_by_category((category, row[index]) for index, category in self._columns) for row in chances]


class ZeroShot:
    """A CLIP-style model: a category scores by its texts' probability against all other texts and the neutral ones."""

    def __init__(
        self,
        *,
        model: str,
        categories: Mapping[str, Sequence[str]],
        neutral: Sequence[str] = NEUTRAL,
        device: str = "cpu",
    ) -> None:
        self.name = f"zero-shot {model}"
        if not categories or not neutral or not all(categories.values()):
            rule = "each category has texts, and there are neutral ones to choose instead"
            raise InvalidRequest(self.name, rule=rule)
        self._processor, self._model = _load(model, "AutoModelForZeroShotImageClassification", self.name, device)
        self._texts = [(text, name) for name, texts in categories.items() for text in texts]
        self._all = [text for text, _ in self._texts] + list(neutral)

    def begin(self, clip: Showing) -> Callable[[Frames], Sequence[Finding]]:  # noqa: ARG002 - frame by frame
        """Start on a clip."""
        return lambda frames: _findings(frames, self._scores, self.name)

    @torch.inference_mode()
    def _scores(self, frames: Frames) -> list[dict[str, float]]:
        inputs = self._processor(images=list(frames), text=self._all, return_tensors="pt", padding=True)
        logits = self._model(**inputs.to(self._model.device)).logits_per_image
        chances = logits.float().softmax(dim=-1).tolist()
        # The texts of one category share its chance, so theirs are added up.
        scores: list[dict[str, float]] = []
        for row in chances:
            scores.append({})
            for (_, category), chance in zip(self._texts, row, strict=False):
                scores[-1][category] = min(1.0, scores[-1].get(category, 0.0) + chance)
        return scores


_LOADING = threading.Lock()  # transformers' lazy imports are not made for two threads at once


def _load(model: str, kind: str, reason: str, device: str) -> tuple[Any, Any]:
    transformers = need("transformers", extra="review", reason=reason)
    try:
        with _LOADING:
            processor = getattr(transformers, "AutoProcessor" if "ZeroShot" in kind else "AutoImageProcessor")
            loaded = getattr(transformers, kind).from_pretrained(model, use_safetensors=True, trust_remote_code=False)
            return processor.from_pretrained(model, trust_remote_code=False), loaded.to(device).eval()
    except (OSError, ValueError) as error:
        remedy = "give the directory of a saved model, or a name that Hugging Face's hub knows, and be online once"
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unavailable(reason, rule=f"can't be loaded ({said})", remedy=remedy) from error


def _by_category(scores: Any) -> dict[str, float]:
    """The highest score of each category."""
    best: dict[str, float] = {}
    for category, score in scores:
        best[category] = max(best.get(category, 0.0), score)
    return best


def _findings(frames: Frames, scores: Callable[[Frames], list[dict[str, float]]], name: str) -> list[Finding]:
    found = []
    for start in range(0, len(frames), BATCH):
        for offset, row in enumerate(scores(frames[start : start + BATCH])):
            for category, score in row.items():
                found.append(Finding(start + offset, category, score, f"{name} says {category} ({score:.2f})"))
    return found
