"""Characters: a name, a clip of two to four seconds that shows them, and words that stand for the name.

What a character does for a video is said in `engine.edits.cast`; what it needs, here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from kinora.safety.policy import ALLOWED
from kinora.serve.assets import Asset
from kinora.serve.errors import ApiError, not_found
from kinora.serve.ordering.inputs import Brought
from kinora.serve.ordering.looking import Seen
from kinora.serve.ordering.reception import Reception, Visit, refused
from kinora.serve.schemas.videos import CreateCharacter
from kinora.serve.store.rows import of_row
from kinora.serve.store.tables import AssetRow, CharacterRow

SHORTEST, LONGEST = 2.0, 4.0
"""Seconds of a character's clip, as OpenAI has it."""

SLACK = 0.1
"""A frame more or less: containers round."""


@dataclass(frozen=True, kw_only=True)
class Character:
    """One that was made. `brought` is its clip."""

    id: str
    name: str
    description: str
    created_at: int
    consent: str
    brought: Brought


async def make(reception: Reception, visit: Visit, asked: CreateCharacter) -> Character:
    """Look at the clip, judge the words, keep both. Raises ApiError."""
    visit.asking.require("characters")
    clip = await visit.inputs.bring("video", asked.video, param="video", moving=True)
    seconds = clip.seen.seconds
    if not SHORTEST - SLACK <= seconds <= LONGEST + SLACK:
        message = f"A character's clip lasts {SHORTEST:g} to {LONGEST:g} seconds; this one lasts {seconds:.1f}."
        raise ApiError(400, message, code="invalid_value", param="video")
    words = [text for text in (asked.name, asked.description) if text]
    verdict = await reception.screening.words(reception.policy(visit.asking), words)
    if not verdict.allowed:
        await reception.access.note(visit.request, "characters.create", prompt="\n".join(words), verdict=verdict)
        raise refused(verdict)
    await visit.inputs.own("video")
    asset = (await visit.inputs.keep())["video"]
    name = f"char_{secrets.token_hex(16)}"
    created = await run_in_threadpool(_enter, reception, visit, asked, name, asset)
    visit.inputs.accepted()
    told = "\n".join(words)
    await reception.access.note(
        visit.request, "characters.create", prompt=told, subject=name, consent=bool(asked.consent)
    )
    return Character(
        id=name,
        name=asked.name,
        description=asked.description,
        created_at=created,
        consent=asked.consent,
        brought=clip,
    )


async def find(reception: Reception, owner: str, name: str, *, param: str) -> Character:
    """A character by its id. Raises ApiError (404) if there is none of that owner, or its clip is gone."""
    found = await run_in_threadpool(_read, reception, owner, name)
    if found is None:
        raise not_found("character", name, param)
    return found


def _enter(reception: Reception, visit: Visit, asked: CreateCharacter, name: str, asset: str) -> int:
    with reception.store.database.write() as session:
        now = reception.store.database.now(session)
        row = CharacterRow(
            id=name,
            owner=visit.asking.id,
            name=asked.name,
            description=asked.description,
            asset_id=asset,
            consent={"text": asked.consent, "by": visit.asking.id, "at": now} if asked.consent else {},
            created_at=now,
        )
        session.add(row)
        return int(now)


def _read(reception: Reception, owner: str, name: str) -> Character | None:
    with reception.store.database.read() as session:
        query = select(CharacterRow).where(CharacterRow.id == name, CharacterRow.owner == owner)
        row = session.scalar(query)
        file = session.get(AssetRow, row.asset_id) if row is not None and row.asset_id else None
        if row is None or file is None or file.state != "ready":
            return None
        asset = of_row(Asset, file)
        return Character(
            id=row.id,
            name=row.name,
            description=row.description,
            created_at=int(row.created_at),
            consent=row.consent.get("text", ""),
            brought=Brought(seen=Seen(size=(0, 0), seconds=SHORTEST, verdict=ALLOWED), kind=asset.type, asset=asset),
        )
