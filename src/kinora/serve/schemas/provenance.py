"""What is asked of and answered by /v1/content_provenance_checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from kinora.serve.schemas.base import AnyFile, Asked, Told

Outcome = Literal["detected", "not_detected"]


class CheckProvenance(Asked):
    """POST /v1/content_provenance_checks: a picture, or (ours) a video."""

    file: AnyFile


class Credentials(Told):
    """What the file's Content Credentials say, and how far they hold."""

    type: Literal["c2pa"] = "c2pa"
    outcome: Outcome
    validation_state: Literal["trusted", "valid", "invalid", "not_present"]
    issuer: str | None
    model: str | None
    generated_at: str | None


class Watermark(Told):
    """Whether Kinora's mark is in the pixels: how likely as much of it would be there by chance."""

    type: Literal["kinora_watermark"] = "kinora_watermark"
    outcome: Outcome
    model: str | None
    generated_at: None = None
    p_value: float
    payload: str | None


class Classifier(Told):
    """How the pictures look: the odds that the shipped model made them, by itself weak evidence."""

    type: Literal["kinora_classifier"] = "kinora_classifier"
    outcome: Outcome
    model: None = None
    generated_at: None = None
    score: float


Result: TypeAlias = Annotated[Credentials | Watermark | Classifier, Field(discriminator="type")]


class ProvenanceCheck(Told):
    """The answer. `kinora` weighs the witnesses together, in words."""

    object: Literal["content_provenance_check"] = "content_provenance_check"
    created_at: int
    results: list[Result]
    kinora: dict[str, Any]
