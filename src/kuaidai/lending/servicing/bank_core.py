"""The gateway to the bank core: accounts, transfers and debits over signed HTTP.

Every movement carries a key of ours. When the outcome of a call is unknown (no answer), the core is
asked for that key; it is never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from kuaidai.foundation.platform_requests import signed_headers
from kuaidai.kernel.money import ZERO, yuan
from kuaidai.lending.servicing.domain.views import AccountEntry, BankAccount
from kuaidai.lending.servicing.errors import CoreUnavailable

LENDER_ACCOUNT = "LENDER"
TIMEOUT_S = 5.0
_NOT_NOW = frozenset({401, 403, 408, 425, 429})
"""Refusals that say nothing about the order itself: wrong signature or clock, too many calls."""


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
    headers = signed_headers(method, path, content, key=settings.KUAIDAI.platform_key)
    try:
        response = httpx.request(
            method,
            settings.KUAIDAI.platform_url + path,
            content=content,
            headers=headers,
            timeout=TIMEOUT_S,
        )
    except httpx.RequestError as error:
        raise CoreUnavailable(why=type(error).__name__) from error
    if response.status_code >= 500 or response.status_code in _NOT_NOW:
        raise CoreUnavailable(why=f"HTTP {response.status_code}")
    return response


@contextmanager
def _reading() -> Iterator[None]:
    """An answer that cannot be read is no answer."""
    try:
        yield
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise CoreUnavailable(why="an answer that cannot be read") from error


def _movement(response: httpx.Response, key: str, amount: Decimal, *, partial: bool) -> Movement:
    """What the core says of our movement. Raises `CoreUnavailable` unless it fits what we asked.

    Less than the whole fits only a `partial` order: a loan of the whole must not come from a part.
    """
    with _reading():
        answer = response.json()
        settled, said = ZERO, str(answer["status"])
        if said == "settled":
            settled = yuan(str(answer.get("settled_amount", amount)))
        if said not in ("settled", "rejected") or answer["key"] != key:
            raise ValueError(f"status {said!r}")
        if said == "settled" and not 0 < settled <= amount:
            raise ValueError(f"settled {settled} of {amount}")
        if said == "settled" and settled != amount and not partial:
            raise ValueError(f"settled {settled} of {amount}, which was not to be split")
        return Movement(key, settled, str(answer.get("reason") or ""))


def _move(path: str, body: dict[str, Any], amount: Decimal) -> Movement:
    """Send a movement; after silence or a refusal ask what became of its key.

    An order the core refuses to read (4xx) is rejected only if no earlier try of it was settled.
    Raises `CoreUnavailable` while the outcome is unknown.
    """
    key, partial = str(body["key"]), bool(body.get("partial", False))
    try:
        response = _call("POST", path, body)
        if response.status_code < 400:
            return _movement(response, key, amount, partial=partial)
        refused = f"HTTP {response.status_code}"
    except CoreUnavailable:
        found = _call("GET", f"/bank-core/transfers/{quote(key)}")
        if found.status_code != 200:
            raise  # the core does not know the key, so it did not act: the next try sends it anew
        return _movement(found, key, amount, partial=partial)
    found = _call("GET", f"/bank-core/transfers/{quote(key)}")
    if found.status_code == 404:
        return Movement(key, ZERO, refused)
    if found.status_code != 200:
        raise CoreUnavailable(why=refused)
    return _movement(found, key, amount, partial=partial)


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
    with _reading():
        return tuple(
            BankAccount(str(row["account_no"]), yuan(str(row["balance"])))
            for row in _rows(f"/bank-core/accounts/{quote(uscc)}")
        )


def entries(account_no: str) -> tuple[AccountEntry, ...]:
    """The newest movements on an account. Raises `CoreUnavailable`."""
    with _reading():
        return tuple(
            AccountEntry(
                str(row["on"]),
                yuan(str(row["amount"])),
                yuan(str(row["balance"])),
                str(row["memo"]),
            )
            for row in _rows(f"/bank-core/accounts/{quote(account_no)}/entries")
        )


def _rows(path: str) -> list[dict[str, Any]]:
    """The rows of a list answer, none when the core does not know the thing asked for."""
    response = _call("GET", path)
    if response.status_code == 404:
        return []
    rows = response.json()
    if response.status_code != 200 or not isinstance(rows, list):
        raise ValueError(f"HTTP {response.status_code}")
    return rows
