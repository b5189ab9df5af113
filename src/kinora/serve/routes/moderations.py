"""/v1/moderations: what the guard makes of words and pictures, in OpenAI's 13 categories and ours."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request

from kinora.safety.policy import CATEGORIES, Verdict
from kinora.serve.ordering.inputs import Inputs
from kinora.serve.ordering.reception import Reception
from kinora.serve.routes.describing import body_of, errors
from kinora.serve.routes.parts import Asking, AtReception, visiting
from kinora.serve.schemas.base import ImageReference
from kinora.serve.schemas.moderations import ImagePart, Moderate, Moderation, Moderations, TextPart

router = APIRouter(prefix="/v1/moderations", tags=["Safety"])

OPENAI = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)
"""The keys of OpenAI's answer, all of them always."""

OURS = tuple(category for category in CATEGORIES if category not in OPENAI)

UNJUDGED = tuple(category for category in OPENAI if category not in CATEGORIES)
"""What OpenAI has a key for and our guard no rule of its own: 0 and false, and said so under `kinora`."""

JUDGES = errors(400, 415)


@router.post("", responses=JUDGES, openapi_extra=body_of(Moderate))
async def create_moderation(request: Request, reception: AtReception, asking: Asking) -> Moderations:
    """Judge a text, several texts each alone, or texts and pictures together, as prompts are judged here."""
    async with visiting(request, reception, asking, Moderate) as (visit, asked):
        policy = reception.policy(asking)
        given = asked.input
        if isinstance(given, str):
            results = [_judged([verdict]) for verdict in await reception.screening.texts(policy, [given])]
        elif isinstance(given[0], str):
            texts = [one for one in given if isinstance(one, str)]
            results = [_judged([verdict]) for verdict in await reception.screening.texts(policy, texts)]
        else:
            parts = [one for one in given if not isinstance(one, str)]
            results = [await _together(reception, visit.inputs, policy, parts)]
    name = f"kinora-guard-{policy}"
    return Moderations(id=f"modr-{secrets.token_hex(16)}", model=name, results=results)


async def _together(
    reception: Reception, inputs: Inputs, policy: str, parts: Sequence[TextPart | ImagePart]
) -> Moderation:
    """One judgement on texts and pictures."""
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    verdicts = await reception.screening.texts(policy, texts) if texts else []
    seen: list[Verdict] = []
    for index, part in enumerate(parts):
        if isinstance(part, ImagePart):
            given = ImageReference(image_url=part.image_url.url)
            found = await inputs.look(f"part{index}", given, param=f"input[{index}].image_url.url")
            seen.append(found.seen.verdict)
    return _judged(verdicts, seen)


def _judged(words: Sequence[Verdict], pictures: Sequence[Verdict] = ()) -> Moderation:
    """Verdicts as one answer. A picture's has no scores: what its reviewers object to counts 1."""
    scores = dict.fromkeys(CATEGORIES, 0.0)
    types: dict[str, list[Literal["text", "image"]]] = {category: [] for category in OPENAI}
    blocked: set[str] = set()
    for verdict in words:
        for category, score in verdict.scores.items():
            scores[category] = max(scores.get(category, 0.0), score)
        blocked |= {finding.category for finding in verdict.findings if finding.action == "block"}
    for verdict in pictures:
        if not verdict.allowed:
            blocked |= set(verdict.categories)
            scores |= dict.fromkeys(verdict.categories, 1.0)
    for category, found in types.items():
        if words and category in CATEGORIES:
            found.append("text")
        if any(category in verdict.categories for verdict in pictures):
            found.append("image")
    everything = [*words, *pictures]
    own = sorted(set(scores) - set(OPENAI))
    extra = {
        "action": "block" if blocked else "warn" if any(one.action == "warn" for one in everything) else "allow",
        "categories": {category: category in blocked for category in own},
        "category_scores": {category: scores[category] for category in own},
        "reasons": [one.reason for one in everything if one.reason],
        "disguises": sorted({one for verdict in words for one in verdict.disguises}),
        "not_judged": list(UNJUDGED),
    }
    return Moderation(
        flagged=bool(blocked),
        categories={category: category in blocked for category in OPENAI},
        category_scores={category: scores.get(category, 0.0) for category in OPENAI},
        category_applied_input_types=types,
        kinora=extra,
    )
