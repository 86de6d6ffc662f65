"""Random lives of a book, faults of every kind included: after every day stored, replayed and posted agree."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from tests.support.agreement import check_agreement
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.lines import OPENS, account, draw, open_line, spend

from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import business_date, verify_audit_chain
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.gateway import wire
from kuaidai.lending.servicing.models import (
    Drawdown,
    Facility,
    Loan,
    LoanEvent,
    LoanLife,
    Repayment,
)
from kuaidai.lending.servicing.operations import drawing, limits
from kuaidai.lending.servicing.operations.projection import book, hold_loan
from kuaidai.simulator.sandbox.bank_core import LENDER
from kuaidai.simulator.sandbox.orders import Kind, Order

__all__ = ["core"]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FAULTS = ("ok", "ok", "ok", "down", "lost", "malformed")
METHODS = ("equal_principal", "equal_instalment", "interest_monthly_principal_at_maturity",
           "single_repayment", "equal_principal")  # fmt: skip
DAYS = 32


class Life:
    """Whatever may happen to a small book, by the dice."""

    def __init__(self, core, seed: int) -> None:
        self.core, self.dice = core, random.Random(seed)
        self.lines = [open_line(n, method=m) for n, m in enumerate(METHODS, start=10)]
        self.broken: dict[str, dict] = {}

    def day(self) -> None:
        """What customers, staff, the core and time do on one day."""
        on = business_date()
        self.core.fault(self.dice.choice(FAULTS))
        self.break_or_mend()
        for _ in range(3):
            try:
                done = self.dice.choice([self.draws, self.repays, self.repays, self.books])
                with transaction.atomic():
                    done(on)
            except (Refusal, IntegrityError) as refused:
                assert getattr(refused, "http_status", 0) < 500
            self.did(done.__name__)
        if self.dice.random() < 0.2:
            spend(self.core, self.dice.randint(10, 14), left="900.00")
        self.did("paid")
        operations.run_close_of_day(actor=SYSTEM, on=on)
        self.did("closed")
        if self.dice.random() < 0.15:  # nights that did not take place
            days = self.dice.randint(1, 9)
            set_business_date(on=business_date() + timedelta(days=days), actor=SYSTEM)

    def did(self, what: str) -> None:
        """The books agree after it."""
        try:
            check_agreement_of_readable(self.broken)
        except AssertionError as error:
            raise AssertionError(f"{business_date()} {what}: {error}") from error

    def draws(self, on: date) -> None:
        line = self.dice.choice(self.lines)
        draw(line, f"{self.dice.randint(1, 25)}000.00", on, key=new_id("KEY"),
             months=self.dice.choice([3, 6]))  # fmt: skip

    def loan(self) -> Loan | None:
        rows = [row for row in Loan.objects.order_by("start_on", "principal", "facility__uscc")
                if row.id not in self.broken]  # fmt: skip
        return self.dice.choice(rows) if rows else None

    def repays(self, on: date) -> None:
        row = self.loan()
        if row is None:
            return
        owed = queries.state_of(row, on).payoff
        part = (owed * self.dice.randint(1, 100) / 100).quantize(Decimal("0.01"))
        operations.repay(loan_id=row.id, amount=part, key=new_id("KEY"), on=on, actor=SYSTEM,
                         shorten=self.dice.random() < 0.5)  # fmt: skip

    def books(self, on: date) -> None:
        """An event of staff, today's or backdated."""
        row = self.loan()
        if row is None:
            return
        day = max(row.start_on, on - timedelta(days=self.dice.choice([0, 0, 1, 7, 40])))
        self.book(row, self.event(row, day), on)

    def book(self, row: Loan, event: ev.Event, on: date) -> None:
        """Book an event with what it does to the line and, a write-off, to the allowance."""
        account = limits.lock_limits(facility_id=row.facility_id, product_code=row.product_code)
        booked = book(hold_loan(row.id), event, actor=SYSTEM)
        limits.restore(account, booked.principal_back, on=on, lost=booked.principal_lost)
        if booked.written_off:
            operations.use_allowance(loan_id=row.id, amount=booked.written_off)

    def writes_off_and_recovers(self) -> None:
        """The largest loan leaves the books; half of the claim comes in by the core, before and after a night."""
        row, on = Loan.objects.filter(status="active").order_by("-outstanding")[0], business_date()
        self.fund(row)
        with transaction.atomic():
            self.book(row, ev.WriteOff(new_id("EV"), on), on)
        self.did("written off")
        claim = queries.state_of(row, on).claim
        assert claim >= row.outstanding > 0
        for part in (4, 4):
            done = operations.record_recovery(
                loan_id=row.id, amount=(claim / part).quantize(Decimal("0.01")), key=new_id("KEY"),
                reason="found by the court", on=business_date(), actor=SYSTEM,
            )  # fmt: skip
            assert done.status == "settled"
            self.did("recovered")
            operations.run_close_of_day(actor=SYSTEM)
            self.did("closed")
        row.refresh_from_db()
        assert (row.status, row.outstanding) == ("written_off", 0)
        left = queries.state_of(row, business_date()).claim
        assert abs(left - claim / 2) < Decimal("0.02")

    def fund(self, row: Loan) -> None:
        """The firm comes into money."""
        amount, number = int(row.principal) * 200, int(row.facility.uscc.removeprefix("B-"))
        self.core.bank.move(Order(new_id("FUND"), LENDER, account(number), amount, "", OPENS,
                                  partial=False, kind=Kind.TRANSFER))  # fmt: skip

    def event(self, row: Loan, on: date) -> ev.Event:
        key = new_id("EV")
        if self.dice.random() < 0.06:
            return ev.WriteOff(key, on)
        cents = Decimal(self.dice.randint(1, 5000)) / 100
        kind = self.dice.randrange(8)
        if kind < 3:
            keys = list(LoanEvent.objects.filter(loan=row).values_list("key", flat=True))
            if keys:
                return ev.Reversal(key, on, self.dice.choice(keys))
        later = tuple(on + timedelta(days=40 * no) for no in range(1, 4))
        return [
            ev.Charge(key, on, Bucket.FEE, cents),
            ev.Waiver(key, on, self.dice.choice(list(Bucket)), cents),
            ev.RateChange(key, on, Decimal(self.dice.randint(20, 90)) / 1000),
            ev.Misuse(key, on, Decimal(500)),
            ev.Extension(key, on, later),
            ev.Restructuring(key, on, later),
            ev.NonAccrual(key, on),
            ev.AccrualResumed(key, on),
        ][kind]

    def break_or_mend(self) -> None:
        """A loan whose terms cannot be read, for some nights."""
        if self.broken and self.dice.random() < 0.4:
            self.mend()
        elif not self.broken and self.dice.random() < 0.3 and (row := self.loan()):
            self.broken[row.id] = row.life.terms
            LoanLife.objects.filter(loan_id=row.id).update(
                terms=row.life.terms | {"instalments": 0}
            )

    def mend(self) -> None:
        """All loans can be read again."""
        for loan_id, terms in self.broken.items():
            LoanLife.objects.filter(loan_id=loan_id).update(terms=terms)
        self.broken.clear()


