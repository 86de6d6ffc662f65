"""The text-message gateway, one of the outside platforms."""

from __future__ import annotations

import json

import httpx
from django.conf import settings

from kuaidai.foundation.errors import SmsNotSent
from kuaidai.foundation.platform_requests import signed_headers
from kuaidai.kernel.identifiers import mask

_PATH = "/sms/messages"


def send(*, phone: str, text: str) -> None:
    """Send `text` to `phone`; raises `SmsNotSent` when the gateway does not take it in 5 seconds."""
    body = json.dumps({"to": phone, "text": text}, ensure_ascii=False).encode()
    headers = signed_headers("POST", _PATH, body, key=settings.KUAIDAI.platform_key)
    try:
        response = httpx.post(
            settings.KUAIDAI.platform_url + _PATH, content=body, headers=headers, timeout=5.0
        )
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise SmsNotSent(phone=mask(phone)) from error
