"""Close of day: accrual, due-date debit, arrears, resumption."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.queries import business_date, verify_audit_chain
from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import bank_core, operations, queries
from kuaidai.lending.servicing.models import CloseOfDay, Facility, Loan, Repayment
from kuaidai.lending.servicing.operations import close_of_day

pytestmark = pytest.mark.django_db


def close(days: int = 1):
    reports = [operations.run_close_of_day(actor=SYSTEM) for _ in range(days)]
    assert trial_balance().difference == 0
    return reports[-1]


def empty(facility) -> Decimal:
    """Take all the firm's money; returns how much it was."""
    [account] = [
        a for a in bank_core.accounts(facility.uscc) if a.account_no == facility.account_no
    ]
    if account.balance:
        bank_core.debit(
            key=f"empty-{facility.id}", from_account=account.account_no, amount=account.balance,
            memo="", on=ENDS_ON, partial=False,
        )  # fmt: skip
    return account.balance


def fill(facility, amount: Decimal, key: str) -> None:
    bank_core.transfer_out(
        key=f"{key}-{facility.id}",
        to_account=facility.account_no,
        amount=amount,
        memo="",
        on=ENDS_ON,
    )


def income() -> Decimal:
    return next(row.balance for row in trial_balance().rows if row.account == "6010")


def test_interest_accrues_day_by_day_and_the_date_moves(facility, draw) -> None:
    draw(facility, "50000.00")
    report = close(3)
    assert report.closed_on == ENDS_ON + timedelta(days=2)
    assert business_date() == ENDS_ON + timedelta(days=3)
    assert str(income()) == "10.00"  # 50,000 x 0.01 % x 2 days up to the last closed date
    assert queries.close_status().behind == 0
    assert verify_audit_chain().intact


def test_what_is_due_is_debited_on_its_day(facility, draw) -> None:
    loan_id = draw(facility, "30000.00").loan_id
    report = close(21)  # through 20 July
    assert report.closed_on == date(2026, 7, 20)
    assert str(report.debited) == "10060.00"  # 10,000 + 30,000 x 0.01 % x 20 days
    assert report.overdue == 0
    loan = queries.loan(loan_id)
    assert str(loan.state.outstanding) == "20000.00"
    assert str(queries.facility(facility.id).available) == "80000.00"


def test_an_empty_account_makes_days_past_due_and_penalty(facility, draw) -> None:
    loan_id = draw(facility, "30000.00").loan_id
    taken = empty(facility)
    report = close(21)
    assert report.debited == 0
    assert close(10).overdue == 1

    loan = queries.loan(loan_id)  # on 31 July
    assert loan.state.days_past_due == 11
    # 10,060 x 0.036 x 1.5 / 360 x 11 days = 16.599
    assert str(loan.state.penalty) == "16.60"
    fill(facility, taken, "back")
    assert str(close().debited) == "10076.60"
    assert queries.loan(loan_id).state.days_past_due == 0


def test_what_there_is_is_taken(facility, draw) -> None:
    loan_id = draw(facility, "30000.00").loan_id
    taken = empty(facility)
    fill(facility, Decimal("5000.00"), "some")
    close(21)
    state = queries.loan(loan_id).state
    assert (str(state.due_interest), str(state.due_principal)) == ("0.00", "5060.00")
    fill(facility, taken, "rest")


def test_a_second_run_of_the_same_day_changes_nothing(facility, draw, monkeypatch) -> None:
    draw(facility, "30000.00")
    close(20)
    on = business_date()

    def stop(*args, **options):
        raise RuntimeError("power cut")

    monkeypatch.setattr(close_of_day, "_finish", stop)
    with pytest.raises(RuntimeError, match="power cut"):
        operations.run_close_of_day(actor=SYSTEM)
    assert business_date() == on
    monkeypatch.undo()

    report = operations.run_close_of_day(actor=SYSTEM)

    assert report.closed_on == on
    assert str(report.debited) == "10060.00"
    assert Repayment.objects.filter(kind="due").count() == 1
    assert CloseOfDay.objects.filter(on=on).count() == 1


def test_a_run_killed_between_loans_goes_on_with_the_rest(make_facility, draw, monkeypatch) -> None:
    first, second = make_facility(), make_facility()
    loans = {draw(f, "30000.00").loan_id for f in (first, second)}
    real = close_of_day._close_loan
    done = []

    def dies_at_the_second(loan_id, on, actor):
        if done:
            raise RuntimeError("killed")
        done.append(loan_id)
        real(loan_id, on, actor)

    monkeypatch.setattr(close_of_day, "_close_loan", dies_at_the_second)
    with pytest.raises(RuntimeError, match="killed"):
        operations.run_close_of_day(actor=SYSTEM)
    monkeypatch.undo()

    report = operations.run_close_of_day(actor=SYSTEM)

    assert report.loans == 2
    assert set(Loan.objects.filter(closed_through=ENDS_ON).values_list("id", flat=True)) == loans


def test_a_silent_core_parks_the_loan_and_the_night_goes_on(facility, draw, platforms) -> None:
    loan_id = draw(facility, "30000.00").loan_id
    close(20)
    platforms.fault("bank_money", "down")

    report = close()

    assert report.parked == (loan_id,)
    assert "CORE_UNAVAILABLE" in queries.loan(loan_id).parked_reason
    platforms.fault("bank_money", "ok")
    waiting = Repayment.objects.get(status="pending")
    operations.collect_repayment(repayment_id=waiting.id, actor=SYSTEM)
    assert close().parked == ()
    assert str(queries.loan(loan_id).state.outstanding) == "20000.00"


def test_a_line_past_its_term_is_expired(make_facility) -> None:
    facility = make_facility(months=1)
    days = (facility.expires_on - ENDS_ON).days
    close(days)
    assert Facility.objects.get(id=facility.id).status == "expired"
