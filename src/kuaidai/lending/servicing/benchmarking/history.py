"""What the loans of a book have paid before: events, debits, orders to the core and postings.

Written as the nights of their due days would have left them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from kuaidai.foundation.encryption import EncryptedTextField
from kuaidai.lending.ledger.domain.entries import Line, NewEntry
from kuaidai.lending.ledger.operations import post_many
from kuaidai.lending.servicing.benchmarking.copying import copy_rows
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.life import event_to_dict
from kuaidai.lending.servicing.operations.night.asking import number_of
from kuaidai.lending.servicing.operations.repaying import DUE, SUBJECT

_LIVES_AT_ONCE = 1000


@dataclass(frozen=True)
class Receipt:
    """A debit that was paid in full: its day, its amount, and how it was posted."""

    on: date
    amount: Decimal
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Life:
    """A loan with what it has paid."""

    loan_id: str
    branch: str
    product_code: str
    account: str
    receipts: tuple[Receipt, ...]


def write_history(lives: Iterable[Life]) -> None:
    """Write what the loans have paid; the loans themselves are there."""
    left = iter(lives)
    while part := list(islice(left, _LIVES_AT_ONCE)):
        copy_rows("servicing_repayment", _repayments(part))
        copy_rows("servicing_loanevent", _events(part))
        copy_rows("servicing_coreorder", _orders(part))
        post_many(_entries(part))


def _receipts(lives: Sequence[Life]) -> Iterator[tuple[Life, int, str, Receipt]]:
    for life in lives:
        for number, receipt in enumerate(life.receipts, start=1):
            yield life, number, number_of(life.loan_id, receipt.on), receipt


def _repayments(lives: Sequence[Life]) -> Iterator[dict[str, Any]]:
    for life, _, key, paid in _receipts(lives):
        yield {
            "id": key, "loan_id": life.loan_id, "kind": DUE, "amount": paid.amount,
            "shorten": False, "settled": paid.amount, "status": "settled",
            "requested_on": paid.on, "reason": "",
        }  # fmt: skip


def _events(lives: Sequence[Life]) -> Iterator[dict[str, Any]]:
    for life, number, key, paid in _receipts(lives):
        told = event_to_dict(Payment(key, paid.on, paid.amount))
        yield {
            "loan_id": life.loan_id, "number": number, "key": key, "kind": told["type"],
            "on": paid.on, "booked_on": paid.on, "told": json.dumps(told), "repayment_id": key,
            "actor": "system:bench", "reason": "", "recorded_at": f"{paid.on}T15:00:00Z",
        }  # fmt: skip


def _orders(lives: Sequence[Life]) -> Iterator[dict[str, Any]]:
    sealed = EncryptedTextField()
    accounts = {life.account: sealed.get_prep_value(life.account) for life in lives}
    for life, _, key, paid in _receipts(lives):
        yield {
            "key": key, "kind": "debit", "account": accounts[life.account], "amount": paid.amount,
            "partial": True, "memo": f"Repayment {life.loan_id}", "value_on": paid.on,
            "hold_key": "", "subject_type": SUBJECT, "subject_id": key, "state": "settled",
            "settled": paid.amount, "reason": "", "booked_on": paid.on, "reference": "",
            "tries": 1, "applied_at": f"{paid.on}T15:00:00Z", "applied_on": paid.on,
        }  # fmt: skip


def _entries(lives: Sequence[Life]) -> Iterator[NewEntry]:
    for life, _, key, paid in _receipts(lives):
        yield NewEntry(
            f"loan:{life.loan_id}:{key}", paid.on, "Repayment received", "loan", life.loan_id,
            paid.lines, life.branch, life.product_code,
        )  # fmt: skip
