"""Signed requests between the platform and the outside: HMAC-SHA256 over what must not change.

The signature covers method, path with query, time, nonce and the body's hash, so that a request can
be neither altered nor replayed outside the accepted time window.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from kuaidai.kernel.canonical import sha256_hex

TIMESTAMP = "X-Kuaidai-Timestamp"
NONCE = "X-Kuaidai-Nonce"
SIGNATURE = "X-Kuaidai-Signature"
MAX_AGE_S = 300


class BadSignature(ValueError):
    """The request's signature is missing, wrong or too old; the text says which."""


def _signature(method: str, path: str, timestamp: str, nonce: str, body: bytes, key: str) -> str:
    text = f"{method.upper()}\n{path}\n{timestamp}\n{nonce}\n{sha256_hex(body)}"
    return hmac.new(key.encode(), text.encode(), sha256).hexdigest()


def sign(
    method: str, path: str, body: bytes, *, key: str, now: datetime, nonce: str
) -> dict[str, str]:
    """The headers that sign a request to `path` (query string included) made at `now`."""
    timestamp = str(int(now.timestamp()))
    return {
        TIMESTAMP: timestamp,
        NONCE: nonce,
        SIGNATURE: _signature(method, path, timestamp, nonce, body, key),
    }


def verify(
    method: str, path: str, body: bytes, headers: Mapping[str, str], *, key: str, now: datetime
) -> None:
    """Return if `headers` sign the request; raise `BadSignature` otherwise."""
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, nonce = given.get(TIMESTAMP.lower(), ""), given.get(NONCE.lower(), "")
    signature = given.get(SIGNATURE.lower(), "")
    if not (timestamp.isdigit() and nonce and signature):
        raise BadSignature("the request is not signed")
    if abs(now.timestamp() - int(timestamp)) > MAX_AGE_S:
        raise BadSignature(f"the request's time is more than {MAX_AGE_S} s away")
    expected = _signature(method, path, timestamp, nonce, body, key)
    if not hmac.compare_digest(expected, signature):
        raise BadSignature("the signature does not match")
