"""The gateway to the bank core: accounts, transfers and debits over signed HTTP.

Every movement carries a key of ours. When the outcome of a call is unknown (no answer), the core is
asked for that key; it is never guessed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings

from kuaidai.kernel.money import ZERO, yuan
from kuaidai.kernel.signed_http import sign
from kuaidai.lending.servicing.domain.views import AccountEntry, BankAccount
from kuaidai.lending.servicing.errors import CoreUnavailable

LENDER_ACCOUNT = "LENDER"
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Movement:
    """What the core says of a transfer or debit: settled (with how much) or rejected (and why)."""

    key: str
    settled: Decimal
    reason: str

    @property
    def is_settled(self) -> bool:
        """Whether any money moved."""
        return self.settled > 0


def _call(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
    headers = sign(
        method, path, content,
        key=settings.KUAIDAI.platform_key, now=datetime.now(UTC), nonce=secrets.token_hex(8),
    )  # fmt: skip
    headers["Content-Type"] = "application/json"
    try:
        response = httpx.request(
            method,
            settings.KUAIDAI.platform_url + path,
            content=content,
            headers=headers,
            timeout=TIMEOUT_S,
        )
    except httpx.TransportError as error:
        raise CoreUnavailable(why=type(error).__name__) from error
    if response.status_code >= 500:
        raise CoreUnavailable(why=f"HTTP {response.status_code}")
    return response


def _movement(answer: dict[str, Any], amount: Decimal) -> Movement:
    settled = ZERO
    if answer["status"] == "settled":
        settled = yuan(str(answer.get("settled_amount", amount)))
    return Movement(str(answer["key"]), settled, str(answer.get("reason") or ""))


def _move(path: str, body: dict[str, Any], amount: Decimal) -> Movement:
    """Send a movement; after silence ask what became of its key. Raises `CoreUnavailable`."""
    try:
        response = _call("POST", path, body)
    except CoreUnavailable:
        found = _call("GET", f"/bank-core/transfers/{body['key']}")
        if found.status_code != 200:
            raise  # the core does not know the key, so it did not act: the next try sends it anew
        response = found
    if response.status_code >= 400:
        return Movement(str(body["key"]), ZERO, f"HTTP {response.status_code}")
    return _movement(response.json(), amount)


def transfer_out(*, key: str, to_account: str, amount: Decimal, memo: str, on: date) -> Movement:
    """Pay `amount` from the lender to a firm's account, once per key."""
    body = {
        "key": key, "from_account": LENDER_ACCOUNT, "to_account": to_account,
        "amount": str(amount), "memo": memo, "on": on.isoformat(),
    }  # fmt: skip
    return _move("/bank-core/transfers", body, amount)


def debit(
    *, key: str, from_account: str, amount: Decimal, memo: str, on: date, partial: bool
) -> Movement:
    """Take `amount` from a firm's account, once per key; with `partial`, what is there."""
    body = {
        "key": key, "from_account": from_account, "to_account": LENDER_ACCOUNT,
        "amount": str(amount), "memo": memo, "on": on.isoformat(), "partial": partial,
    }  # fmt: skip
    return _move("/bank-core/debits", body, amount)


def accounts(uscc: str) -> tuple[BankAccount, ...]:
    """The firm's accounts with balances. Raises `CoreUnavailable`."""
    response = _call("GET", f"/bank-core/accounts/{uscc}")
    if response.status_code == 404:
        return ()
    return tuple(
        BankAccount(row["account_no"], yuan(str(row["balance"]))) for row in response.json()
    )


def entries(account_no: str) -> tuple[AccountEntry, ...]:
    """The newest movements on an account. Raises `CoreUnavailable`."""
    response = _call("GET", f"/bank-core/accounts/{account_no}/entries")
    if response.status_code == 404:
        return ()
    return tuple(
        AccountEntry(
            str(row["on"]), yuan(str(row["amount"])), yuan(str(row["balance"])), str(row["memo"])
        )
        for row in response.json()
    )
