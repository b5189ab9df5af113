"""The shapes of accounts on the wire: what is asked, and what is answered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from kinora.request import Real
from kinora.serve.access.audit import Entry
from kinora.serve.access.cases import Case, Decision
from kinora.serve.access.keys import Key
from kinora.serve.access.quotas import Used
from kinora.serve.access.roles import Limits, Role
from kinora.serve.schemas.base import Asked, Identifier, Nested, Told, check_one_of

Text = Annotated[str, Field(max_length=4_000)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Moment = Annotated[int, BeforeValidator(int)]
"""Whole seconds since 1970, of a moment that the store has to the microsecond."""

Harm = Literal["sexual", "sexual/minors", "violence", "hate", "harassment", "self-harm", "illicit", "extremism"]
Category = Harm | Literal["likeness", "ip", "deception", "other"]
"""What a report can be about: the policy's categories in the coarse, and whatever else there is."""


class AskedLimits(Asked):
    """Limits of a key's own; what is left out is the role's."""

    jobs: Count | None = None
    seconds: Seconds | None = None
    at_once: Count | None = None

    def value(self) -> Limits:
        """As the store has them."""
        return Limits(self.jobs, self.seconds, self.at_once)


class CreateKey(Asked):
    """A new key."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    role: Role = "user"
    limits: Annotated[AskedLimits, Nested] | None = None
    networks: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100, default_factory=list), Nested]
    seconds_valid: Annotated[float, Field(gt=0, le=1e9)] | None = None


class ChangeKey(Asked):
    """Another role, or limits in place of those it has."""

    role: Role | None = None
    limits: Annotated[AskedLimits, Nested] | None = None


class CreateReport(Asked):
    """Something is wrong with a video: one made here, or a file whose credentials name the hash of its prompt."""

    video_id: Identifier | None = None
    prompt_sha256: Sha256 | None = None
    category: Category
    text: Text = ""

    @model_validator(mode="after")
    def _one(self) -> CreateReport:
        check_one_of(self, "video_id", "prompt_sha256")
        return self


class CreateAppeal(Asked):
    """A refusal was wrong: of a request, by the `x-request-id` of its answer, or of a video, by its id."""

    request_id: Identifier | None = None
    video_id: Identifier | None = None
    text: Text = ""

    @model_validator(mode="after")
    def _one(self) -> CreateAppeal:
        check_one_of(self, "request_id", "video_id")
        return self


class Decide(Asked):
    """What becomes of a case. `remove`: an upheld report takes the video away, with its files."""

    decision: Decision
    note: Text = ""
    remove: bool = True


class ToldLimits(Told):
    """Limits or what is used of them, in a UTC day; null is no limit."""

    jobs: int | None
    seconds: Real | None
    at_once: int | None


class ToldKey(Told):
    """A key; its secret only in the answer that made it."""

    id: str
    object: Literal["key"] = "key"
    name: str
    role: Role
    limits: ToldLimits
    hint: str
    networks: list[str]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    used_at: Moment | None
    secret: str | None = None

    @classmethod
    def of(cls, key: Key, secret: str | None = None) -> ToldKey:
        """A key as it is told."""
        return cls.model_validate({**asdict(key), "secret": secret})


class ToldCaller(Told):
    """Who you are."""

    id: str
    object: Literal["caller"] = "caller"
    name: str
    role: Role
    may: list[str]
    limits: ToldLimits
    used: ToldLimits


class ToldCase(Told):
    """A report or an appeal. `evidence`, for reviewers, is what the audit log has on its subject."""

    id: str
    object: Literal["report", "appeal"]
    subject: str
    category: str
    text: str
    state: Literal["open", "upheld", "dismissed"]
    created_at: Moment
    decided_at: Moment | None
    note: str
    evidence: list[ToldEntry] | None = None

    @classmethod
    def of(cls, case: Case, evidence: list[ToldEntry] | None = None) -> ToldCase:
        """A case as it is told."""
        return cls.model_validate({**asdict(case), "object": case.kind, "evidence": evidence})


class ToldEntry(Told):
    """A line of the audit log."""

    seq: int
    object: Literal["audit_entry"] = "audit_entry"
    at: float
    request_id: str
    key_id: str
    role: str
    action: str
    subject: str | None
    prompt_sha256: str | None
    prompt: str | None
    verdict: str
    categories: list[str]
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> ToldEntry:
        """A line as it is told."""
        return cls.model_validate({**asdict(entry), "key_id": entry.owner})


class Keys(Told):
    """Every key ever made."""

    object: Literal["list"] = "list"
    data: list[ToldKey]


class Entries(Told):
    """Lines of the audit log, newest first; go on with `before` the last one's `seq`."""

    object: Literal["list"] = "list"
    data: list[ToldEntry]


class CaseList(Told):
    """Cases, oldest first."""

    object: Literal["list"] = "list"
    data: list[ToldCase]


def told_limits(limits: Limits | Used) -> ToldLimits:
    """Limits, or what is used of them, as they are told."""
    return ToldLimits.model_validate(asdict(limits))
