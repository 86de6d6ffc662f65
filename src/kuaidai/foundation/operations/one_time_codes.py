"""One-time codes by text message: six digits, five minutes, five tries."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from kuaidai.foundation import sms
from kuaidai.foundation.encryption import blind_index
from kuaidai.foundation.errors import CodeExpired, CodeLocked, CodeTooSoon, CodeWrong
from kuaidai.foundation.models import OneTimeCode
from kuaidai.kernel.identifiers import mask, parse_phone

LIFETIME = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=30)
TRIES = 5
CODES_PER_HOUR = 20


@dataclass(frozen=True)
class IssuedCode:
    """A code that is on its way; the code itself is known to the receiver only."""

    phone_masked: str
    expires_at: datetime


def _code_hash(phone_index: str, purpose: str, code: str) -> str:
    return blind_index(f"code|{phone_index}|{purpose}|{code}")


def _one_at_a_time(phone_index: str) -> None:
    """Queue requests for the same phone, so that two at once cannot pass the limits together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [phone_index])


def issue_code(*, phone: str, purpose: str, now: datetime) -> IssuedCode:
    """Send a fresh code for `purpose` to `phone`; earlier ones for it lose their validity.

    Raises `CodeTooSoon` within 30 seconds of the last one or after 20 in an hour, `SmsNotSent`,
    `MalformedPhone`.
    """
    phone = parse_phone(phone)
    index = blind_index(phone)
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        _one_at_a_time(index)
        recent = OneTimeCode.objects.filter(
            phone_index=index, issued_at__gt=now - timedelta(hours=1)
        )
        last = recent.filter(purpose=purpose).order_by("-issued_at").first()
        if last is not None and now - last.issued_at < RESEND_AFTER and last.used_at is None:
            wait = int((RESEND_AFTER - (now - last.issued_at)).total_seconds()) + 1
            raise CodeTooSoon(phone=mask(phone), seconds=wait)
        if recent.count() >= CODES_PER_HOUR:
            raise CodeTooSoon(phone=mask(phone), seconds=3600)
        row = OneTimeCode.objects.create(
            phone_index=index,
            purpose=purpose,
            code_hash=_code_hash(index, purpose, code),
            issued_at=now,
            expires_at=now + LIFETIME,
            tries_left=TRIES,
        )
        sms.send(phone=phone, text=f"【快贷】验证码 {code}，5分钟内有效。Your kuaidai code: {code}")
    return IssuedCode(mask(phone), row.expires_at)


def verify_code(*, phone: str, purpose: str, code: str, now: datetime) -> None:
    """Use up the latest code for `purpose`. Raises `CodeExpired`, `CodeWrong` or `CodeLocked`."""
    index, shown = blind_index(parse_phone(phone)), code[:8]
    with transaction.atomic():
        row = (
            OneTimeCode.objects.select_for_update()
            .filter(phone_index=index, purpose=purpose)
            .order_by("-issued_at")
            .first()
        )
        if row is None or row.used_at is not None or now > row.expires_at:
            raise CodeExpired(value=shown)
        if row.tries_left <= 0:
            raise CodeLocked(value=shown)
        right = hmac.compare_digest(row.code_hash, _code_hash(index, purpose, code.strip()))
        row.tries_left -= 0 if right else 1
        row.used_at = now if right else None
        row.save(update_fields=["tries_left", "used_at"])
    if not right:  # raised outside the transaction: the lost try must stay counted
        raise (
            CodeWrong(value=shown, left=row.tries_left)
            if row.tries_left
            else CodeLocked(value=shown)
        )
