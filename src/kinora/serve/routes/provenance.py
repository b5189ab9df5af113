"""/v1/content_provenance_checks: did Kinora make this, and has it been changed since? For pictures, and videos too."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from kinora.errors import KinoraError
from kinora.serve.errors import of_kinora
from kinora.serve.ordering.looking import examined
from kinora.serve.routes.describing import body_of, errors
from kinora.serve.routes.parts import Asking, AtReception, now, visiting
from kinora.serve.schemas.provenance import CheckProvenance, Classifier, Credentials, ProvenanceCheck, Watermark

router = APIRouter(prefix="/v1/content_provenance_checks", tags=["Safety"])

LOOKS_MADE = 0.5
"""The classifier's score from which it says so. It is weak evidence: see docs/watermark.md."""


@router.post("", responses=errors(400, 404, 415), openapi_extra=body_of(CheckProvenance))
async def check_provenance(request: Request, reception: AtReception, asking: Asking) -> ProvenanceCheck:
    """Ask Content Credentials, the watermark and the classifier about a file. Nothing of it is kept."""
    async with visiting(request, reception, asking, CheckProvenance) as (visit, asked):
        brought = await visit.inputs.look("file", asked.file, param="file")
        await visit.inputs.own("file")
        path = visit.inputs.brought["file"].path
        assert path is not None, f"{brought=}"
        names = [(offer.name, offer.version) for offer in reception.catalogue.offers.values()]
        try:
            told = await reception.witness.run(examined, path, names)
        except KinoraError as error:
            raise of_kinora(error, "file") from error
    return await run_in_threadpool(_check, told)


def _check(told: dict[str, Any]) -> ProvenanceCheck:
    said, mark = told["credentials"], told["watermark"]
    results: list[Credentials | Watermark | Classifier] = [
        Credentials(
            outcome="detected" if said["state"] in ("trusted", "valid") else "not_detected",
            validation_state=said["state"],
            issuer=said["issuer"],
            model=said["generation"].get("model"),
            generated_at=said["signed_at"],
        )
    ]
    if mark is not None:
        found = bool(mark["found"])
        results.append(
            Watermark(
                outcome="detected" if found else "not_detected",
                model=told["model"],
                p_value=mark["p_value"],
                payload=mark["payload"] if found else None,
            )
        )
    if told["classifier"] is not None:
        looks = told["classifier"] >= LOOKS_MADE
        results.append(Classifier(outcome="detected" if looks else "not_detected", score=told["classifier"]))
    extra = {name: told[name] for name in ("verdict", "probability", "sentences", "frames", "notes")}
    return ProvenanceCheck(created_at=now(), results=results, kinora=extra)
