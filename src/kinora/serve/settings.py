"""Everything `kinora serve` and `kinora worker` can be told, checked once, before anything is opened.

    Settings()                                      # loopback, SQLite and files below ~/.local/share/kinora/serve
    Settings.read(port=9000)                        # KINORA_* variables, and what is given before them

Each field can be set as an environment variable: `max_upload` is KINORA_MAX_UPLOAD; lists are separated by commas.
"""

from __future__ import annotations

import ipaddress
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinora.errors import InvalidRequest
from kinora.request import DEFAULT_MODEL, Real
from kinora.serve.store.database import normalised_url
from kinora.serve.store.rows import Rules

if TYPE_CHECKING:
    from kinora.safety import Guard

FAKE = "fake"
"""The model that needs no weights: colour bars from `kinora.engine.fake`, for tests of what stands around a model."""

SORA = ("sora-2", "sora-2-pro", "sora-2-2025-10-06", "sora-2-pro-2025-10-06", "sora-2-2025-12-08")
"""Names that programs written for the Sora API ask for: "aliases=sora" gives them our model."""

MIB = 1 << 20


def data_folder() -> Path:
    """Where the server keeps what it makes when nobody says where: KINORA_HOME, or the user's data folder."""
    home = os.environ.get("KINORA_HOME")
    base = Path(home) if home else Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "kinora"
    return base / "serve"


def _default_database() -> str:
    return str(data_folder() / "kinora.db")


