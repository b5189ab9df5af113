"""/v1/videos/characters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from kinora.serve.ordering import characters
from kinora.serve.routes.describing import GIVES, TAKES, body_of
from kinora.serve.routes.parts import Asking, AtReception, visiting
from kinora.serve.schemas.answers import Character
from kinora.serve.schemas.base import Identifier
from kinora.serve.schemas.videos import CreateCharacter

router = APIRouter(prefix="/v1/videos/characters", tags=["Characters"])


@router.post("", responses=TAKES, openapi_extra=body_of(CreateCharacter))
async def create_character(request: Request, reception: AtReception, asking: Asking) -> Character:
    """Keep a name and a clip of two to four seconds, to be named in prompts."""
    async with visiting(request, reception, asking, CreateCharacter) as (visit, asked):
        return character(await characters.make(reception, visit, asked))


@router.get("/{character_id}", responses=GIVES)
async def get_character(
    character_id: Annotated[Identifier, Path(description="The character's id.")], reception: AtReception, asking: Asking
) -> Character:
    """One character."""
    return character(await characters.find(reception, asking.id, character_id, param="character_id"))


def character(one: characters.Character) -> Character:
    """A character, with what it lacks in words."""
    notes = []
    if not one.description:
        notes.append(
            "no description: the model only sees the end of the clip. Words that stand for the name carry more: send"
            " `description`"
        )
    extra = {"description": one.description, "consent": bool(one.consent), "notes": notes}
    return Character(id=one.id, name=one.name, created_at=one.created_at, kinora=extra)
