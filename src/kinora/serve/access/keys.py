"""Keys: who holds one may ask. A key is shown once, when it is made; the store keeps its SHA-256.

    keys = Keys(database)
    made = keys.create("Ada", role="artist")
    made.secret                        # "sk-kinora-3f9c01d2e4b5-..." to hand over: it can't be read again
    keys.find(made.secret)             # the Key, or None
    keys.revoke(made.key.id)

A secret has 256 random bits, so a plain hash is enough: passwords need slow ones because people choose so few of them.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select

from kinora.errors import InvalidRequest
from kinora.request import Real
from kinora.serve.access.caller import Caller
from kinora.serve.access.roles import LIMITS, ROLES, Limits, Role
from kinora.serve.store.database import Database
from kinora.serve.store.rows import of_row
from kinora.serve.store.tables_access import KeyRow

PREFIX = "sk-kinora-"
_SECRET = re.compile(r"sk-kinora-([0-9a-f]{12})-[0-9a-f]{64}")

NOTED_EVERY = 60.0
"""Seconds after which another use of a key is written down."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key without its secret. `limits` are what holds for it: its own where it has some, else its role's."""

    id: str
    name: str
    role: Role
    limits: Limits
    hint: str
    networks: tuple[str, ...] = ()
    created_at: float = 0.0
    expires_at: float | None = None
    revoked_at: float | None = None
    used_at: float | None = None

    @property
    def caller(self) -> Caller:
        """Who asks with it."""
        return Caller(self.id, self.role, self.limits, self.name)

    def holds(self, now: float) -> bool:
        """Whether it has neither been revoked nor run out."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def reaches_from(self, address: str) -> bool:
        """Whether it may be used from `address`."""
        if not self.networks:
            return True
        try:
            here = ipaddress.ip_address(address)
        except ValueError:
            return False
        here = getattr(here, "ipv4_mapped", None) or here
        return any(here in ipaddress.ip_network(network) for network in self.networks)


@dataclass(frozen=True)
class NewKey:
    """A key that was just made, with the secret that is never shown again."""

    key: Key
    secret: str


class Keys:
    """The keys of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        *,
        role: Role = "user",
        own: Limits | None = None,
        networks: Sequence[str] = (),
        seconds_valid: Real | None = None,
    ) -> NewKey:
        """Make a key. Limits not in `own` are the role's. Raises InvalidRequest for a name, a limit or a network that
        won't do.
        """
        _check(name, own)
        if seconds_valid is not None and not 0 < seconds_valid < math.inf:
            raise InvalidRequest(f"{seconds_valid:g} seconds", rule="a key holds for longer than 0 s, or for ever")
        number, rest = secrets.token_hex(6), secrets.token_hex(32)
        secret = f"{PREFIX}{number}-{rest}"
        with self._database.write() as session:
            now = self._database.now(session)
            row = KeyRow(
                id=f"key_{number}",
                name=name.strip(),
                role=role,
                hash=_hash(secret),
                hint=secret[-4:],
                jobs=own.jobs if own else None,
                seconds=own.seconds if own else None,
                at_once=own.at_once if own else None,
                networks=[_network(one) for one in networks],
                created_at=now,
                expires_at=None if seconds_valid is None else now + seconds_valid,
            )
            session.add(row)
            session.flush()
            return NewKey(_key(row), secret)

    def find(self, secret: str) -> Key | None:
        """The key with that secret, be it revoked or not; None if there is none."""
        match = _SECRET.fullmatch(secret)
        if match is None:
            return None
        with self._database.read() as session:
            row = session.get(KeyRow, f"key_{match[1]}")
            if row is None or not hmac.compare_digest(row.hash, _hash(secret)):
                return None
            return _key(row)

    def get(self, key_id: str) -> Key | None:
        """The key with that id."""
        with self._database.read() as session:
            row = session.get(KeyRow, key_id)
            return _key(row) if row is not None else None

    def all(self) -> list[Key]:
        """Every key ever made, oldest first."""
        with self._database.read() as session:
            return [_key(row) for row in session.scalars(select(KeyRow).order_by(KeyRow.created_at, KeyRow.id))]

    def any(self) -> bool:
        """Whether a key was ever made: a server whose last key was revoked is closed, not open to everybody."""
        with self._database.read() as session:
            return bool(session.scalar(select(exists().where(KeyRow.id.is_not(None)))))

    def revoke(self, key_id: str) -> Key:
        """End a key; its videos stay. Raises InvalidRequest if there is none of that id."""
        with self._database.write() as session:
            row = self._row(session.get(KeyRow, key_id), key_id)
            row.revoked_at = row.revoked_at or self._database.now(session)
            return _key(row)

    def change(self, key_id: str, *, role: Role | None = None, own: Limits | None = None) -> Key:
        """Give a key another role, or limits of its own in place of those it has; None leaves as is."""
        with self._database.write() as session:
            row = self._row(session.get(KeyRow, key_id), key_id)
            _check(row.name, own)
            row.role = role or row.role
            if own is not None:
                row.jobs, row.seconds, row.at_once = own.jobs, own.seconds, own.at_once
            return _key(row)

    def note_use(self, key: Key) -> None:
        """Write down that a key is in use, once a minute at most."""
        with self._database.write() as session:
            row, now = session.get(KeyRow, key.id), self._database.now(session)
            if row is not None and (row.used_at is None or row.used_at < now - NOTED_EVERY):
                row.used_at = now

    def _row(self, row: KeyRow | None, key_id: str) -> KeyRow:
        if row is None:
            raise InvalidRequest(key_id, rule="there is no such key", remedy="`kinora keys list` shows them")
        return row


def _check(name: str, own: Limits | None) -> None:
    if not 1 <= len(name.strip()) <= 80 or not name.isprintable():
        raise InvalidRequest(repr(name), rule="a key's name has 1 to 80 printable characters")
    for value in (own.jobs, own.seconds, own.at_once) if own else ():
        if value is not None and not 0 <= value < math.inf:
            raise InvalidRequest(value, rule="a limit is a number, and not below 0", remedy="leave it out for none")


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise InvalidRequest(
            text, rule=f"no network ({error})", remedy="for example 10.0.0.0/8 or 2001:db8::1"
        ) from error


def _key(row: KeyRow) -> Key:
    role: Role = next(one for one in ROLES if one == row.role)
    base = LIMITS[role]
    limits = Limits(
        base.jobs if row.jobs is None else row.jobs,
        base.seconds if row.seconds is None else row.seconds,
        base.at_once if row.at_once is None else row.at_once,
    )
    return of_row(Key, row, role=role, limits=limits, networks=tuple(row.networks))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
