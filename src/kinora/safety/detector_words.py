"""What a report says to a person: each witness in a sentence, and what the whole proves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinora.safety.detector import Answer, Evidence
    from kinora.safety.watermark import Detection
    from kinora.safety.watermark_code import Payload

NOTHING_PROVED = (
    "That no mark of Kinora was found proves nothing: marks can be lost or removed, and other generators leave none."
)


def sentences(
    evidence: Evidence, verdict: Answer, probability: float, names: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """The verdict first, then the reasons."""
    yield {
        "made": f"Made with Kinora, by all that was found ({percent(probability)} sure).",
        "likely": f"Probably made with Kinora ({percent(probability)}), but no strong evidence says so.",
        "unknown": "Nothing proves that Kinora made this.",
    }[verdict]
    yield f"Content Credentials: {evidence.credentials.state}; {evidence.credentials.why}."
    if evidence.watermark is not None:
        yield f"Watermark: {mark(evidence.watermark, evidence.key, names)}."
    if evidence.noise is not None:
        chance = f"chance {evidence.noise.p_value:.0e}"
        yield f"Noise mark: {'found' if evidence.noise.found else 'not found'} ({chance})."
    if evidence.classifier is not None:
        yield f"Classifier: {percent(evidence.classifier)} like the shipped model's pictures; a weak sign."
    yield from (f"Note: {note}." for note in evidence.notes)
    if verdict == "unknown":
        yield NOTHING_PROVED


def mark(found: Detection, key: str, names: Iterable[tuple[str, str]]) -> str:
    """The watermark in words."""
    if not found.found:
        return "not found"
    where = [f"cut to {found.share:.0%} of the marked picture's short side"] * (found.share < 0.98)
    where += ["mirrored"] * found.mirrored
    kept = f" ({', '.join(where)})" if where else ""
    whose = "the open key, which anyone can use" if key == "open" else "your own key"
    said = f"found{kept}, made with {whose}; an unmarked file looks so with a chance under {found.p_value:.0e}"
    return f"{said}; {payload(found.payload, names)}"


def payload(read: Payload | None, names: Iterable[tuple[str, str]]) -> str:
    """Who made it, if that could be read."""
    if read is None:
        return "its payload can't be read any more"
    for model, version in names:
        if read.names(model, version):
            return f"its payload {read.hex} names {model} {version}, job {read.job:06x}"
    return f"its payload {read.hex} names a model not known here, job {read.job:06x}"


def percent(probability: float) -> str:
    """A probability that never claims to be certain."""
    return "over 99.9 %" if probability > 0.999 else f"{probability:.1%}".replace("%", " %")
