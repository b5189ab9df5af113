"""What is asked of and answered by /v1/moderations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from kinora.serve.schemas.base import LONGEST_URL, Asked, Name, Nested, Told

TEXTS = 256
"""Texts or parts in one request."""

Text = Annotated[str, Field(max_length=100_000)]


class TextPart(Asked):
    """Words to judge."""

    type: Literal["text"]
    text: Text


class ImageAddress(Asked):
    """Where a picture is: a data URL."""

    url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL * 4 // 3)]


class ImagePart(Asked):
    """A picture to judge."""

    type: Literal["image_url"]
    image_url: ImageAddress


def _part(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return {"text": "<text>", "image_url": "<image>"}.get(kind) if isinstance(kind, str) else None


Part: TypeAlias = Annotated[
    Annotated[TextPart, Tag("<text>")] | Annotated[ImagePart, Tag("<image>")], Discriminator(_part)
]


def _input(value: Any) -> str | None:
    if isinstance(value, str):
        return "<one>"
    if not isinstance(value, list):
        return None
    return "<texts>" if not value or isinstance(value[0], str) else "<parts>"


class Moderate(Asked):
    """POST /v1/moderations: a text, texts (judged each alone), or parts that are judged together."""

    input: Annotated[
        Annotated[Text, Tag("<one>")]
        | Annotated[Annotated[list[Text], Field(min_length=1, max_length=TEXTS)], Tag("<texts>")]
        | Annotated[Annotated[list[Part], Field(min_length=1, max_length=TEXTS)], Tag("<parts>")],
        Discriminator(_input),
        Nested,
    ]
    model: Name | None = None


class Moderation(Told):
    """One judgement. The three objects have OpenAI's 13 keys; `kinora` says what ours adds."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text", "image"]]]
    kinora: dict[str, Any]


class Moderations(Told):
    """The answer."""

    id: str
    model: str
    results: list[Moderation]
