"""Do a request once, however often it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from kuaidai.foundation.errors import IdempotencyKeyMalformed, IdempotencyMismatch
from kuaidai.foundation.models import IdempotencyKey
from kuaidai.kernel.canonical import canonical_json, sha256_hex

_KEY = re.compile(r"^[\x21-\x7e]{1,100}$")


@transaction.atomic
def run_once(
    *, scope: str, key: str, request: Mapping[str, Any], perform: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The result of `perform`, and whether it is replayed from an earlier call with this key.

    The key, its request's hash and the JSON result are written in the same transaction as the
    effect: a second caller waits for the first, then gets its result; if the first failed, the
    second performs. Raises `IdempotencyMismatch` when the key came with another request, and
    `IdempotencyKeyMalformed`.
    """
    if not _KEY.match(key):
        raise IdempotencyKeyMalformed(value=key[:100])
    request_hash = sha256_hex(canonical_json(request))
    IdempotencyKey.objects.bulk_create(
        [IdempotencyKey(scope=scope, key=key, request_hash=request_hash)], ignore_conflicts=True
    )
    row = IdempotencyKey.objects.select_for_update().get(scope=scope, key=key)
    if row.request_hash != request_hash:
        raise IdempotencyMismatch(key=key)
    if row.result is not None:
        return row.result, True
    row.result = perform()
    row.save(update_fields=["result"])
    return row.result, False
