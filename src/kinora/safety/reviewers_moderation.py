"""Any server with OpenAI's moderation call, asked about each frame.

    Moderation(url="https://api.openai.com/v1", model="omni-moderation-latest", key_variable="OPENAI_API_KEY")

Frames leave this machine, as JPEG: the policy's author decides that, not Kinora. One picture goes with each request, as
that API wants it; several requests run at once. A server that doesn't answer stops the clip: what nobody has looked at
is not delivered.
"""

from __future__ import annotations

import base64
import io
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from kinora.errors import InvalidRequest, Unavailable
from kinora.safety.frames_findings import Finding, Showing

Frames = npt.NDArray[np.uint8]

QUALITY = 92
TRIES = 4
BUSY = {429, 500, 502, 503, 504}
"""Answers after which it is worth asking again."""


class Moderation:
    """Reports every category of the server's answer with its score."""

    def __init__(
        self,
        *,
        url: str,
        model: str,
        key_variable: str = "OPENAI_API_KEY",
        parallel: int = 8,
        timeout: float | int = 30,
        pause: float | int = 1,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidRequest(url, rule="a moderation server is named by its http(s) address")
        self.name = f"moderation by {model}"
        self._url, self._model = f"{url.rstrip('/')}/moderations", model
        self._parallel, self._timeout, self._pause = parallel, timeout, pause
        self._key = os.environ.get(key_variable, "")
        if not self._key and url.startswith("https://"):
            rule, remedy = f"needs a key in ${key_variable}", "set it, or take it out of the policy's reviewers"
            raise Unavailable(self.name, rule=rule, remedy=remedy)

    def begin(self, clip: Showing) -> Callable[[Frames], Sequence[Finding]]:  # noqa: ARG002 - frame by frame
        """Start on a clip."""
        return self._look

    def _look(self, frames: Frames) -> Sequence[Finding]:
        with ThreadPoolExecutor(self._parallel) as pool:
            answers = list(pool.map(self._ask, frames))
        return [
            Finding(index, category, float(score), f"{self.name} says {category} ({score:.2f})")
            for index, answer in enumerate(answers)
            for category, score in answer.items()
        ]

    def _ask(self, frame: Frames) -> dict[str, float]:
        """The scores of one frame; where the server only says yes or no, 1 or 0."""
        stream = io.BytesIO()
        Image.fromarray(frame).save(stream, "JPEG", quality=QUALITY)
        picture = f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
        body = {"model": self._model, "input": [{"type": "image_url", "image_url": {"url": picture}}]}
        answer = self._post(json.dumps(body).encode())
        try:
            result = answer["results"][0]
            scores = result.get("category_scores") or {k: float(v) for k, v in result["categories"].items()}
            if result["flagged"]:
                scores = {**scores, "flagged": 1.0}  # the server's own verdict, whatever its scores
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise self._silent(f"its answer has no results ({error!r})") from error
        return {name: score for name, score in scores.items() if score is not None}

    def _post(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        request = urllib.request.Request(self._url, body, headers)
        for attempt in range(TRIES):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                said = f"it answers {error.code} {error.reason}"
                if error.code not in BUSY:
                    raise self._silent(said) from error
            except (OSError, ValueError) as error:
                said = str(error)
        raise self._silent(said)

    def _silent(self, said: str) -> Unavailable:
        remedy = "nothing that was not looked at is delivered; try again, or change the policy's reviewers"
        return Unavailable(self.name, rule=f"did not judge a frame ({said})", remedy=remedy)
