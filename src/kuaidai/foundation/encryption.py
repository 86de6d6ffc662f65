"""Personal identifiers at rest: AES-GCM per value, and a blind index to find them by.

A stored value is `version (1 byte) + nonce (12) + ciphertext`, in base64 for text columns. The
blind index is a keyed hash: equal values give equal indexes, and without the key nothing is learnt.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

KEY_VERSION = 1

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField  # the type is generic for the checker only


def _derived(purpose: bytes) -> bytes:
    key: bytes = settings.KUAIDAI.field_key
    return hmac.new(key, purpose, sha256).digest()


def encrypt_bytes(value: bytes) -> bytes:
    """`value` sealed with the current key; every call gives other bytes."""
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_derived(b"field-encryption-1")).encrypt(nonce, value, None)
    return bytes([KEY_VERSION]) + nonce + sealed


def decrypt_bytes(sealed: bytes) -> bytes:
    """What `encrypt_bytes` sealed. Raises `InvalidTag` if it was altered."""
    if sealed[0] != KEY_VERSION:
        raise ValueError(f"sealed with key version {sealed[0]}, only {KEY_VERSION} is known")
    return AESGCM(_derived(b"field-encryption-1")).decrypt(sealed[1:13], sealed[13:], None)


def blind_index(value: str) -> str:
    """The keyed hash by which an encrypted value is looked up (64 hexadecimal characters)."""
    return hmac.new(_derived(b"blind-index-1"), value.encode(), sha256).hexdigest()


class EncryptedTextField(_TextField):
    """A text column that is ciphertext in the database and clear in Python."""

    def get_prep_value(self, value: Any) -> str | None:
        """The sealed form that goes into the database."""
        if value is None:
            return None
        return base64.b64encode(encrypt_bytes(str(value).encode())).decode()

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        """The clear text of what the database holds."""
        if value is None:
            return None
        return decrypt_bytes(base64.b64decode(value)).decode()
