"""A file that came with a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema


@dataclass(frozen=True, eq=False)
class Upload:
    """An open file, at its beginning. What the client calls it, and its kind, is not kept: nothing hangs on it."""

    file: BinaryIO

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: core_schema.CoreSchema, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}
