"""What is asked of /v1/videos and the paths below it; docs/server.md says what each field does."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kinora.serve.schemas.base import (
    PROMPT,
    Asked,
    Identifier,
    Image,
    Making,
    Name,
    Nested,
    Prompt,
    Seconds,
    SizeText,
    Video,
    Words,
)

CHARACTERS = 2
"""Characters in one video, by OpenAI's guide."""

SHOTS = 60
"""Shots of one story."""

NAMES = 60
"""Names that stand for descriptions in one story: each is looked for in each shot."""

SENTENCES = 100
"""Sentences of a prompt that is cut into shots: each is compared with all before it in its shot."""

CharacterName = Annotated[str, Field(min_length=1, max_length=80)]
Description = Annotated[str, Field(min_length=1, max_length=2000)]

_ENDS = re.compile(r"[.!?\n]+")


class CharacterReference(Asked):
    """A character made before, named in the prompt as it is called."""

    id: Identifier


class ShotText(Asked):
    """One shot of a storyboard. Setting, light and style hold until a shot says otherwise."""

    prompt: Prompt
    seconds: Seconds | None = None
    camera: Words = ""
    setting: Words = ""
    light: Words = ""
    style: Words = ""
    image: Image | None = None
    video: Video | None = None

    @property
    def length(self) -> int:
        """Characters of all its words."""
        return sum(map(len, (self.prompt, self.camera, self.setting, self.light, self.style)))


class CreateVideo(Making):
    """POST /v1/videos."""

    prompt: Prompt
    model: Name | None = None
    seconds: Seconds | None = None
    size: SizeText | None = None
    input_reference: Image | None = None
    characters: Annotated[list[CharacterReference], Field(max_length=CHARACTERS), Nested] | None = None
    fps: Annotated[int, Field(ge=1, le=240)] | None = None
    loop: bool = False

    @model_validator(mode="after")
    def _together(self) -> CreateVideo:
        chosen = [name for name in ("input_reference", "characters", "loop") if getattr(self, name)]
        if len(chosen) > 1:
            raise PydanticCustomError("together", f"{chosen[0]} and {chosen[1]} can't be had in one video")
        return self


class RemixVideo(Making):
    """POST /v1/videos/{video_id}/remix."""

    prompt: Prompt
    strength: Annotated[float, Field(gt=0, le=1)] | None = None


class EditVideo(Making):
    """POST /v1/videos/edits. White in `mask`, a picture or a video, may change."""

    prompt: Prompt
    video: Video
    model: Name | None = None
    strength: Annotated[float, Field(gt=0, le=1)] | None = None
    mask: Video | None = None


class ExtendVideo(Making):
    """POST /v1/videos/extensions."""

    prompt: Prompt
    seconds: Seconds
    video: Video
    model: Name | None = None
    direction: Literal["forward", "backward"] = "forward"


class BlendVideos(Making):
    """POST /v1/videos/blends: `first` turns into `second` over `seconds`, each under its own words."""

    first: Video
    second: Video
    first_prompt: Words = ""
    second_prompt: Words = ""
    seconds: Seconds | None = None
    model: Name | None = None
    size: SizeText | None = None


class LoopVideo(Making):
    """POST /v1/videos/loops: `seconds` are added that lead `video` back to its start, or all of a clip of words."""

    prompt: Words = ""
    video: Video | None = None
    seconds: Seconds | None = None
    model: Name | None = None
    size: SizeText | None = None

    @model_validator(mode="after")
    def _something(self) -> LoopVideo:
        if self.video is None and not self.prompt.strip():
            raise PydanticCustomError("nothing", "give a prompt, a video, or both")
        return self


class TellStory(Making):
    """POST /v1/videos/stories: shots, or a `prompt` of several sentences of which each is one."""

    prompt: Words = ""
    shots: Annotated[list[ShotText], Field(min_length=1, max_length=SHOTS), Nested] | None = None
    descriptions: Annotated[dict[CharacterName, Description], Field(max_length=NAMES), Nested] | None = None
    same_noise: bool = False
    seconds: Seconds | None = None
    model: Name | None = None
    size: SizeText | None = None

    @model_validator(mode="after")
    def _one(self) -> TellStory:
        if bool(self.prompt.strip()) == bool(self.shots):
            raise PydanticCustomError("one_of", "give either prompt or shots")
        if len(_ENDS.findall(self.prompt)) > SENTENCES:
            raise PydanticCustomError("sentences", f"more than {SENTENCES} sentences; give shots, or fewer")
        if sum(shot.length for shot in self.shots or ()) > PROMPT:
            # Descriptions stand wherever a name does: many long shots full of names would be gigabytes of words.
            raise PydanticCustomError("words", f"the words of all shots have more than {PROMPT:,} characters together")
        if self.shots and self.seconds is not None:
            raise PydanticCustomError("together", "each of the shots has its own seconds; leave these out")
        return self


class CreateCharacter(Asked):
    """POST /v1/videos/characters. `description` are the words that stand for the name in prompts.

    `consent` says who agreed and how, where the clip shows a person.
    """

    name: CharacterName
    video: Video
    description: Annotated[str, Field(max_length=2000)] = ""
    consent: Annotated[str, Field(max_length=2000)] = ""
