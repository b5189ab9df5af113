"""What the shapes of requests and answers are made of: strictness, text that stands for values, files or references."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kinora.request import MAX_GUIDANCE, MAX_SEED, MAX_STEPS
from kinora.serve.wire import Upload, parsed

PROMPT = 32_000
"""Characters of a prompt, by the contract. How many the model and the guard read is checked after."""

LONGEST_URL = 20_971_520
"""Characters of an image's URL, by the contract."""


class Asked(BaseModel):
    """A request. A field that it doesn't have is an error: nothing that a client says is ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_one_of(asked: Asked, one: str, other: str) -> None:
    """Raise PydanticCustomError unless exactly one of two fields is given."""
    if (getattr(asked, one) is None) == (getattr(asked, other) is None):
        raise PydanticCustomError("one_of", "give exactly one of {one} and {other}", {"one": one, "other": other})


class Told(BaseModel):
    """An answer, or a part of one. Every field of it is always there."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


def from_text(value: Any, info: Any) -> Any:  # pydantic's ValidationInfo is a protocol that no checker can check
    """In a form, an object or array may be written as JSON text."""
    if isinstance(value, str) and (info.context or {}).get("form") and value.lstrip()[:1] in ("{", "["):
        try:
            return parsed(value, where=info.field_name)
        except (ValueError, RecursionError):
            return value
    return value


Nested = BeforeValidator(from_text)
"""Marks a field that is an object or an array."""

Prompt = Annotated[str, Field(min_length=1, max_length=PROMPT)]
Words = Annotated[str, Field(max_length=PROMPT)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


def _size(value: object) -> object:
    if isinstance(value, str) and not _SIZE.fullmatch(value):
        raise PydanticCustomError("size", "a size is WIDTHxHEIGHT in pixels, as 128x128")
    return value


_SIZE = re.compile(r"[0-9]{1,5}x[0-9]{1,5}")
SizeText = Annotated[str, Field(pattern=f"^{_SIZE.pattern}$", examples=["128x128"]), BeforeValidator(_size)]

LONGEST = 10_000
"""Seconds that are read as a number at all; what a model makes is far less."""

_SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("string_type", "it is a number of seconds")
    if isinstance(value, str) and not _SECONDS.fullmatch(value):
        raise PydanticCustomError("seconds", 'it is a number of seconds, as "4" or "2.5"')
    if not 0 < float(value) < LONGEST:
        raise PydanticCustomError("seconds", 'a clip lasts longer than 0 seconds; try "4"')
    return float(value)


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(0?\.[0-9]{0,5}[1-9]|[1-9][0-9]{0,2}(\.[0-9]{1,6})?)$"},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": LONGEST},
            ],
            "examples": ["4", "8", "12"],
        }
    ),
]
"""OpenAI writes seconds as text; a number will do as well."""


class ImageReference(Asked):
    """A picture by reference: exactly one of the two."""

    image_url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL)] | None = None
    file_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None

    @model_validator(mode="after")
    def _one(self) -> ImageReference:
        check_one_of(self, "image_url", "file_id")
        return self


class VideoReference(Asked):
    """A video by reference: one made here, by its id, or a data URL (or an address, where the server fetches any)."""

    id: Name | None = None
    video_url: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> VideoReference:
        check_one_of(self, "id", "video_url")
        return self


class FileReference(Asked):
    """A picture or video by reference, as `VideoReference`."""

    id: Name | None = None
    file_url: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> FileReference:
        check_one_of(self, "id", "file_url")
        return self


def _which(value: Any) -> str | None:
    """The tag of what was given. Tags stand in angle brackets, which `complaints.place` leaves out."""
    return "<file>" if isinstance(value, Upload) else "<object>" if isinstance(value, dict | BaseModel) else None


_File = Annotated[Upload, Tag("<file>")]
Image: TypeAlias = Annotated[_File | Annotated[ImageReference, Tag("<object>")], Discriminator(_which), Nested]
Video: TypeAlias = Annotated[_File | Annotated[VideoReference, Tag("<object>")], Discriminator(_which), Nested]
AnyFile: TypeAlias = Annotated[_File | Annotated[FileReference, Tag("<object>")], Discriminator(_which), Nested]


class Making(Asked):
    """What every request that makes something may say besides what OpenAI's has; left out, the model's own choice."""

    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    guidance: Annotated[float, Field(ge=1, le=MAX_GUIDANCE)] | None = None
    negative_prompt: Words = ""
    fit: Literal["cover", "contain", "stretch"] = "cover"
    expand_prompt: bool = True
