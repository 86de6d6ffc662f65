"""Close of day: accrual, due-date debit, arrears, resumption."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.support.agreement import check_agreement
from tests.support.bank import ENDS_ON, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.queries import business_date, verify_audit_chain
from kuaidai.lending.ledger.queries import entries_for, trial_balance
from kuaidai.lending.servicing import bank_core, gateway, operations, queries
from kuaidai.lending.servicing.domain.views import CloseReport
from kuaidai.lending.servicing.errors import CloseOutOfOrder, CloseRunning
from kuaidai.lending.servicing.models import (
    CloseOfDay,
    CoreOrder,
    Facility,
    Loan,
    LoanChunk,
    LoanLife,
    Repayment,
)
from kuaidai.lending.servicing.operations import close_of_day, drawing
from kuaidai.lending.servicing.operations.night import work, workers

pytestmark = pytest.mark.django_db


def close(days: int = 1):
    reports = [operations.run_close_of_day(actor=SYSTEM) for _ in range(days)]
    assert trial_balance().difference == 0
    assert reports[-1].unreconciled == ()
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
    # 0.036 x 1.5 / 360 x 11 days on 10,000 of principal, and on 60 of interest: 16.50 and 0.099
    assert (str(loan.state.penalty), str(loan.state.compound)) == ("16.50", "0.10")
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


def test_a_run_killed_between_chunks_goes_on_with_the_rest(
    make_facility, draw, monkeypatch
) -> None:
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 1)
    for _ in range(2):
        draw(make_facility(), "30000.00")
    real, done = workers.close_one, []

    def dies_at_the_second(chunk_id, on, actor):
        if done:
            raise RuntimeError("killed")
        done.append(chunk_id)
        return real(chunk_id, on, actor)

    monkeypatch.setattr(workers, "close_one", dies_at_the_second)
    with pytest.raises(RuntimeError, match="killed"):
        operations.run_close_of_day(actor=SYSTEM)
    monkeypatch.undo()
    closed = LoanChunk.objects.filter(closed_through=ENDS_ON)
    assert [chunk.id for chunk in closed] == done

    report = operations.run_close_of_day(actor=SYSTEM)

    assert report.loans == 2
    assert LoanChunk.objects.filter(closed_through=ENDS_ON).count() == 2


def test_a_silent_core_parks_no_loan_and_its_order_is_pursued(facility, draw, platforms) -> None:
    loan_id = draw(facility, "30000.00").loan_id
    close(20)
    platforms.fault("bank_money", "down")

    report = close()

    assert report.parked == ()
    assert CoreOrder.objects.get(subject_type="repayment").state == "unknown"
    assert close().overdue == 1  # another night: the loan is not asked twice
    platforms.fault("bank_money", "ok")
    waiting = Repayment.objects.get(status="pending")
    operations.collect_repayment(repayment_id=waiting.id, actor=SYSTEM)
    assert close().overdue == 0
    assert Repayment.objects.count() == 1
    assert str(queries.loan(loan_id).state.outstanding) == "20000.00"


def test_a_line_past_its_term_is_expired_and_closed_once_nothing_is_owed(
    make_facility, draw, repay
) -> None:
    drawn, idle = make_facility(months=1), make_facility(months=1)
    loan_id = draw(drawn, "30000.00", months=1).loan_id
    close((drawn.expires_on - ENDS_ON).days - 1)
    taken = empty(drawn)  # its debit stays out
    close(1)
    fill(drawn, taken, "back")
    assert Facility.objects.get(id=idle.id).status == "closed"
    assert Facility.objects.get(id=drawn.id).status == "expired"

    repay(loan_id, None, on=business_date())

    assert Facility.objects.get(id=drawn.id).status == "closed"
    kinds = [(c.kind, c.status_to) for c in queries.limit_history(drawn.id)]
    assert kinds == [("close", "closed"), ("expire", "expired"), ("open", "open")]


def test_a_day_that_is_closed_is_left_alone(facility, draw) -> None:
    draw(facility, "50000.00")
    first = operations.run_close_of_day(actor=SYSTEM, on=ENDS_ON)
    entries = trial_balance()

    again = operations.run_close_of_day(actor=SYSTEM, on=ENDS_ON)

    assert (first.already_closed, again.already_closed) == (False, True)
    assert (again.closed_on, again.next_on, again.loans) == (ENDS_ON, first.next_on, 1)
    assert business_date() == ENDS_ON + timedelta(days=1)
    assert trial_balance() == entries


@pytest.mark.parametrize("days", [-1, 1])
def test_a_day_that_has_not_come_or_was_never_here_is_refused(facility, days) -> None:
    day = ENDS_ON + timedelta(days=days)
    with pytest.raises(CloseOutOfOrder, match=f"{day}.*{ENDS_ON}"):
        operations.run_close_of_day(actor=SYSTEM, on=day)
    assert business_date() == ENDS_ON


@pytest.mark.django_db(transaction=True)
def test_runs_begun_together_close_each_day_once(facility, draw) -> None:
    draw(facility, "50000.00")

    outcomes = at_once(lambda _: operations.run_close_of_day(actor=SYSTEM, on=ENDS_ON), 4)

    done = [outcome for outcome in outcomes if isinstance(outcome, CloseReport)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, CloseRunning)]
    assert len(done) + len(refused) == 4
    assert [report.already_closed for report in done].count(False) == 1
    assert business_date() == ENDS_ON + timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_waited_does_not_skip_a_day(facility, draw) -> None:
    """Without a day named, a second run may close the next day, but never one it did not work on."""
    draw(facility, "50000.00")
    for _ in range(3):
        at_once(lambda _: operations.run_close_of_day(actor=SYSTEM), 3)
    closed = list(CloseOfDay.objects.order_by("on").values_list("on", flat=True))
    assert closed == [ENDS_ON + timedelta(days=n) for n in range(len(closed))]
    assert business_date() == closed[-1] + timedelta(days=1)


def test_a_loan_that_cannot_be_read_is_parked_and_caught_up_later(make_facility, draw) -> None:
    broken, sound = (draw(make_facility(), "30000.00").loan_id for _ in range(2))
    terms = LoanLife.objects.get(loan_id=broken).terms
    LoanLife.objects.filter(loan_id=broken).update(terms=terms | {"instalments": 0})

    report = close(21)  # through 20 July

    assert report.parked == (broken,)
    assert str(queries.loan(sound).state.outstanding) == "20000.00"
    row = Loan.objects.get(id=broken)
    assert (row.accrued_through, row.parked_on) == (date(2026, 7, 19), date(2026, 7, 20))
    assert row.parked_reason == "ValueError: a loan has 1 to 1200 instalments, not 0"
    assert str(row.interest_receivable) == "57.00"  # 30,000 x 0.01 % x 19 days, posted by the chunk
    assert queries.close_status().behind == queries.close_status().parked == 1

    LoanLife.objects.filter(loan_id=broken).update(terms=terms)
    assert close().parked == ()
    assert str(queries.loan(broken).state.outstanding) == "20000.00"
    assert queries.close_status().behind == 0


def test_a_debit_of_a_loan_that_broke_meanwhile_is_taken_once_it_is_mended(
    facility, draw, monkeypatch
) -> None:
    """The money is at the bank: its outcome waits with its order, not with a repayment nobody asks for."""
    loan_id = draw(facility, "30000.00").loan_id
    close(20)
    terms = LoanLife.objects.get(loan_id=loan_id).terms

    def breaks(run, payment):
        LoanLife.objects.filter(loan_id=loan_id).update(terms=terms | {"instalments": 0})
        raise ValueError("broken")

    monkeypatch.setattr(work, "pay", breaks)
    assert close().parked == (loan_id,)
    monkeypatch.undo()
    order = CoreOrder.objects.get(subject_type="repayment")
    assert (order.state, order.applied_at) == ("settled", None)
    assert close().parked == (loan_id,)  # nor does its pending payment stop the night

    LoanLife.objects.filter(loan_id=loan_id).update(terms=terms)
    gateway.send_order(order.key)

    assert str(queries.loan(loan_id).state.outstanding) == "20000.00"
    assert Repayment.objects.get().status == "settled"
    assert close().parked == ()
    check_agreement()


@pytest.mark.parametrize("nights", [1, 3])
def test_a_customer_may_pay_a_parked_loan(facility, draw, repay, nights) -> None:
    """What the nights since would have posted is posted with the payment."""
    loan_id = draw(facility, "30000.00").loan_id
    taken = empty(facility)
    close(21)
    terms = LoanLife.objects.get(loan_id=loan_id).terms
    LoanLife.objects.filter(loan_id=loan_id).update(terms=terms | {"instalments": 0})
    assert close(nights).parked == (loan_id,)
    LoanLife.objects.filter(loan_id=loan_id).update(terms=terms)
    fill(facility, taken, "back")

    done = repay(loan_id, "1000.00", on=business_date())

    assert done.status == "settled"
    row = Loan.objects.get(id=loan_id)
    assert (row.parked_on, row.parked_reason) == (None, "")
    check_agreement()
    assert close().parked == ()
    check_agreement()


def test_a_debit_and_a_drawdown_left_pending_are_pursued(make_facility, draw, platforms) -> None:
    first, second = make_facility(), make_facility()
    loan_id = draw(first, "30000.00").loan_id
    close(20)
    platforms.fault("bank_money", "lost")
    waiting = draw(second, "20000.00", on=business_date())
    platforms.fault("bank_money", "down")
    assert close().debited == 0
    platforms.fault("bank_money", "ok")

    assert close().parked == ()

    assert str(queries.loan(loan_id).state.outstanding) == "20000.00"
    assert queries.drawdown(waiting.id).status == "paid_out"
    check_agreement()


def test_a_payoff_heard_of_two_nights_later_leaves_the_books_even(
    facility, draw, repay, platforms
) -> None:
    """The money was taken on its day, so the interest accrued in the two nights is taken back."""
    loan_id = draw(facility, "50000.00").loan_id
    close(10)
    platforms.fault("bank_money", "down")
    waiting = repay(loan_id, None, on=business_date())
    assert (waiting.status, str(waiting.amount)) == ("pending", "50050.00")
    close(2)
    assert str(income()) == "55.00"
    platforms.fault("bank_money", "ok")
    operations.collect_repayment(repayment_id=waiting.id, actor=SYSTEM)

    assert queries.loan(loan_id).status == "settled"
    assert str(income()) == "50.00"
    assert {total.difference for total in queries.control_totals()} == {0}
    newest = entries_for(source_type="loan", source_id=loan_id)[-1]
    assert newest.on == business_date()  # a closed day is not reopened


def test_a_frozen_line_expires_too(make_facility, customer) -> None:
    facility = make_facility(months=1)
    operations.freeze_facility(
        facility_id=facility.id, reason="watch", on=ENDS_ON, actor=customer.actor
    )
    close((facility.expires_on - ENDS_ON).days)
    history = queries.limit_history(facility.id)
    assert [c.status_to for c in history] == ["closed", "expired", "frozen", "open"]
