"""A firm's accounts at the bank core, and what moved on them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from kuaidai.lending.servicing.domain.views import AccountEntry, BankAccount
from kuaidai.lending.servicing.gateway import wire


def accounts(uscc: str) -> tuple[BankAccount, ...]:
    """The firm's accounts with balances. Raises `CoreUnavailable`."""
    with wire.reading():
        return tuple(
            BankAccount(
                str(row["account_no"]),
                wire.amount_of(row["balance"]),
                wire.amount_of(row.get("held", "0.00")),
            )
            for row in _rows(f"/bank-core/accounts/{quote(uscc)}")
        )


def entries(account_no: str) -> tuple[AccountEntry, ...]:
    """The newest movements on an account. Raises `CoreUnavailable`."""
    with wire.reading():
        return tuple(
            AccountEntry(
                str(row["on"]),
                wire.amount_of(row["amount"]),
                wire.amount_of(row["balance"]),
                str(row["memo"]),
            )
            for row in _rows(f"/bank-core/accounts/{quote(account_no)}/entries")
        )


def _rows(path: str) -> list[dict[str, Any]]:
    """The rows of a list answer, none when the core does not know the thing asked for."""
    answer = wire.call("GET", path)
    if answer.status == 404:
        return []
    rows = answer.json()
    if answer.status != 200 or not isinstance(rows, list):
        raise ValueError(f"HTTP {answer.status}")
    return rows
