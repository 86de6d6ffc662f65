"""The headers of a request to an outside platform: signed now, with a nonce of its own."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from kuaidai.kernel.signed_http import sign


def signed_headers(method: str, path: str, body: bytes, *, key: str) -> dict[str, str]:
    """Headers of a JSON request to `path` (query string included), signed with the shared `key`."""
    signature = sign(method, path, body, key=key, now=datetime.now(UTC), nonce=secrets.token_hex(8))
    return {"Content-Type": "application/json", **signature}
