"""What credentials say, read from c2pa's report into values and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kinora.safety.provenance_record import GENERATION

if TYPE_CHECKING:
    import c2pa

State = Literal["trusted", "valid", "invalid", "not_present"]

GENERATED = {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
"""Digital source types (IPTC) of media that a trained model made, wholly or in part."""


@dataclass(frozen=True)
class Action:
    """One thing done to the work: its name in the C2PA's words, the IPTC's source type, the labels of its inputs."""

    name: str
    when: str | None = None
    source: str | None = None
    agent: str | None = None
    description: str | None = None
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ingredient:
    """One input. `state` is what its own credentials were worth when the work was signed."""

    title: str
    kind: str
    relationship: str
    state: State
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A file's credentials; everything but `state` and `why` may be empty, and is a claim only, unless the state holds.

    `trusted`: unchanged, and signed by somebody this machine trusts. `valid`: unchanged, by a stranger. `invalid`:
    changed since, or signed wrongly. `not_present`: none, which says nothing of where the file comes from.
    """

    state: State
    why: str
    issuer: str | None = None
    signed_at: str | None = None
    generator: str | None = None
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    generation: Mapping[str, Any] = field(default_factory=dict)
    watermark: str | None = None
    failures: tuple[str, ...] = ()
    sidecar: bool = False

    @property
    def holds(self) -> bool:
        """Whether what the credentials say was said by their signer about these very bytes."""
        return self.state in ("trusted", "valid")

    @property
    def generated(self) -> bool:
        """Whether sound credentials say that a trained model made the file. A tampered file proves nothing."""
        return self.holds and any(action.source in GENERATED for action in self.actions)

    def as_dict(self) -> dict[str, Any]:
        """Every field, for JSON."""
        return {**asdict(self), "generation": dict(self.generation), "generated": self.generated}


NOT_PRESENT = Credentials(
    state="not_present",
    why="it carries no Content Credentials; most files don't, and copying or converting strips them",
)


def unreadable(reason: str) -> Credentials:
    """Credentials are there and can't be read."""
    if "remote" in reason.lower():
        why = "it only names an address where its credentials would be, and Kinora does not call there"
        return Credentials(state="not_present", why=why, failures=(reason,))
    why = f"its credentials are damaged ({reason})"
    return Credentials(state="invalid", why=why, failures=(reason,))


def credentials_of(reader: c2pa.Reader, *, sidecar: bool) -> Credentials:
    """Turn an open c2pa reader into values."""
    found: dict[str, Any] = reader.get_active_manifest() or {}
    results: dict[str, Any] = reader.get_validation_results() or {}
    failures = tuple(_failed(results.get("activeManifest")))
    state = _STATES[reader.get_validation_state() or "Invalid"]
    # What is wrong with an input now, by its label; what was wrong when it was used stands with the input itself.
    place = f"/{found.get('label')}/c2pa.assertions/"
    changed = {
        one["ingredientAssertionURI"].rpartition("/")[2]: set(_failed(one["validationDeltas"]))
        for one in results.get("ingredientDeltas") or ()
        if place in one["ingredientAssertionURI"]
    }
    ingredients = tuple(_ingredient(one, changed) for one in found.get("ingredients", ()))
    signature = found.get("signature_info") or {}
    data = {one["label"]: one.get("data") or {} for one in found.get("assertions", ())}
    said = next((one for label, one in data.items() if label.startswith("c2pa.actions")), {})
    blocks = data.get("c2pa.soft-binding", {}).get("blocks", [])
    return Credentials(
        state=state,
        why=_why(state, failures, signature, ingredients),
        issuer=signature.get("issuer"),
        signed_at=signature.get("time"),
        generator=_generator(found),
        actions=tuple(_action(one) for one in said.get("actions", ())),
        ingredients=ingredients,
        generation=data.get(GENERATION, {}),
        watermark=blocks[0].get("value") if blocks else None,
        failures=failures,
        sidecar=sidecar,
    )


_STATES: dict[str, State] = {"Trusted": "trusted", "Valid": "valid", "Invalid": "invalid"}

_REASONS = {
    "assertion.bmffHash.mismatch": "the file was changed after it was signed",
    "assertion.dataHash.mismatch": "the file was changed after it was signed",
    "assertion.boxesHash.mismatch": "the file was changed after it was signed",
    "assertion.hashedURI.mismatch": "the credentials themselves were changed",
    "claimSignature.mismatch": "the signature does not fit what it signs",
    "signingCredential.expired": "the signer's certificate had run out, and nothing proves that it signed before",
    "signingCredential.invalid": "the signer's certificate is not fit for signing",
}


UNTRUSTED = "signingCredential.untrusted"


def _failed(results: Mapping[str, Any] | None) -> list[str]:
    """The failures' codes of one validation, each once."""
    return list(dict.fromkeys(one["code"] for one in (results or {}).get("failure") or ()))


def _why(
    state: State, failures: tuple[str, ...], signature: Mapping[str, Any], ingredients: tuple[Ingredient, ...]
) -> str:
    signer, time = signature.get("issuer") or "an unnamed signer", signature.get("time")
    when = f"its time stamp says {time}" if time else "no time stamp proves when"
    if state == "trusted":
        return f"signed by {signer}, whom this machine trusts, and unchanged since; {when}"
    if state == "valid":
        return f"unchanged since it was signed by {signer}, whom this machine doesn't know; {when}"
    # An unknown signer is not what is wrong with it.
    wrong = [code for code in failures if code != UNTRUSTED]
    reasons = [_REASONS.get(code, f"a check failed: {code}") for code in wrong]
    broken = [one.title or one.label for one in ingredients if one.state == "invalid"]
    reasons += [f"the credentials of its input {name!r} do not hold" for name in broken]
    return "; ".join(dict.fromkeys(reasons)) or "a check failed that c2pa does not name"


def _generator(found: Mapping[str, Any]) -> str | None:
    info = next(iter(found.get("claim_generator_info") or ()), None)
    if info is None:
        return found.get("claim_generator")
    return f"{info.get('name', '')} {info.get('version', '')}".strip()


def _action(said: Mapping[str, Any]) -> Action:
    agent, parameters = said.get("softwareAgent"), said.get("parameters") or {}
    source = said.get("digitalSourceType")
    inputs = parameters.get("ingredients") or [one for one in [parameters.get("ingredient")] if one]
    if isinstance(agent, Mapping):
        agent = f"{agent.get('name', '')} {agent.get('version', '')}".strip()
    return Action(
        name=said.get("action", ""),
        when=said.get("when"),
        source=source.rpartition("/")[2] if source else None,
        agent=agent,
        description=said.get("description"),
        inputs=tuple(one["url"].rpartition("/")[2] for one in inputs),
    )


def _ingredient(said: Mapping[str, Any], changed: Mapping[str, set[str]]) -> Ingredient:
    label = said.get("label", "")
    then = (said.get("validation_results") or {}).get("activeManifest")
    codes = set(_failed(then)) | changed.get(label, set())
    state: State
    if "active_manifest" not in said:
        state = "not_present"
    elif codes:
        state = "valid" if codes == {UNTRUSTED} else "invalid"
    else:
        state = "trusted"
    return Ingredient(said.get("title", ""), said.get("format", ""), said.get("relationship", ""), state, label)