def check_agreement_of_readable(broken: dict[str, dict]) -> None:
    """As `check_agreement`, with the broken loans' terms as they were."""
    with transaction.atomic():
        for loan_id, terms in broken.items():
            LoanLife.objects.filter(loan_id=loan_id).update(terms=terms)
        check_agreement()
        for loan_id, terms in broken.items():
            LoanLife.objects.filter(loan_id=loan_id).update(terms=terms | {"instalments": 0})


@pytest.mark.parametrize("seed", range(4))
def test_stored_and_replayed_agree_through_any_life(core, monkeypatch, seed) -> None:
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 3)
    monkeypatch.setattr(wire, "BREAKER", CircuitBreaker(failures_to_open=1000, rest_s=0.0))
    set_business_date(on=OPENS, actor=SYSTEM)
    life = Life(core, seed)
    for _ in range(DAYS):
        life.day()

    core.fault("ok")
    life.mend()
    for _ in range(2):
        operations.run_close_of_day(actor=SYSTEM)
    life.writes_off_and_recovers()
    assert not Drawdown.objects.filter(status="pending").exists()
    assert not Repayment.objects.filter(status="pending").exists()
    assert not Loan.objects.filter(parked_on__isnull=False).exists()
    assert Loan.objects.count() > 4
    assert Facility.objects.count() == len(METHODS)
    check_agreement()
    assert verify_audit_chain().intact
