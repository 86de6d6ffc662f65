"""Where money goes: what is due first, by the loan's order; then what is left by its rule for excess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from kuaidai.kernel.money import from_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain.conventions import (
    CHARGED,
    FILLING,
    Bucket,
    Excess,
    Settles,
)
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.filling import fill
from kuaidai.lending.servicing.domain.items import Item, whole
from kuaidai.lending.servicing.domain.keeping import keep_instalments
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.respreading import (
    hold_interest,
    respread,
    take_interest_ahead,
    unpaid_ahead,
)
from kuaidai.lending.servicing.domain.running import RunningLoan, require_amount
from kuaidai.lending.servicing.domain.state import Allocation

PAID: Mapping[Bucket, tuple[Movement, Movement]] = {
    Bucket.PRINCIPAL: (Movement.PRINCIPAL_PAID, Movement.PRINCIPAL_PAID),
    Bucket.INTEREST: (Movement.INTEREST_PAID, Movement.OFF_INTEREST_PAID),
    Bucket.PENALTY: (Movement.PENALTY_PAID, Movement.OFF_PENALTY_PAID),
    Bucket.COMPOUND: (Movement.COMPOUND_PAID, Movement.OFF_COMPOUND_PAID),
    Bucket.FEE: (Movement.FEE_PAID, Movement.FEE_PAID),
}
"""What a payment counts as: of a loan that accrues, and of one that does not."""


@dataclass(slots=True)
class _Money:
    """A payment on its way: what is left of it and where the rest went."""

    left: int
    parts: dict[Bucket, int] = field(default_factory=dict)

    def give(self, run: RunningLoan, bucket: Bucket, amount: int) -> None:
        self.left -= amount
        self.parts[bucket] = self.parts.get(bucket, 0) + amount
        run.count(PAID[bucket][run.off is not None], amount)

    def settle(self, run: RunningLoan, item: Item, bucket: Bucket, due_by: date | None) -> None:
        owed = item.owed(bucket, run.terms.conventions.rounding, due_by=due_by)
        part = min(self.left, owed)
        if part > 0:
            item.paid[bucket] = item.paid.get(bucket, 0) + part
            self.give(run, bucket, part)


def pay(run: RunningLoan, payment: Payment) -> None:
    """Let a payment settle what it reaches; what nothing is owed for is surplus."""
    money = _Money(require_amount(payment))
    rule = _excess(run, payment)
    recovered = 0
    if run.is_written_off:
        recovered = min(run.claim, money.left)
        run.claim -= recovered
        money.left -= recovered
        run.count(Movement.RECOVERED, recovered)
    else:
        run.settle_misuse(payment.on)
        _settle_due(run, money, payment.on)
        _end_segment(run, money, payment.on)
        if money.left:
            _settle_ahead(run, money, payment.on, rule)
    run.count(Movement.UNMATCHED_RECEIVED, money.left)
    told = {bucket: from_cents(money.parts.get(bucket, 0)) for bucket in Bucket}
    run.allocations.append(
        Allocation(
            payment.key, payment.on, told[Bucket.PENALTY], told[Bucket.INTEREST],
            told[Bucket.PRINCIPAL], rule, told[Bucket.FEE], told[Bucket.COMPOUND],
            from_cents(recovered), from_cents(money.left),
        )
    )  # fmt: skip


def _excess(run: RunningLoan, payment: Payment) -> Excess:
    if payment.excess is not None:
        return payment.excess
    return Excess.SHORTEN if payment.shorten else run.terms.conventions.excess


def _settle_due(run: RunningLoan, money: _Money, on: date) -> None:
    conventions = run.terms.conventions
    items = [
        item
        for place, item in enumerate(run.items)
        if (place < run.closed and (item.is_late or item.has_extras))
        or any(charge.due_on <= on for charge in item.charges)
    ]  # what was paid long ago is not gone through again
    if conventions.settles is Settles.BY_INSTALMENT:
        pairs = [(item, Bucket.FEE) for item in items if conventions.due_order[0] is Bucket.FEE]
        pairs += [(item, bucket) for item in items for bucket in conventions.due_order]
    else:
        pairs = [(item, bucket) for bucket in conventions.due_order for item in items]
    closed = {id(item) for item in run.closed_items}
    for item, bucket in pairs:
        if not money.left:
            return
        if id(item) in closed or bucket in CHARGED:
            money.settle(run, item, bucket, on)


def _end_segment(run: RunningLoan, money: _Money, on: date) -> None:
    """Overdue principal that bore contract interest was paid: what it bore may have to be rounded."""
    if run.bears_contract_overdue and run.open_items and money.parts.get(Bucket.PRINCIPAL):
        hold_interest(run, on)
        keep_instalments(run)


def _settle_ahead(run: RunningLoan, money: _Money, on: date, rule: Excess) -> None:
    balance = unpaid_ahead(run)
    everything = money.left >= run.interest_to_settle(on) + balance
    fills = rule in FILLING and run.method is not RepaymentMethod.FLAT
    if fills and money.left < balance:
        amount = money.left
        money.give(run, Bucket.PRINCIPAL, amount)
        fill(run, on, amount, rule)
        return
    early = rule in (Excess.REDUCE, Excess.SHORTEN) and run.method is not RepaymentMethod.FLAT
    if early or fills or everything:  # money that settles the loan does so under every rule
        _repay_early(run, money, on, shorten=rule is Excess.SHORTEN)
        _settle_items(run, money, run.items, CHARGED)
        return
    items = run.open_items
    if rule is Excess.REAMORTISE:
        _spread_alike(run, money, items)
    order = reversed(items) if rule is Excess.LAST_INSTALMENT else items
    _settle_items(run, money, order, run.terms.conventions.advance_order)
    _settle_items(run, money, run.closed_items, CHARGED)


def _settle_items(
    run: RunningLoan, money: _Money, items: Iterable[Item], order: Iterable[Bucket]
) -> None:
    for item in items:
        for bucket in order:
            if not money.left:
                return
            money.settle(run, item, bucket, None)


def _spread_alike(run: RunningLoan, money: _Money, items: list[Item]) -> None:
    """Equal parts of principal to all instalments to come."""
    waiting = [item for item in items if item.unpaid_principal]
    for place, item in enumerate(waiting):
        part = min(item.unpaid_principal, money.left // (len(waiting) - place))
        if part:
            item.paid[Bucket.PRINCIPAL] = item.paid.get(Bucket.PRINCIPAL, 0) + part
            money.give(run, Bucket.PRINCIPAL, part)


def _repay_early(run: RunningLoan, money: _Money, on: date, *, shorten: bool) -> None:
    """Interest to the day, then principal; the instalments to come are spread anew."""
    if not run.open_items:
        return
    accrued, balance = run.accrued(on), unpaid_ahead(run)
    if money.left >= accrued + balance:
        accrued = run.interest_to_settle(on)
    interest = min(money.left, accrued)
    settle_accrued(run, interest)
    money.give(run, Bucket.INTEREST, interest)
    principal = min(money.left, balance) if interest == accrued else 0
    if interest < accrued or (balance and not principal):
        return  # of principal paid ahead already, the interest settles the loan
    money.give(run, Bucket.PRINCIPAL, principal)
    take_interest_ahead(run)
    hold_interest(run, on)
    earned = whole(run.carried, run.terms.conventions.rounding)
    run.carried, run.prepaid = Fraction(0), max(0, run.prepaid - earned)
    respread(run, on, balance - principal, shorten=shorten)


def settle_accrued(run: RunningLoan, amount: int) -> None:
    """Settle accrued interest before it is due: the next instalment with interest asks less."""
    if not run.open_items:
        return
    run.prepaid += amount
    run.early_interest += amount
    for item in run.open_items:
        part = max(0, min(amount, item.interest))
        item.interest -= part
        amount -= part
