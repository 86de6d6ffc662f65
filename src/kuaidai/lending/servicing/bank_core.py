"""Transfers and debits whose caller applies the outcome itself; accounts and their movements.

Every movement goes through the gateway's outbox with a key of ours, which is the caller's own number:
the same key again returns the kept outcome. See `servicing.gateway` for orders whose outcome is handed
to their subject, and for batches.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kuaidai.lending.servicing.gateway import (
    Movement,
    OrderKind,
    OrderRequest,
    accounts,
    entries,
    settle_now,
)
from kuaidai.lending.servicing.gateway.wire import LENDER_ACCOUNT

__all__ = ["LENDER_ACCOUNT", "Movement", "accounts", "debit", "entries", "transfer_out"]


def transfer_out(*, key: str, to_account: str, amount: Decimal, memo: str, on: date) -> Movement:
    """Pay `amount` from the lender to a firm's account, once per key.

    `booked_on` of what comes back is the day the money arrived, after `on` if the order was late.
    Raises `CoreUnavailable` while the outcome is unknown.
    """
    return settle_now(OrderRequest(key, OrderKind.TRANSFER, to_account, amount, memo, on))


def debit(
    *, key: str, from_account: str, amount: Decimal, memo: str, on: date, partial: bool
) -> Movement:
    """Take `amount` from a firm's account, once per key; with `partial`, what is there.

    Raises `CoreUnavailable` while the outcome is unknown.
    """
    return settle_now(
        OrderRequest(key, OrderKind.DEBIT, from_account, amount, memo, on, partial=partial)
    )
