"""A request's body as fields, whichever of the three ways it was written in: JSON, multipart or an urlencoded form.

    body = await read_body(request)
    asked = body.read(CreateVideo)          # a pydantic model; ApiError says what is wrong, in OpenAI's words

The Python client sends multipart even for text alone, others JSON, curl either; every POST takes all of them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from kinora.request import Real
from kinora.serve.complaints import complaint
from kinora.serve.errors import ApiError
from kinora.serve.wire.fields import nested
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
            yield Body(_clean(nested(parts)), form=True)
        return
    raw = await request.body()
    if kind not in ("application/json", "") and not kind.endswith("+json"):
        raise ApiError(415, f"Unsupported content type '{kind[:80]}': send application/json or multipart/form-data.")
    yield Body(_clean(_object(raw)), form=False)


def _part(value: str | UploadFile) -> str | Upload:
    if isinstance(value, str):
        return value
    # What the form parser counted is what was written; nothing is asked of the client's own figure.
    return Upload(value.file, value.filename or "", value.size or 0)


def _object(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, parse_constant=_no_constant, parse_float=_number)
    except (ValueError, RecursionError) as error:
        message = "We could not parse the JSON body of your request: it is not valid JSON."
        raise ApiError(400, message, code="invalid_json") from error
    if not isinstance(value, dict):
        raise ApiError(400, "The JSON body of a request must be an object.", code="invalid_json")
    return value


def _number(text: str) -> Real:
    """A number with a point or an exponent: 2.0 is the integer 2, as JSON Schema has it (6.3 of its core)."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields. Raises ApiError for what no database and no encoder takes as text: NUL and lone surrogates."""
    stack: list[tuple[str, Any]] = [("", fields)]
    while stack:
        where, value = stack.pop()
        if isinstance(value, dict):
            if not all(_is_text(name) for name in value):
                raise ApiError(400, "A field's name is not text.", code="invalid_name", param=where or None)
            stack += [(f"{where}.{name}" if where else name, one) for name, one in value.items()]
        elif isinstance(value, list):
            stack += [(f"{where}[{index}]", one) for index, one in enumerate(value)]
        elif isinstance(value, str) and not _is_text(value):
            raise ApiError(400, f"Invalid value for '{where}': it is not text.", code="invalid_value", param=where)
    return fields


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
