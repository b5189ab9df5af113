"""/v1/models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from kinora.grid import format_size
from kinora.serve.ordering.catalogue import Offer
from kinora.serve.routes.describing import GIVES
from kinora.serve.routes.parts import Asking, AtReception
from kinora.serve.schemas.answers import Model, Models

router = APIRouter(prefix="/v1/models", tags=["Models"])


@router.get("", responses=GIVES)
async def list_models(reception: AtReception, asking: Asking) -> Models:  # noqa: ARG001 - for callers only
    """The models by their true names, then the names that stand for one of them here."""
    offers = reception.catalogue.offers
    aliased = [shown(offers[true], name) for name, true in reception.settings.aliased.items() if true in offers]
    return Models(data=[*(shown(offer, offer.name) for offer in offers.values()), *aliased])


@router.get("/{model}", responses=GIVES)
async def retrieve_model(
    model: Annotated[str, Path(max_length=255, pattern=r"^[^/]+$", description="A model's name.")],
    reception: AtReception,
    asking: Asking,  # noqa: ARG001 - for callers only
) -> Model:
    """One model: what it can be asked for."""
    return shown(reception.catalogue.asked(model).offer, model)


def shown(offer: Offer, name: str) -> Model:
    """A model under a name of its own or another."""
    limits = offer.limits
    extra = {
        "model": offer.name,
        "version": offer.version,
        "licence": offer.licence,
        "summary": offer.summary,
        "size": format_size(limits.size),
        "seconds": limits.seconds,
        "max_seconds": limits.max_seconds,
        "fps": limits.fps,
        "multiple_of": list(limits.grid.multiple),
        "max_pixels": limits.max_pixels,
    }
    return Model(id=name, created=offer.created, owned_by="kinora", kinora=extra)
