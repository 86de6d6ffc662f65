"""Money nobody could be found to credit: received into suspense, applied to a loan, or returned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import yuan
from kuaidai.lending.ledger.domain.entries import HEAD
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.ledger.domain.rules import lines_of
from kuaidai.lending.ledger.domain.suspense import UnmatchedView, masked_payer
from kuaidai.lending.ledger.errors import (
    MoreThanRemains,
    NothingToUse,
    ReferenceReused,
    UnknownUnmatched,
    UseKeyReused,
)
from kuaidai.lending.ledger.models import UnmatchedMoney, UnmatchedUse
from kuaidai.lending.ledger.operations.posting import post
from kuaidai.lending.ledger.queries.suspense import unmatched_view


@transaction.atomic
def receive_unmatched(
    *,
    reference: str,
    amount: Decimal,
    payer: str,
    received_on: date,
    on: date,
    actor: Actor,
    branch: str = HEAD,
) -> UnmatchedView:
    """Take money that came in on `received_on` into suspense, posted on the book day `on`.

    `reference` is the bank core's number of the credit: the same one again returns what is there.
    `payer` is what the core says about who paid; only a masked text of it is kept. Raises
    `NothingToUse`, `ReferenceReused`.
    """
    amount = _positive(amount)
    fresh = UnmatchedMoney(
        id=new_id("UM"), reference=reference, branch=branch, amount=amount, remaining=amount,
        payer=masked_payer(payer), received_on=received_on,
    )  # fmt: skip
    UnmatchedMoney.objects.bulk_create([fresh], ignore_conflicts=True)
    row = UnmatchedMoney.objects.get(reference=reference)
    if (row.amount, row.received_on) != (amount, received_on):
        raise ReferenceReused(value=reference, amount=row.amount, on=row.received_on)
    if row.id != fresh.id:
        return unmatched_view(row)
    _post(row, Movement.UNMATCHED_RECEIVED, amount, f"unmatched:{row.id}", on)
    record_audit(
        actor=actor, action="unmatched.received", subject_type="unmatched", subject_id=row.id,
        on=on, detail={"amount": amount, "reference": reference},
    )  # fmt: skip
    return unmatched_view(row)


@transaction.atomic
def apply_unmatched(
    *, unmatched_id: str, amount: Decimal, target: str, key: str, on: date, actor: Actor
) -> UnmatchedView:
    """Take `amount` out of suspense for `target`, the number of a loan.

    The caller, who records the payment on the loan, does so in the same transaction; both go by the
    settlement account, where they cancel out. The same `key` again changes nothing. Raises
    `UnknownUnmatched`, `NothingToUse`, `MoreThanRemains`, `UseKeyReused`.
    """
    return _use("applied", unmatched_id, amount, target, key, on, actor)


@transaction.atomic
def return_unmatched(
    *, unmatched_id: str, amount: Decimal, reference: str, key: str, on: date, actor: Actor
) -> UnmatchedView:
    """Book that `amount` went back to its payer by the transfer `reference` of the bank core.

    The transfer itself is made in the core. The same `key` again changes nothing. Raises
    `UnknownUnmatched`, `NothingToUse`, `MoreThanRemains`, `UseKeyReused`.
    """
    return _use("returned", unmatched_id, amount, reference, key, on, actor)


_MOVEMENTS = {"applied": Movement.UNMATCHED_APPLIED, "returned": Movement.UNMATCHED_RETURNED}


def _use(
    kind: str, unmatched_id: str, amount: Decimal, target: str, key: str, on: date, actor: Actor
) -> UnmatchedView:
    amount = _positive(amount)
    row = UnmatchedMoney.objects.select_for_update(no_key=True).filter(id=unmatched_id).first()
    if row is None:
        raise UnknownUnmatched(value=unmatched_id)
    before = UnmatchedUse.objects.filter(key=key).first()
    if before is not None:
        same = (before.money_id, before.kind, before.amount, before.target)
        if same != (row.id, kind, amount, target):
            raise UseKeyReused(value=key)
        return unmatched_view(row)
    if amount > row.remaining:
        raise MoreThanRemains(value=row.id, remaining=row.remaining, amount=amount)
    use = UnmatchedUse.objects.create(
        key=key, money=row, kind=kind, amount=amount, target=target, on=on, actor_id=actor.id
    )
    row.remaining -= amount
    row.save(update_fields=["remaining"])
    _post(row, _MOVEMENTS[kind], amount, f"unmatched:{row.id}:{use.id}", on)
    record_audit(
        actor=actor, action=f"unmatched.{kind}", subject_type="unmatched", subject_id=row.id,
        on=on, detail={"amount": amount, "target": target, "remaining": row.remaining},
    )  # fmt: skip
    return unmatched_view(row)


def _positive(amount: Decimal) -> Decimal:
    if amount <= 0 or amount != yuan(amount):
        raise NothingToUse(amount=amount)
    return yuan(amount)


_TITLES = {
    Movement.UNMATCHED_RECEIVED: "Unmatched money received",
    Movement.UNMATCHED_APPLIED: "Unmatched money applied",
    Movement.UNMATCHED_RETURNED: "Unmatched money returned",
}


def _post(row: UnmatchedMoney, movement: Movement, amount: Decimal, key: str, on: date) -> None:
    post(
        key=key, on=on, description=_TITLES[movement], source_type="unmatched", source_id=row.id,
        lines=lines_of({movement: amount}), branch=row.branch,
    )  # fmt: skip
