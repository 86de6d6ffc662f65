"""What was paid on a loan beyond what is owed: rows of money in suspense, beside the loan's posting.

The loan's own entry carries the money to the suspense account and back (see `Movement.UNMATCHED_RECEIVED`),
so nothing is posted here: the rows keep that account explained, to the cent.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.errors import SurplusSpent
from kuaidai.lending.ledger.models import UnmatchedMoney, UnmatchedUse

_PREFIX = "surplus:"


def record_surplus(
    *, loan_id: str, number: int, change: Decimal, branch: str, on: date, actor_id: str
) -> None:
    """Note that a loan's surplus changed by `change` through its event `number`.

    More of it is money in suspense like any other: to be applied or returned. Less of it means that
    the loan takes money back, as after the reversal of a waiver: the newest rows give it. Called in
    the transaction that posts the change. Raises `SurplusSpent` where the money has gone elsewhere.
    """
    if change > 0:
        UnmatchedMoney.objects.create(
            id=new_id("UM"), reference=f"{_PREFIX}{loan_id}:{number}", branch=branch, amount=change,
            remaining=change, payer=loan_id, received_on=on,
        )  # fmt: skip
    elif change < 0:
        _take_back(loan_id, number, -change, on, actor_id)


def _take_back(loan_id: str, number: int, amount: Decimal, on: date, actor_id: str) -> None:
    rows = UnmatchedMoney.objects.filter(
        reference__startswith=f"{_PREFIX}{loan_id}:", remaining__gt=0
    ).order_by("-received_on", "-id")
    held = list(rows.select_for_update(no_key=True))
    there = sum((row.remaining for row in held), ZERO)
    if there < amount:
        raise SurplusSpent(value=loan_id, amount=amount, remaining=there)
    for row in held:
        part = min(row.remaining, amount)
        if not part:
            break
        amount -= part
        row.remaining -= part
        row.save(update_fields=["remaining"])
        UnmatchedUse.objects.create(
            key=f"{row.reference}:{number}", money=row, kind="applied", amount=part,
            target=loan_id, on=on, actor_id=actor_id,
        )  # fmt: skip
