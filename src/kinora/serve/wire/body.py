"""A request's body as fields, whichever of the three ways it was written in: JSON, multipart or an urlencoded form.

    body = await read_body(request)
    asked = body.read(CreateVideo)          # a pydantic model; ApiError says what is wrong, in OpenAI's words

The Python client sends multipart even for text alone, others JSON, curl either; every POST takes all of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from kinora.serve.complaints import complaint
from kinora.serve.errors import ApiError
from kinora.serve.wire.fields import nested
from kinora.serve.wire.strict import checked, parsed
from kinora.serve.wire.upload import Upload

Model = TypeVar("Model", bound=BaseModel)

FILES, FIELDS = 8, 400
"""Parts of one form."""

LONGEST_FIELD = 24 * 1024 * 1024
"""Bytes of one text field: a data URL has up to 20,971,520 characters by the contract."""

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@dataclass(frozen=True)
class Body:
    """The fields of a request, nested; in a `form` every scalar is text."""

    fields: dict[str, Any]
    form: bool

    def read(self, model: type[Model]) -> Model:
        """The fields as `model`: JSON's types must fit exactly, a form's text is converted. Raises ApiError (400)."""
        try:
            return model.model_validate(self.fields, strict=not self.form, context={"form": self.form})
        except ValidationError as error:
            found = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "missing")
            raise ApiError(400, **complaint(found)) from error


@asynccontextmanager
async def read_body(request: Request) -> AsyncIterator[Body]:
    """Read all of the body; its files stay open inside the block. Raises ApiError (400, 415)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in FORMS:
        async with request.form(max_files=FILES, max_fields=FIELDS, max_part_size=LONGEST_FIELD) as form:
            parts = [(name, _part(value)) for name, value in form.multi_items()]
            if parts and parts[0][0].lstrip().startswith("{"):  # what `curl -d` says of JSON unless it is told
                message = "The body is JSON but is said to be a form: send 'Content-Type: application/json'."
                raise ApiError(400, message, code="invalid_form")
            yield Body(checked(nested(parts), where=""), form=True)
        return
    raw = await request.body()
    if kind not in ("application/json", "") and not kind.endswith("+json"):
        raise ApiError(415, f"Unsupported content type '{kind[:80]}': send application/json or multipart/form-data.")
    yield Body(await run_in_threadpool(_object, raw), form=False)  # a large one takes a while


def _part(value: str | UploadFile) -> str | Upload:
    return value if isinstance(value, str) else Upload(value.file)


def _object(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        value = parsed(raw)
    except (ValueError, RecursionError) as error:
        message = "We could not parse the JSON body of your request: it is not valid JSON."
        raise ApiError(400, message, code="invalid_json") from error
    if not isinstance(value, dict):
        raise ApiError(400, "The JSON body of a request must be an object.", code="invalid_json")
    return value
