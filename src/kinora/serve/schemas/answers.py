"""What is answered: OpenAI's objects field by field, all that its schema requires and always; ours under `kinora`."""

from __future__ import annotations

from typing import Any, Literal

from kinora.serve.schemas.base import Told


class Error(Told):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class Envelope(Told):
    """Every answer that is not the one asked for."""

    error: Error


class VideoError(Told):
    """Why a job failed."""

    code: str
    message: str


class Video(Told):
    """A job. `seconds` and `size` are those of the file (while it is made: those it will have)."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: int
    created_at: int
    completed_at: int | None
    expires_at: int | None
    prompt: str | None
    size: str
    seconds: str
    remixed_from_video_id: str | None
    error: VideoError | None
    kinora: dict[str, Any]


class Videos(Told):
    """One page of jobs; the next one begins after `last_id`."""

    object: Literal["list"] = "list"
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedVideo(Told):
    """It is gone, and its files with it."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: Literal[True] = True


class Character(Told):
    """Somebody who can be named in prompts."""

    id: str
    name: str
    created_at: int
    kinora: dict[str, Any]


class Model(Told):
    """A model that can be asked for."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    kinora: dict[str, Any]


class Models(Told):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[Model]