def _default_storage() -> str:
    return str(data_folder() / "files")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One server. Times are seconds, sizes bytes.

    host, port: where it listens. keys: every request needs a key; without, it listens on loopback only.
    public_url: how users reach it, where a link has to be whole.
    database: a path or URL (SQLite, PostgreSQL). storage: a folder or fsspec URL.
    model: what makes videos when a request names none. models: further names that may be asked for. aliases: other
        names for models, "sora" for all of Sora's, or "theirs=ours" each; answers name the true model.
    policy: the guard's profile. device: what workers compute on ("" for the best there is).
    workers: processes on this machine; 0 leaves all work to others. ray: address of a Ray cluster that works instead.
    threads: of each worker, 0 for a fair share of the cores.
    memory: bytes that all jobs on one machine may take together, 0 for four fifths of what it has.
    job_memory: bytes that one worker may grow to, 0 for `memory`.
    job_timeout: how long a job may run. faults: how many workers may die of it.
    lease: how long a worker may be silent. drain: how long running jobs may go on after SIGTERM.
    queue, queue_each: jobs that may wait, of all and of one owner.
    retention: how long files of finished jobs stay, 0 for ever.
    max_upload, max_pixels, max_upload_seconds, max_prompt: of what is sent in.
    remote_urls: hosts from which pictures may be fetched; none by default.
    request_timeout: how long a client may take to send a request. log_prompts: words into the audit log, not hashes.
    preview: how long between two live frames of a running job; 0 for none.
    pause: how long each step of the fake model takes.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: bool = False
    public_url: str = ""
    database: str = field(default_factory=_default_database)
    storage: str = field(default_factory=_default_storage)
    model: str = DEFAULT_MODEL
    models: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ("sora",)
    policy: str = "standard"
    device: str = ""
    workers: int = 1
    ray: str = ""
    threads: int = 0
    memory: int = 0
    job_memory: int = 0
    job_timeout: Real = 3600.0
    faults: int = 3
    lease: Real = 30.0
    drain: Real = 30.0
    queue: int = 1000
    queue_each: int = 200
    retention: Real = 0.0
    max_upload: int = 256 * MIB
    max_pixels: int = 64_000_000
    max_upload_seconds: Real = 120.0
    max_prompt: int = 32_000
    remote_urls: tuple[str, ...] = ()
    request_timeout: Real = 60.0
    log_prompts: bool = False
    preview: Real = 2.0
    pause: Real = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise InvalidRequest(f"port {self.port}", rule="ports go from 0 (any) to 65535", remedy="try 8000")
        if self.is_fake and self.models:
            raise InvalidRequest(FAKE, rule="makes colour bars under a lighter guard, so it is the only model")
        if not (self.keys or self.loopback):
            raise InvalidRequest(
                self.host,
                rule="without keys the server listens on loopback only, where no other machine reaches it",
                remedy="add --keys and make one with `kinora keys create`, or leave --host out",
            )
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise InvalidRequest(f"{one.name} {value:g}", rule="must be a finite number")
        for name in ("lease", "job_timeout", "request_timeout", "max_upload_seconds"):
            if getattr(self, name) <= 0:
                raise InvalidRequest(f"{name} {getattr(self, name):g}", rule="must be above 0 seconds")
        for name in ("faults", "queue", "queue_each", "max_upload", "max_pixels", "max_prompt"):
            if getattr(self, name) < 1:
                raise InvalidRequest(f"{name} {getattr(self, name)}", rule="must be at least 1")
        for name in ("workers", "threads", "memory", "job_memory", "drain", "retention", "preview", "pause"):
            if getattr(self, name) < 0:
                raise InvalidRequest(f"{name} {getattr(self, name):g}", rule="must not be below 0")
        normalised_url(self.database)
        dict(map(_pair, self.aliases))

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """The settings of the environment; whatever is `given` and not None goes before it.

        Raises InvalidRequest, naming the variable, for a value of the wrong kind.
        """
        found = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for one in fields(cls):
            name = f"KINORA_{one.name.upper()}"
            if name in found:
                try:
                    values[one.name] = _READERS[str(one.type)](found[name])
                except ValueError as error:
                    raise InvalidRequest(f"{name}={found[name]}", rule=f"must be {_MEANT[str(one.type)]}") from error
        return cls(**values | {name: value for name, value in given.items() if value is not None})

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_fake(self) -> bool:
        """Whether nothing but colour bars is made."""
        return self.model == FAKE

    @property
    def offered(self) -> tuple[str, ...]:
        """The true names of the models that may be asked for, the default first."""
        return tuple(dict.fromkeys((self.model, *self.models)))

    def model_named(self, name: str | None) -> str | None:
        """The true model for a name in a request: the default for none, None for one that is not offered."""
        if name is None:
            return self.model
        if name in self.offered:
            return name
        return self.aliased.get(name)

    @property
    def aliased(self) -> dict[str, str]:
        """Other names for models."""
        pairs: dict[str, str] = {}
        for one in self.aliases:
            theirs, ours = _pair(one)
            pairs |= dict.fromkeys(SORA, self.model) if theirs == "sora" and not ours else {theirs: ours}
        return pairs

    @property
    def rules(self) -> Rules:
        """The queue's part of the settings."""
        return Rules(
            waiting=self.queue,
            waiting_each=self.queue_each,
            lease=self.lease,
            faults=self.faults,
            retention=self.retention,
        )

    @property
    def budget(self) -> int:
        """Bytes that all jobs on this machine may take together."""
        if self.memory:
            return self.memory
        from kinora.engine.memory import total_memory

        return total_memory() * 4 // 5

    def guard(self, policy: str | None = None, model: str | None = None) -> Guard:
        """Who judges words and pictures of a model; for colour bars by lists alone, without loading torch."""
        from kinora.safety import default_guard, lists_only_guard

        return lists_only_guard() if (model or self.model) == FAKE else default_guard(policy or self.policy)


def _pair(alias: str) -> tuple[str, str]:
    """An alias as (theirs, ours). Raises InvalidRequest."""
    theirs, equals, ours = (part.strip() for part in alias.partition("="))
    if theirs == "sora" and not equals:
        return theirs, ""
    if not theirs or not ours:
        raise InvalidRequest(alias, rule="an alias is theirs=ours, or sora", remedy="for example sora-2=kinora-small")
    return theirs, ours


def _flag(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]


_READERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "Real": float,
    "bool": _flag,
    "tuple[str, ...]": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
}
_MEANT = {"int": "a whole number", "Real": "a number", "bool": "true or false"}
