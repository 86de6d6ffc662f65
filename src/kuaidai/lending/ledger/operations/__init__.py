"""Writes of the ledger."""

from kuaidai.lending.ledger.operations.bulk import post_many
from kuaidai.lending.ledger.operations.closing import close_ledger_day
from kuaidai.lending.ledger.operations.posting import post
from kuaidai.lending.ledger.operations.surplus import record_surplus
from kuaidai.lending.ledger.operations.suspense import (
    apply_unmatched,
    receive_unmatched,
    return_unmatched,
)

__all__ = [
    "apply_unmatched",
    "close_ledger_day",
    "post",
    "post_many",
    "receive_unmatched",
    "record_surplus",
    "return_unmatched",
]
