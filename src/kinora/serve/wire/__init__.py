"""From the bytes of a request to its fields: JSON and forms alike, nested as they may be, files by their content."""

from kinora.serve.wire.body import Body, read_body
from kinora.serve.wire.fields import nested
from kinora.serve.wire.sniff import IMAGES, VIDEOS, sniffed
from kinora.serve.wire.strict import parsed
from kinora.serve.wire.upload import Upload

__all__ = ["IMAGES", "VIDEOS", "Body", "Upload", "nested", "parsed", "read_body", "sniffed"]
