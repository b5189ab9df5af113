"""What is asked of /v1/images/generations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from kinora.serve.schemas.base import Making, Name, Prompt, Told

MOST = 10
"""Pictures of one request, by the contract."""


def _nothing(value: object) -> object:
    if value is not None:
        raise PydanticCustomError("unsupported", "this server has nothing of the kind; leave it out")
    return value


Absent = Annotated[None, BeforeValidator(_nothing)]
"""A field of OpenAI's for what isn't made here. Clients that send every field send null."""


class CreateImage(Making):
    """POST /v1/images/generations. OpenAI's fields that have no meaning here take only values that ask for nothing."""

    prompt: Prompt
    model: Name | None = None
    n: Annotated[int, Field(ge=1, le=MOST)] | None = None
    size: Annotated[str, Field(pattern=r"^(auto|[0-9]{1,5}x[0-9]{1,5})$")] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    response_format: Literal["b64_json"] | None = None
    quality: Literal["auto"] | None = None
    background: Literal["auto", "opaque"] | None = None
    moderation: Literal["auto"] | None = None
    output_compression: Literal[100] | None = None
    style: Absent = None
    complexity: Absent = None
    frame_count: Absent = None
    frame_duration_ms: Absent = None
    svg: Absent = None
    stream: Literal[False] | None = None
    partial_images: Literal[0] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    safety_identifier: Annotated[str, Field(max_length=512)] | None = None


class Picture(Told):
    """One picture: its bytes in base64. `revised_prompt` is what the model read, where that is not what was asked."""

    b64_json: str
    revised_prompt: str | None = None


class Pictures(Told):
    """The answer."""

    created: int
    data: list[Picture]
    size: str
    output_format: Literal["png", "jpeg", "webp"]
    background: Literal["opaque"] = "opaque"
    kinora: dict[str, object]
