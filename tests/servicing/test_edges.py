"""Where things meet: a date ahead of the bank's, a closing day, and one key from many hands."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection, transaction
from tests.support.agreement import check_agreement
from tests.support.bank import ENDS_ON, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.operations import advance_business_date
from kuaidai.foundation.queries import audit_trail, business_date
from kuaidai.interfaces.cli import main
from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.errors import DatedAhead
from kuaidai.lending.servicing.models import Drawdown, Loan, LoanChunk, LoanEvent, Repayment
from kuaidai.lending.servicing.operations.night.settling import close_chunk
from kuaidai.lending.servicing.operations.projection import posting_day

TOMORROW = ENDS_ON + timedelta(days=1)


def close(days=1):
    return [operations.run_close_of_day(actor=SYSTEM) for _ in range(days)][-1]


@pytest.mark.django_db
def test_a_repayment_dated_ahead_is_refused_and_parks_no_loan(facility, draw, customer) -> None:
    loan_id = draw(facility, "50000.00").loan_id
    with pytest.raises(DatedAhead, match=rf"{TOMORROW}.*{ENDS_ON}") as refusal:
        operations.repay(
            loan_id=loan_id, amount=Decimal("100.00"), key="ahead", on=TOMORROW,
            actor=customer.actor,
        )  # fmt: skip
    assert str(TOMORROW) in refusal.value.text("zh-hans")
    assert not LoanEvent.objects.exists()
    assert close().parked == ()


@pytest.mark.django_db
def test_a_drawdown_dated_ahead_is_refused_and_reserves_nothing(facility, draw) -> None:
    with pytest.raises(DatedAhead, match=str(TOMORROW)):
        draw(facility, "50000.00", on=TOMORROW)
    assert queries.facility(facility.id).available == Decimal("100000.00")
    assert not Drawdown.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("again", ["20000", "20000.0", "2E+4"])
def test_the_same_amount_written_otherwise_is_the_same_request(facility, draw, again) -> None:
    first = draw(facility, "20000.00", key="the-same")
    assert draw(facility, again, key="the-same").id == first.id
    assert str(queries.facility(facility.id).used) == "20000.00"


@pytest.mark.django_db
def test_the_same_repayment_written_otherwise_is_the_same_request(facility, draw, repay) -> None:
    loan_id = draw(facility, "50000.00").loan_id
    first = repay(loan_id, "1000.00", key="the-same")
    assert repay(loan_id, "1000", key="the-same").id == first.id
    assert Repayment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_key_from_many_hands_at_once_draws_and_repays_once(make_facility, draw, repay) -> None:
    facility = make_facility()
    drawn = at_once(lambda _: draw(facility, "20000.00", key="one").id, 6)
    assert len(set(drawn)) == Drawdown.objects.count() == 1
    assert str(queries.facility(facility.id).used) == "20000.00"
    loan_id = queries.drawdown(drawn[0]).loan_id

    repaid = at_once(lambda _: repay(loan_id, "5000.00", key="two", on=ENDS_ON).id, 6)

    assert len(set(repaid)) == LoanEvent.objects.count() == 1
    assert str(queries.facility(facility.id).used) == "15000.00"
    paid_out = [
        e for e in queries.account_entries(facility_id=facility.id) if e.memo.endswith(drawn[0])
    ]
    assert [str(entry.amount) for entry in paid_out] == ["20000.00"]
    assert trial_balance().difference == 0


@pytest.mark.django_db(transaction=True)
def test_no_day_closes_under_an_entry_that_is_being_posted_on_it(facility) -> None:
    """Else the entry would be committed on a day whose books are closed."""

    def advance(_) -> date:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '300ms'")
        return advance_business_date(actor=SYSTEM)

    with transaction.atomic():
        assert posting_day(ENDS_ON) == ENDS_ON
        [outcome] = at_once(advance, 1)
        assert isinstance(outcome, OperationalError)
    assert business_date() == ENDS_ON
    assert at_once(advance, 1) == [TOMORROW]
    with transaction.atomic():
        assert posting_day(ENDS_ON) == TOMORROW


@pytest.mark.django_db(transaction=True)
def test_a_night_waits_for_a_repayment_being_applied_and_closes_after_it(
    make_facility, draw, customer
) -> None:
    """Else it would accrue past a payment of the day; that neither waits for the other for ever."""
    facility = make_facility()
    paying, sister = (draw(facility, "20000.00").loan_id for _ in range(2))

    def closed(_) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
        close_chunk(Loan.objects.get(id=sister).chunk_id, ENDS_ON, SYSTEM)
        return LoanChunk.objects.get(loans=sister).closed_through

    with transaction.atomic():  # holds what applying the repayment locks
        paid = operations.repay(
            loan_id=paying, amount=Decimal("500.00"), key="pay", on=ENDS_ON, actor=customer.actor
        )
        assert paid.status == "settled"
        [outcome] = at_once(closed, 1)
        assert isinstance(outcome, OperationalError)
    assert at_once(closed, 1) == [ENDS_ON]
    check_agreement()


@pytest.mark.django_db
def test_a_line_that_ends_says_so_in_its_audit_trail(make_facility) -> None:
    facility = make_facility(months=1)
    days = (facility.expires_on - ENDS_ON).days
    close(days - 1)
    assert queries.facility(facility.id).status == "open"
    close(2)
    trail = audit_trail(subject_type="facility", subject_id=facility.id)
    [ended] = [entry for entry in trail if entry.action == "facility.expired"]
    assert ended.detail == {"from": "open", "expires_on": str(facility.expires_on)}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("--start", "9999-12-01"), "9999-12-01"),
        (("--annual-rate", "1000"), "not 10"),
    ],
)
def test_terms_beyond_the_calendar_or_any_rate_are_one_line(capsys, wrong, named) -> None:
    arguments = ("--principal", "1000", "--annual-rate", "4", "--start", "2026-01-20")
    with pytest.raises(SystemExit) as stopped:
        main.run(("loan", "quote", "--months", "3", *arguments, *wrong))
    said = capsys.readouterr()
    assert (stopped.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert named in said.err
