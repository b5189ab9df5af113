"""The models that a server offers and what each can be asked for, by their descriptions: no weights, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kinora.checkpoints.catalog import CATALOG, describe, find
from kinora.checkpoints.manifest import Manifest
from kinora.engine.fake import LIMITS
from kinora.request import Limits
from kinora.serve.errors import ApiError
from kinora.serve.settings import FAKE, Settings


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One model by its true name. `created` is when its files were written, in seconds since 1970.

    manifest: what it says of itself; None for colour bars.
    """

    name: str
    version: str
    limits: Limits
    created: int
    licence: str = ""
    summary: str = ""
    manifest: Manifest | None = None

    def check_given(self, *, first: bool, last: bool) -> None:
        """Raise InvalidRequest where it needs pictures of a clip's ends that are not given. Colour bars need none."""
        if self.manifest is not None:
            self.manifest.check_given(first=first, last=last)

    def check_at_once(self, frames: int) -> None:
        """Raise InvalidRequest for more frames, new ones and given ends together, than it makes at once."""
        if self.manifest is not None:
            self.manifest.check_at_once(-(-(frames - 1) // self.limits.grid.stride[0]) + 1)


@dataclass(frozen=True)
class Asked:
    """What a request's `model` came to. `alias`: it named another one (or none, on a server that answers for Sora)."""

    offer: Offer
    alias: bool


class Catalogue:
    """The models of a server. Raises UnknownModel or CorruptWeights when one of them isn't there."""

    def __init__(self, settings: Settings) -> None:
        self.offers: Mapping[str, Offer] = {name: _offer(name) for name in settings.offered}
        self._settings = settings

    def asked(self, name: str | None) -> Asked:
        """The model for a name in a request, or for none. Raises ApiError (404) for one that is not offered."""
        true = self._settings.model_named(name)
        if true is None or true not in self.offers:
            known = ", ".join([*self.offers, *self._settings.aliased])
            message = f"The model '{str(name)[:80]}' does not exist here; there are {known}."
            raise ApiError(404, message, code="model_not_found", param="model")
        foreign = bool(self._settings.aliased) if name is None else name not in self.offers
        return Asked(self.offers[true], foreign)


def _offer(name: str) -> Offer:
    if name == FAKE:
        return Offer(name=FAKE, version="1", limits=LIMITS, created=0, summary="colour bars, for tests")
    directory = find(name)
    manifest = describe(name)
    entry = CATALOG.get(manifest.name)
    return Offer(
        name=name,
        version=manifest.version,
        limits=manifest.limits,
        created=int(directory.stat().st_mtime),
        licence=entry.licence if entry else "",
        summary=entry.summary if entry else "",
        manifest=manifest,
    )
