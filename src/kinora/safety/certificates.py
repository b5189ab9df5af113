"""Who signs: a chain made on this machine at first use, or the user's own, or a key that never leaves its vault.

    identity = signing_identity()            # Identity(chain, sign, algorithm)
    anchors()                                # PEM of the roots that this machine trusts

A local chain lies in `config_home()`, never in a repository: `identity/<day>/{root,chain,key}.pem`, the key for its
owner's eyes only. The root's private key is thrown away once the leaf is signed, so that nothing else can be issued in
its name. `credentials.toml` in the same place may name other certificates.
"""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinora.errors import BadInputFile, OutputError, SigningFailed
from kinora.safety.certificates_config import Algorithm, config_home, credential_settings

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

YEARS = 10
"""How long a local chain lasts. Files signed without a timestamp stop being valid with it, hence long."""

RENEW_DAYS = 365
"""With less than this left a new chain is made; the old root stays trusted."""

CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"
"""The C2PA's own key purpose (c2pa-kp-claimSigning); emailProtection stands beside it for readers that want that."""


@dataclass(frozen=True)
class Identity:
    """A certificate chain (PEM, the signer's first, without the root) and the function that signs bytes for it.

    `sign` may be anything that returns a signature, a call to a key vault among them: raw or DER for ECDSA.
    `timestamp_url` is an RFC 3161 server, asked for each file, whose answer outlives the certificate.
    """

    chain: str
    sign: Callable[[bytes], bytes]
    algorithm: Algorithm = "es256"
    timestamp_url: str | None = None


def signing_identity() -> Identity:
    """The identity files are signed with: the configured one, else this machine's own, made if there is none.

    Raises BadInputFile when what is configured can't be used, OutputError when there is no place to keep a new key.
    """
    settings = credential_settings()
    if settings.certificate is None:
        folder = _current() or _create()
        return _with_key(folder / "chain.pem", folder / "key.pem", settings.timestamp_url)
    if settings.key is not None:
        return _with_key(settings.certificate, settings.key, settings.timestamp_url)

    def sign(data: bytes) -> bytes:
        return _run(settings.command, data)

    return Identity(_read(settings.certificate).decode(), sign, settings.algorithm, settings.timestamp_url)


def anchors() -> str:
    """PEM of every root that makes a signature trusted here: local ones, old and new, and the configured.

    Raises BadInputFile for a configured one that holds no certificate.
    """
    from cryptography import x509

    texts = []
    for path in (*sorted((config_home() / "identity").glob("*/root.pem")), *credential_settings().anchors):
        texts.append(_read(path))
        try:
            x509.load_pem_x509_certificates(texts[-1])
        except ValueError as error:
            raise BadInputFile(path, rule=f"not PEM of certificates ({error})") from error
    return b"\n".join(texts).decode()


def _with_key(chain: Path, key: Path, timestamp_url: str | None) -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if os.name == "posix" and key.exists() and key.stat().st_mode & 0o077:
        raise BadInputFile(key, rule="others may read this private key", remedy=f"run: chmod 600 {key}")
    text = _read(chain)
    try:
        private = serialization.load_pem_private_key(_read(key), password=None)
        leaf = x509.load_pem_x509_certificates(text)[0]
    except (ValueError, TypeError) as error:
        rule = f"not PEM of a certificate chain and its unencrypted key ({error})"
        raise BadInputFile(f"{chain}, {key}", rule=rule) from error
    if leaf.public_key() != private.public_key():
        raise BadInputFile(key, rule=f"is not the key of the first certificate in {chain}")
    algorithm, sign = _signing(private, key)
    return Identity(text.decode(), sign, algorithm, timestamp_url)


def _signing(private: Any, path: Path) -> tuple[Algorithm, Callable[[bytes], bytes]]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519", private.sign
    if isinstance(private, rsa.RSAPrivateKey):
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return "ps256", lambda data: private.sign(data, scheme, hashes.SHA256())
    curves: dict[str, tuple[Algorithm, hashes.HashAlgorithm]] = {
        "secp256r1": ("es256", hashes.SHA256()),
        "secp384r1": ("es384", hashes.SHA384()),
        "secp521r1": ("es512", hashes.SHA512()),
    }
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in curves:
        algorithm, digest = curves[private.curve.name]
        return algorithm, lambda data: private.sign(data, ec.ECDSA(digest))
    raise BadInputFile(path, rule="keys are EC (P-256, P-384, P-521), Ed25519 or RSA")


def _run(command: tuple[str, ...], data: bytes) -> bytes:
    """Hand `data` to the user's command and take the signature from its output: how a key stays in its vault."""
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        rule = f"the signing command failed ({said.decode(errors='replace').strip() or error})"
        raise SigningFailed(command[0], rule=rule, remedy="see credentials.toml") from error
    return done.stdout


def _current() -> Path | None:
    """The newest local identity that lasts another `RENEW_DAYS`."""
    from cryptography import x509

    for folder in sorted((config_home() / "identity").glob("*/"), reverse=True):
        if not (folder / "key.pem").exists():
            continue  # only its root was kept, to be trusted
        leaf = x509.load_pem_x509_certificates(_read(folder / "chain.pem"))[0]
        if leaf.not_valid_after_utc - _now() > datetime.timedelta(days=RENEW_DAYS):
            return folder
    return None


def _create() -> Path:
    """Make a root and a leaf, keep them, and return where.

    Written beside its place and renamed, so that of two processes that start together one wins and both sign alike.
    """
    from cryptography.hazmat.primitives import serialization

    root, leaf, key = make_chain("Kinora on this machine")
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    home = config_home() / "identity"
    target, temporary = home / _now().strftime("%Y-%m-%d"), home / f".{secrets.token_hex(4)}.tmp"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.mkdir(mode=0o700)
        (temporary / "root.pem").write_bytes(root.public_bytes(pem))
        (temporary / "chain.pem").write_bytes(leaf.public_bytes(pem))
        (temporary / "key.pem").touch(mode=0o600)  # before there is anything in it to read
        (temporary / "key.pem").write_bytes(secret)
        try:
            temporary.rename(target)
        except OSError:
            if not (target / "key.pem").exists():
                raise
    except OSError as error:
        rule = f"no place for the key that signs videos ({error.strerror})"
        raise OutputError(home, rule=rule, remedy="set KINORA_HOME to a directory that can be written") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def make_chain(
    organisation: str, *, years: float = YEARS
) -> tuple[x509.Certificate, x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    """Make a root, a leaf it signed that c2pa accepts, and the leaf's key (P-256)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, x509.ObjectIdentifier(CLAIM_SIGNING)])

    def name(common: str) -> x509.Name:
        parts = {NameOID.ORGANIZATION_NAME: organisation, NameOID.COMMON_NAME: common}
        return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts.items()])

    def certificate(subject: str, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.CertificateBuilder:
        usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign" if authority else "digital_signature": True}
        return (
            x509.CertificateBuilder(name("Kinora local root"), name(subject), key.public_key())
            .serial_number(x509.random_serial_number())
            # A day of grace for clocks that differ.
            .not_valid_before(_now() - datetime.timedelta(days=1))
            .not_valid_after(_now() + datetime.timedelta(days=365.25 * years))
            .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    root = certificate("Kinora local root", root_key, authority=True)
    leaf = (
        certificate("Kinora claim signer", leaf_key, authority=False)
        .add_extension(purposes, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    )
    return root.sign(root_key, hashes.SHA256()), leaf.sign(root_key, hashes.SHA256()), leaf_key


_USAGES = [
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInputFile(path, rule=f"can't be read ({error.strerror})") from error


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
