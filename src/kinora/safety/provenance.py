"""Content Credentials (C2PA): what a file is, who signed it, what it was made from.

    sign_file("clip.mp4", Record(kind="created", model="kinora-small", prompt="a red ball"))
    read_file("clip.mp4").state              # "trusted" | "valid" | "invalid" | "not_present"

Signing is the last thing done to a file: anything later, a remux or one flipped bit, breaks it or strips it. The file
changes by a rename or not at all. Where a container can't hold credentials they lie beside it, in `clip.c2pa`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinora.errors import BadInputFile, SigningFailed, Unavailable
from kinora.media import replacing
from kinora.safety.certificates import CLAIM_SIGNING, Identity, anchors, signing_identity
from kinora.safety.certificates_config import credential_settings
from kinora.safety.provenance_read import NOT_PRESENT, Credentials, credentials_of, unreadable
from kinora.safety.provenance_record import Kind, Record, input_label, manifest

if TYPE_CHECKING:
    import c2pa

__all__ = ["Credentials", "Kind", "Record", "check_signing", "media_type", "read_file", "sign_file", "sign_sidecar"]

EMBEDDED = {"video/mp4", "video/quicktime", "image/gif", "image/webp", "image/png", "image/jpeg"}
"""What is signed inside itself; everything else beside itself."""

PURPOSES = f"{CLAIM_SIGNING}\n1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n"
"""Key purposes a signer may have: C2PA claim signing, e-mail protection, document signing."""


def sign_file(path: str | Path, record: Record, *, identity: Identity | None = None) -> None:
    """Add credentials that say `record` to the file at `path`, in place, whatever its name ends in.

    Raises SigningFailed, and leaves the file as it was, if the signer or c2pa refuses; BadInputFile for a missing file
    or settings that can't be used; Unavailable where c2pa-python can't be installed.
    """
    path = Path(path)
    kind = media_type(_head(path))
    if kind not in EMBEDDED:
        sign_sidecar(path, record, identity=identity)
        return
    with replacing(path) as temporary, path.open("rb") as source, temporary.open("w+b") as signed:
        _sign(path, kind, source, signed, record, identity)


def check_signing(path: str | Path) -> None:
    """Raise now what `sign_file` would raise for want of the library, the settings or a certificate."""
    _library(Path(path))
    signing_identity()


def sign_sidecar(path: str | Path, record: Record, *, identity: Identity | None = None) -> Path:
    """Write the credentials of the file at `path` beside it (`clip.webm` -> `clip.c2pa`) and return where.

    Raises what `sign_file` does.
    """
    path = Path(path)
    kind, sidecar = media_type(_head(path)), path.with_suffix(".c2pa")
    with path.open("rb") as source:
        credentials = _sign(path, kind, source, None, record, identity)
    with replacing(sidecar) as temporary:
        temporary.write_bytes(credentials)
    return sidecar


def read_file(path: str | Path) -> Credentials:
    """Read the credentials in `path`, or beside it, and say how far they hold.

    Nothing is fetched from a network, whatever the file asks for. Raises BadInputFile for a missing file.
    """
    path = Path(path)
    kind, sidecar = media_type(_head(path)), path.with_suffix(".c2pa")
    beside = sidecar.read_bytes() if sidecar.is_file() and sidecar != path else None
    with path.open("rb") as file:
        credentials = _read(kind, file, None)
        if credentials.state != "not_present" or beside is None:
            return credentials
        return _read(kind, file, beside)


def media_type(head: bytes) -> str:
    """Tell what a file is by its first bytes (32 are enough); "application/octet-stream" for what isn't known."""
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[:4] == b"RIFF":
        return "image/webp" if head[8:12] == b"WEBP" else "video/avi"
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), "application/octet-stream")


_STARTS = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"\x1a\x45\xdf\xa3": "video/webm",  # Matroska too: both are signed beside themselves
}


def _sign(path: Path, kind: str, source: Any, signed: Any, record: Record, identity: Identity | None) -> bytes:
    """Sign `source` into `signed`, or for None only beside it, and return the manifest's bytes."""
    identity = identity or signing_identity()
    library = _library(path)
    with ExitStack() as opened:
        parents = [opened.enter_context(_stream(one)) for one in record.parents]
        hashes = [hashlib.file_digest(one, "sha256").hexdigest() for one in parents]
        described = manifest(record, hashes, credential_settings().keep_prompt)
        try:
            builder = library.Builder(described, context=_context(anchors()))
            if signed is None:
                builder.set_no_embed()
            for index, parent in enumerate(parents):
                _add_parent(builder, record.relationship(index), index, parent)
            with _signer(library, identity) as signer:
                return builder.sign(signer, kind, source, signed if signed is not None else io.BytesIO())
        except library.C2paError as error:
            remedy = "nothing was written; check credentials.toml and its certificates"
            raise SigningFailed(path, rule=f"could not be signed ({error})", remedy=remedy) from error


def _add_parent(builder: c2pa.Builder, relationship: str, index: int, parent: io.BufferedIOBase) -> None:
    parent.seek(0)
    kind = media_type(parent.read(32))
    parent.seek(0)
    # No file name: it may say more than its owner wants to tell.
    about = {"title": f"input {index + 1}", "relationship": relationship, "label": input_label(index)}
    builder.add_ingredient(about, kind, parent)


@contextmanager
def _signer(library: Any, identity: Identity) -> Iterator[Any]:
    """The identity as c2pa wants it. What its `sign` raises is raised here: the native library would only log it."""
    raised: list[Exception] = []

    def sign(data: bytes) -> bytes:
        try:
            return identity.sign(data)
        except Exception as error:
            raised.append(error)
            raise

    algorithm = library.C2paSigningAlg[identity.algorithm.upper()]
    try:
        with library.Signer.from_callback(sign, algorithm, identity.chain, identity.timestamp_url) as signer:
            yield signer
    except library.C2paError:
        if raised:
            raise raised[0] from None
        raise


def _read(kind: str, file: io.BufferedReader, beside: bytes | None) -> Credentials:
    library = _library(Path(file.name))
    file.seek(0)
    try:
        with library.Reader(kind, file, beside, context=_context(anchors())) as reader:
            return credentials_of(reader, sidecar=beside is not None)
    except (library.C2paError.ManifestNotFound, library.C2paError.NotSupported):
        return NOT_PRESENT
    except library.C2paError as error:
        return unreadable(str(error))


def _library(path: Path) -> Any:
    """The c2pa module, imported when it is needed."""
    try:
        import c2pa
    except ImportError as error:
        remedy = "pip install c2pa-python (there is none for Windows), or run Kinora on Linux or macOS"
        raise Unavailable(path, rule="Content Credentials need c2pa-python", remedy=remedy) from error
    return c2pa


@lru_cache(maxsize=4)
def _context(roots: str) -> c2pa.Context:
    import c2pa

    return c2pa.Context.from_dict(
        {
            # An empty list of roots is a malformed one to c2pa: where nothing has been signed yet, there is none.
            "trust": {"trust_config": PURPOSES, **({"user_anchors": roots} if roots else {})},
            # A file from a stranger may name any address: reading it must not call there.
            "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
            "builder": {
                "thumbnail": {"enabled": False},
                "created_assertion_labels": ["c2pa.actions.v2", "org.kinora.generation", "c2pa.soft-binding"],
            },
        }
    )


def _head(path: Path) -> bytes:
    with _stream(path) as file:
        return file.read(32)


def _stream(source: Path | bytes) -> io.BufferedIOBase:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise BadInputFile(source, rule=f"can't be read ({error.strerror})") from error
