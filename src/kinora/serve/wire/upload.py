"""A file that came with a request: where its bytes are, and what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from kinora.serve.wire.sniff import HEAD, sniffed


@dataclass(frozen=True)
class Upload:
    """An open file, at its beginning; `name` is what the client calls it, and only that: no path is made of it."""

    file: BinaryIO = field(compare=False)
    name: str
    size: int

    @property
    def kind(self) -> str | None:
        """Its media type by content; None for one that Kinora doesn't read."""
        self.file.seek(0)
        head = self.file.read(HEAD)
        self.file.seek(0)
        return sniffed(head)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: core_schema.CoreSchema, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}
