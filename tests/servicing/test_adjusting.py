"""What staff do to loans: limits of one person, four eyes, refusals; the books agree after each."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.models import AuditRecord, User
from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.ledger.operations import receive_unmatched
from kuaidai.lending.ledger.queries import trial_balance, unmatched
from kuaidai.lending.servicing import adjusting_queries, operations, queries
from kuaidai.lending.servicing import errors as refused
from kuaidai.lending.servicing.domain.adjustments import latest_extension
from kuaidai.lending.servicing.domain.classification import RiskClass
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.models import LoanRequest, LoanRisk

pytestmark = pytest.mark.django_db
WHY = "Agreed with the customer in a recorded call."
ON = ENDS_ON + timedelta(days=10)


@pytest.fixture
def staff(db):
    roles = {"amy": "account_manager", "olga": "operations", "otto": "operations",
             "rita": "risk_officer", "rolf": "risk_officer", "mo": "modeller"}  # fmt: skip
    for name, role in roles.items():
        User.objects.create(username=name, role=role)
    return {name: Actor("staff", name, name) for name in roles}


@pytest.fixture
def loan_id(facility, draw):
    found = draw(facility, "30000.00").loan_id
    set_business_date(on=ON, actor=SYSTEM)
    return found


@pytest.fixture
def do(staff, loan_id):
    def done(what, by="rita", **values):
        values = {"loan_id": loan_id, "reason": WHY, "key": new_id("KEY"), "on": ON} | values
        return getattr(operations, what)(actor=staff[by], **values)

    yield done
    check_books(loan_id)


def check_books(loan_id) -> None:
    assert trial_balance().difference == 0
    assert {t.title: t.difference for t in queries.control_totals() if t.difference} == {}
    loan = queries.loan(loan_id)
    facility = queries.facility(loan.facility_id)
    assert facility.used == loan.state.outstanding


def state(loan_id):
    return queries.loan(loan_id).state


def approve(staff, asked, by="rolf", on=ON):
    return operations.approve_loan_request(
        request_id=asked.request_id, note="", on=on, actor=staff[by]
    )


def balance(account) -> str:
    return next(str(row.balance) for row in trial_balance().rows if row.account == account)


def test_costs_of_enforcement_are_charged_and_waived(do, loan_id) -> None:
    charged = do("charge_fee", "olga", amount=Decimal("800.00"))
    assert not charged.waits
    assert str(state(loan_id).fees) == "800.00"
    assert balance("1323") == "800.00"
    do("waive", bucket=Bucket.FEE, amount=Decimal("300.00"))
    assert str(state(loan_id).fees) == "500.00"
    [waived, charge] = adjusting_queries.loan_events(loan_id)
    assert (waived.kind, waived.actor, waived.reason) == ("waiver", "staff:rita", WHY)
    assert charge.key == charged.event_key
    assert AuditRecord.objects.filter(action="loan.charge", subject_id=loan_id).count() == 1


def test_the_same_key_does_nothing_more(do, loan_id) -> None:
    first = do("charge_fee", "olga", amount=Decimal("10.00"), key="only-once")
    again = do("charge_fee", "olga", amount=Decimal("10.00"), key="only-once")
    assert again == first
    assert str(state(loan_id).fees) == "10.00"


@pytest.mark.parametrize(
    ("what", "values", "refusal", "named"),
    [
        ("charge_fee", {"amount": Decimal("5000.01")}, refused.AboveAdjustmentLimit, "5,000.00"),
        ("charge_fee", {"amount": Decimal("0.00")}, refused.AdjustmentAmount, "0.00"),
        ("charge_fee", {"amount": Decimal("1.005")}, refused.AdjustmentAmount, r"1\.005"),
        ("charge_fee", {"amount": Decimal(1), "reason": "short"},
         refused.AdjustmentWithoutReason, "5 were"),
        ("charge_fee", {"amount": Decimal(1), "by": "rita"}, refused.AdjustmentNotForRole,
         "operations"),
        ("charge_fee", {"amount": Decimal(1), "loan_id": "LN-0"}, refused.UnknownLoan, "LN-0"),
        ("charge_fee", {"amount": Decimal(1), "on": ON + timedelta(days=1)}, refused.DatedAhead, "2026"),
        ("waive", {"bucket": Bucket.INTEREST, "amount": Decimal("30.01"), "by": "amy"},
         refused.WaiveTooMuch, r"30\.00"),
        ("change_rate", {"annual_rate": Decimal("0.2401"), "by": "amy"}, refused.RateOutOfRange,
         "24"),
        ("change_rate", {"annual_rate": Decimal(0), "by": "amy"}, refused.RateOutOfRange, "0"),
        ("record_misuse", {"amount": Decimal("30000.01"), "by": "amy"}, refused.MisuseTooMuch,
         "30,000.00"),
        ("extend", {"due_dates": [date(2026, 9, 30)], "by": "amy"}, refused.ExtensionDates, "2026"),
        ("extend", {"due_dates": [date(2027, 1, 1)], "by": "amy"}, refused.ExtensionDates,
         "2026-12-31"),
        ("restructure", {"due_dates": [ON], "by": "amy"}, refused.ExtensionDates, "2026"),
        ("write_off", {"by": "rita"}, refused.NotForWriteOff, "pass"),
        ("reverse_event", {"event_key": "EVT-0", "by": "olga"}, refused.NotReversible, "EVT-0"),
        ("resume_accrual", {"by": "rita"}, refused.AccrualUnchanged, "running"),
        ("record_recovery", {"amount": Decimal(1), "by": "olga"}, refused.LoanNotWrittenOff, "LN"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(do, loan_id, what, values, refusal, named) -> None:
    with pytest.raises(refusal, match=named):
        do(what, **({"by": "olga"} | values))
    assert adjusting_queries.loan_events(loan_id) == ()


def test_a_large_waiver_waits_for_another_risk_officer(do, staff, loan_id) -> None:
    do("charge_fee", "olga", amount=Decimal("1500.00"))
    asked = do("waive", "rita", bucket=Bucket.FEE, amount=Decimal("1000.01"))
    assert asked.waits
    assert str(state(loan_id).fees) == "1500.00"
    with pytest.raises(refused.AdjustmentWaiting):
        do("waive", "amy", bucket=Bucket.FEE, amount=Decimal("1000.02"))
    with pytest.raises(refused.SameEyes, match="rita"):
        approve(staff, asked, "rita")
    with pytest.raises(refused.AdjustmentNotForRole, match="risk_officer"):
        approve(staff, asked, "otto")

    done = approve(staff, asked)

    assert done.event_key == asked.request_id
    assert str(state(loan_id).fees) == "499.99"
    [request] = adjusting_queries.requests_of(loan_id)
    assert (request.status, request.asked_by, request.decided_by) == ("approved", "rita", "rolf")
    with pytest.raises(refused.LoanRequestDecided):
        approve(staff, asked)
    with pytest.raises(refused.UnknownLoanRequest):
        operations.approve_loan_request(request_id="REQ-0", note="", on=ON, actor=staff["rolf"])


def test_a_request_lapses_and_may_be_rejected(do, staff, loan_id) -> None:
    asked = do("change_rate", "amy", annual_rate=Decimal("0.04"))
    late = ON + timedelta(days=14)
    with pytest.raises(refused.LoanRequestDecided, match="expired"):
        approve(staff, asked, on=late)
    operations.reject_loan_request(
        request_id=asked.request_id, note="Not now.", on=ON, actor=staff["rolf"]
    )
    [request] = adjusting_queries.requests_of(loan_id)
    assert (request.status, request.note) == ("rejected", "Not now.")
    assert adjusting_queries.loan_events(loan_id) == ()


def test_the_database_refuses_the_same_eyes(do, loan_id) -> None:
    asked = do("change_rate", "amy", annual_rate=Decimal("0.04"))
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        LoanRequest.objects.filter(id=asked.request_id).update(
            status="approved", decided_by="amy", decided_on=ON
        )


def test_a_new_rate_counts_from_the_approval(do, staff, loan_id) -> None:
    approve(staff, do("change_rate", "amy", annual_rate=Decimal("0.072")))
    found = state(loan_id)
    assert str(found.annual_rate) == "0.072000"
    # 10 days at 3.6 % and 10 at 7.2 % on 30,000.00: 30.00 + 60.00
    assert str(found.instalments[0].interest) == "90.00"


def test_misuse_bears_its_rate_until_it_ends(do, loan_id) -> None:
    do("record_misuse", "amy", amount=Decimal("10000.00"), on=ENDS_ON)
    do("end_misuse", "amy")
    # 10,000.00 x 3.6 % x (2 - 1) / 360 x 10 days
    assert str(state(loan_id).penalty) == "10.00"
    assert balance("1321") == "10.00"


def test_an_extension_is_once_before_maturity_and_within_the_law(do, staff, loan_id) -> None:
    days = [date(2026, 8, 31), date(2026, 10, 31), date(2026, 12, 31)]
    approve(staff, do("extend", "amy", due_dates=days))
    found = state(loan_id)
    assert [row.due_on for row in found.instalments] == days
    assert str(found.outstanding) == "30000.00"
    with pytest.raises(refused.ExtendedAlready, match="1 times"):
        do("extend", "amy", due_dates=[date(2027, 1, 31)])


@pytest.mark.parametrize(
    ("start", "matures", "last"),
    [
        (date(2026, 1, 1), date(2027, 1, 1), date(2028, 1, 1)),  # short-term: the original term
        (date(2026, 1, 1), date(2028, 1, 1), date(2028, 12, 31)),  # medium: half of 730 days
        (date(2026, 1, 1), date(2032, 1, 1), date(2035, 1, 1)),  # long: three years
    ],
)
def test_the_law_bounds_extensions(start, matures, last) -> None:
    assert latest_extension(start, matures) == last


def test_a_matured_loan_is_restructured_and_watched(do, staff, loan_id) -> None:
    set_business_date(on=date(2026, 10, 10), actor=SYSTEM)
    on = date(2026, 10, 10)
    with pytest.raises(refused.ExtensionAfterMaturity, match="2026-09-30"):
        do("extend", "amy", due_dates=[date(2026, 12, 31)], on=on)
    asked = do(
        "restructure", "amy", due_dates=[date(2026, 12, 31), date(2027, 3, 31)],
        annual_rate=Decimal("0.03"), on=on,
    )  # fmt: skip
    approve(staff, asked, on=on)
    found = state(loan_id)
    assert found.days_past_due == 0
    assert str(found.outstanding) == "30000.00"
    assert LoanRisk.objects.get(loan_id=loan_id).restructured_on == on


def watch(loan_id):
    risk = LoanRisk.objects.get(loan_id=loan_id)
    return risk.restructured_on, risk.watched_from, risk.restructured_again, risk.risk_class


def test_the_watch_ends_when_the_restructuring_is_reversed(do, staff, loan_id) -> None:
    first, second = date(2026, 8, 3), date(2026, 8, 10)
    keys = []
    for on, due in ((first, date(2026, 12, 31)), (second, date(2027, 3, 31))):
        set_business_date(on=on, actor=SYSTEM)
        asked = do("restructure", "amy", due_dates=[due], on=on)
        keys.append(approve(staff, asked, on=on).event_key)
    assert watch(loan_id) == (second, date(2027, 3, 31), True, RiskClass.SUBSTANDARD)

    approve(staff, do("reverse_event", "olga", event_key=keys[1], on=second), on=second)
    assert watch(loan_id)[:3] == (first, date(2026, 12, 31), False)
    approve(staff, do("reverse_event", "olga", event_key=keys[0], on=second), on=second)
    assert watch(loan_id)[:3] == (None, None, False)
    assert AuditRecord.objects.filter(action="loan.restructuring_undone").count() == 2


def test_a_watch_begun_since_outlives_the_reversal_of_an_earlier_restructuring(
    do, staff, loan_id
) -> None:
    asked = do("restructure", "amy", due_dates=[date(2026, 12, 31)])
    key = approve(staff, asked).event_key
    later = ON + timedelta(days=1)
    set_business_date(on=later, actor=SYSTEM)
    operations.record_restructuring(
        loan_id=loan_id, first_due_on=date(2026, 12, 31), on=later, actor=SYSTEM
    )
    approve(staff, do("reverse_event", "olga", event_key=key, on=later), on=later)
    assert watch(loan_id)[::2] == (later, False)  # and it is the first one now


@pytest.fixture
def written_off(do, staff, loan_id):
    LoanRisk.objects.create(loan_id=loan_id, risk_class=4, stage=3)
    approve(staff, do("write_off", "olga"))
    return loan_id


def test_a_write_off_leaves_the_books_and_the_line_is_used_up(written_off) -> None:
    loan = queries.loan(written_off)
    assert (loan.status, str(loan.state.claim)) == ("written_off", "30030.00")
    assert balance("1310") == "0.00"
    assert balance("9020") == "30030.00"
    assert balance("1390") == "-30030.00"
    charged = operations.provide(on=ON, actor=SYSTEM).charged
    assert balance("1390") == "0.00"
    assert charged >= Decimal("30030.00")
    facility = queries.facility(loan.facility_id)
    assert (str(facility.available), str(facility.consumed)) == ("70000.00", "30000.00")


def test_nothing_is_drawn_before_the_claim_of_a_write_off_is_paid(do, draw, written_off) -> None:
    facility = queries.facility(queries.loan(written_off).facility_id)
    with pytest.raises(refused.DrawingWhileOverdue, match=str(ON)):
        draw(facility, "1000.00", on=ON)
    do("record_recovery", "olga", amount=Decimal("30029.99"))
    with pytest.raises(refused.DrawingWhileOverdue):
        draw(facility, "1000.00", on=ON)
    do("record_recovery", "olga", amount=Decimal("0.01"))
    assert queries.overdue_since(facility.id) is None


def test_a_recovery_comes_through_the_core_and_no_more_than_the_claim(do, written_off) -> None:
    with pytest.raises(refused.RepayTooMuch, match="30,030"):
        do("record_recovery", "olga", amount=Decimal("30030.01"))
    done = do("record_recovery", "olga", amount=Decimal("1000.00"))
    assert done.status == "settled"
    assert str(state(written_off).claim) == "29030.00"
    assert balance("9020") == "29030.00"
    with pytest.raises(refused.LoanNotActive, match="written off"):
        do("charge_fee", "olga", amount=Decimal("1.00"))


def test_money_in_suspense_pays_a_loan_written_off_or_not(do, written_off) -> None:
    money = receive_unmatched(
        reference="BC-77", amount=Decimal("500.00"), payer="6222020200112233", received_on=ON,
        on=ON, actor=SYSTEM,
    )  # fmt: skip
    do("apply_unmatched_money", "olga", unmatched_id=money.id, amount=Decimal("400.00"))
    assert str(state(written_off).claim) == "29630.00"
    assert str(unmatched(money.id).remaining) == "100.00"
    assert balance("2240") == "100.00"


def test_a_write_off_is_reversed_by_two_and_the_line_is_used_again(do, staff, written_off) -> None:
    [event] = adjusting_queries.loan_events(written_off)
    asked = do("reverse_event", "olga", event_key=event.key)
    approve(staff, asked, "otto")
    loan = queries.loan(written_off)
    assert loan.status == "active"
    facility = queries.facility(loan.facility_id)
    assert (str(facility.used), facility.consumed) == ("30000.00", 0)
    reversal, before = adjusting_queries.loan_events(written_off)
    assert before.reversed_by == reversal.key
    assert not before.may_be_reversed
    assert not reversal.may_be_reversed
    with pytest.raises(refused.NotReversible):
        do("reverse_event", "olga", event_key=before.key)


def test_a_reversed_payment_needs_its_room_on_the_line(
    do, staff, loan_id, repay, draw, facility
) -> None:
    paid = repay(loan_id, "10010.00")  # 30.00 of it is interest
    asked = do("reverse_event", "olga", event_key=paid.id)
    drawn = draw(facility, "79000.00", on=ON)
    with pytest.raises(refused.LineRedrawn, match=r"9,980\.00.*980\.00 left"):
        approve(staff, asked, "otto")
    operations.repay(
        loan_id=drawn.loan_id, amount=None, key=new_id("KEY"), on=ON, actor=staff["olga"]
    )
    approve(staff, asked, "otto")
    assert str(state(loan_id).outstanding) == "30000.00"


def test_accrual_stops_and_resumes(do, loan_id) -> None:
    do("stop_accrual")
    assert not state(loan_id).accrues
    assert (balance("1320"), balance("9010")) == ("0.00", "30.00")
    with pytest.raises(refused.AccrualUnchanged, match="stopped"):
        do("stop_accrual")
    do("resume_accrual")
    assert (balance("1320"), balance("9010")) == ("30.00", "0.00")
