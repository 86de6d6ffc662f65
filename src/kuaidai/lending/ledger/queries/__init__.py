"""Reads of the ledger."""

from kuaidai.lending.ledger.queries.balances import (
    balance_breaks,
    closed_through,
    general_ledger,
    trial_balance,
)
from kuaidai.lending.ledger.queries.journal import (
    entries,
    entries_for,
    entry,
    latest_entries,
)
from kuaidai.lending.ledger.queries.suspense import (
    unmatched,
    unmatched_money,
    unmatched_remaining,
)
from kuaidai.lending.ledger.queries.verification import verify_ledger

__all__ = [
    "balance_breaks",
    "closed_through",
    "entries",
    "entries_for",
    "entry",
    "general_ledger",
    "latest_entries",
    "trial_balance",
    "unmatched",
    "unmatched_money",
    "unmatched_remaining",
    "verify_ledger",
]
