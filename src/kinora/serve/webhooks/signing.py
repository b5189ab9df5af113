"""Signatures by the Standard Webhooks specification, as OpenAI's `client.webhooks.unwrap` checks them.

    headers = signed("evt_1", 1767225600, '{"id": ...}', [secret])

The secret is "whsec_" and base64; the signature covers id, time and body, and the receiver refuses what is older than
five minutes. With several secrets (one was just rotated) there are several signatures, of which one has to fit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    """32 random bytes, as they are told to the owner and kept."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def hint(secret: str) -> str:
    """Enough of a secret to tell it from another."""
    return f"{PREFIX}...{secret[-4:]}"


def signed(identifier: str, moment: int, body: str, keys: Sequence[str]) -> dict[str, str]:
    """The headers of a delivery that is sent at `moment` (seconds since 1970)."""
    content = f"{identifier}.{moment}.{body}".encode()
    signatures = [
        base64.b64encode(hmac.new(base64.b64decode(key.removeprefix(PREFIX)), content, hashlib.sha256).digest())
        for key in keys
    ]
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{one.decode()}" for one in signatures),
    }
