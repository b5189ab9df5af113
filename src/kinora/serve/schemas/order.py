"""What lies in a job's `request`: all that a worker needs to make it, with nothing left to choose.

    Order(kind="generate", model="kinora-small", prompt="a red ball", size="128x128", seconds=4, seed=7).stored()
    Order.model_validate(job.request)

The seed is drawn when the job is accepted, so that a job begun again after a crash gives the same clip. Files are named
by the part they play (`inputs`: role to asset id), never by path.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kinora.request import Real
from kinora.serve.store.values import Kind


class Strict(BaseModel):
    """Frozen, and without room for what nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderedShot(Strict):
    """One shot of a story, an `engine.stories.story.Card`; `image` and `clip` are roles in `inputs`."""

    prompt: str
    seconds: Real | None = None
    camera: str = ""
    setting: str = ""
    light: str = ""
    style: str = ""
    image: str | None = None
    clip: str | None = None


class OrderedCharacter(Strict):
    """Who is in it: the name as the prompt has it, the words that stand for it, and the role of the clip to look at."""

    id: str
    name: str
    description: str = ""
    clip: str


class Order(Strict):
    """One job.

    kind "generate": a Shot; with input "image" an Animate; with `characters` a Cast.
    kind "remix", "edit": a Remix of input "video" with `strength`, where input "mask" is white if there is one.
    kind "extend": an Extend of input "video" in `direction`. kind "loop": a Loop of input "video", or of words alone.
    kind "blend": a Blend of inputs "first" and "second", each under one of `prompts`.
    kind "story": a Story of `shots`, names by `descriptions`. kind "image": a Shot one frame long, written as `format`.
    policy: by which profile the caller's words and frames are judged, "" for the server's own.
    `size`, `seconds`, `steps` and `guidance` None are the model's (or for edits the source's) own.
    """

    kind: Kind
    model: str
    prompt: str = ""
    size: str | None = None
    seconds: Real | None = None
    seed: int
    steps: int | None = None
    guidance: Real | None = None
    negative: str = ""
    expand: bool = True
    fit: Literal["cover", "contain", "stretch"] = "cover"
    inputs: dict[str, str] = Field(default_factory=dict)
    strength: Real | None = None
    direction: Literal["forward", "backward"] = "forward"
    prompts: tuple[str, str] = ("", "")
    shots: tuple[OrderedShot, ...] = ()
    descriptions: dict[str, str] = Field(default_factory=dict)
    same_noise: bool = False
    characters: tuple[OrderedCharacter, ...] = ()
    format: Literal["png", "webp", "jpg"] = "png"
    policy: str = ""
    told: dict[str, Any] = Field(default_factory=dict)
    """What the caller asked for where that is not what is made (a model's alias, a size), and notes: for the answer."""

    def stored(self) -> dict[str, Any]:
        """As it lies in the store: JSON, without what is left at its default."""
        return {**self.model_dump(mode="json", exclude_defaults=True), "kind": self.kind}
