"""Drawing money through the bank core: availability, once per key, faults of the core."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.errors import IllegalTransition, Refusal
from kuaidai.lending.ledger.queries import entries_for, trial_balance
from kuaidai.lending.servicing import bank_core, operations, queries
from kuaidai.lending.servicing.errors import (
    AboveAvailable,
    DrawTooSmall,
    FacilityNotOpen,
    OddCents,
    UnknownFacility,
    UnknownPurpose,
)
from kuaidai.lending.servicing.models import Drawdown, Facility, Loan

pytestmark = pytest.mark.django_db


def balance_of(facility):
    accounts = bank_core.accounts(facility.uscc)
    return next(a.balance for a in accounts if a.account_no == facility.account_no)


def test_money_arrives_and_the_ledger_knows(facility, draw) -> None:
    before = balance_of(facility)

    drawn = draw(facility, "50000.00")

    assert drawn.status == "paid_out"
    assert balance_of(facility) - before == Decimal("50000.00")
    held = queries.facility(facility.id)
    assert (str(held.used), str(held.reserved), str(held.available)) == (
        "50000.00",
        "0.00",
        "50000.00",
    )
    [entry] = entries_for(source_type="loan", source_id=drawn.loan_id)
    assert [(p.account, str(p.debit), str(p.credit)) for p in entry.postings] == [
        ("1310", "50000.00", "0.00"),
        ("1010", "0.00", "50000.00"),
    ]
    assert trial_balance().difference == 0
    assert queries.account_entries(facility_id=facility.id)[0].amount == Decimal("50000.00")


@pytest.mark.parametrize(
    ("amount", "purpose", "refused", "named"),
    [
        ("101000.00", "wages", AboveAvailable, "100,000.00"),
        ("500.00", "wages", DrawTooSmall, "1,000.00"),
        ("1500.50", "wages", DrawTooSmall, "1,500.50"),
        ("5000.00", "shares", UnknownPurpose, "'shares'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_changes_nothing(
    facility, draw, amount, purpose, refused, named
) -> None:
    with pytest.raises(refused) as refusal:
        draw(facility, amount, purpose=purpose)
    assert named in str(refusal.value)
    assert named in refusal.value.text("zh-hans")
    assert queries.facility(facility.id).available == Decimal("100000.00")
    assert not Drawdown.objects.exists()


def test_an_ended_frozen_or_unknown_facility_gives_nothing(facility, draw, customer) -> None:
    with pytest.raises(FacilityNotOpen, match="expired since"):
        draw(facility, on=facility.expires_on)
    with pytest.raises(FacilityNotOpen, match="not open before"):
        draw(facility, on=facility.opens_on - timedelta(days=1))
    operations.freeze_facility(
        facility_id=facility.id, reason="watch", on=ENDS_ON, actor=customer.actor
    )
    with pytest.raises(FacilityNotOpen, match="frozen") as refusal:
        draw(facility)
    assert "冻结" in refusal.value.text("zh-hans")
    with pytest.raises(UnknownFacility, match="FAC-0"):
        operations.request_drawdown(
            facility_id="FAC-0", amount=Decimal(1000), purpose="wages", key="k", on=ENDS_ON,
            actor=customer.actor,
        )  # fmt: skip


def test_the_same_request_twice_draws_once(facility, draw) -> None:
    before = balance_of(facility)
    first = draw(facility, "20000.00", key="the-same")
    again = draw(facility, "20000.00", key="the-same")
    assert again.id == first.id
    assert balance_of(facility) - before == Decimal("20000.00")
    with pytest.raises(IdempotencyMismatch, match="the-same"):
        draw(facility, "30000.00", key="the-same")


def test_a_silent_core_leaves_it_pending_and_the_job_pays_once(facility, draw, platforms) -> None:
    before = balance_of(facility)
    platforms.fault("bank_money", "down")
    waiting = draw(facility, "20000.00")
    assert waiting.status == "pending"
    assert str(queries.facility(facility.id).reserved) == "20000.00"
    assert trial_balance().total_debit == 0

    platforms.fault("bank_money", "ok")
    for _ in range(2):
        paid = operations.pay_out(drawdown_id=waiting.id, actor=SYSTEM)

    assert paid.status == "paid_out"
    assert balance_of(facility) - before == Decimal("20000.00")
    assert Loan.objects.count() == 1


def test_a_lost_answer_is_resolved_by_asking_never_by_paying_again(
    facility, draw, platforms
) -> None:
    before = balance_of(facility)
    platforms.fault("bank_money", "lost")
    drawn = draw(facility, "20000.00")
    platforms.fault("bank_money", "ok")
    settled = operations.pay_out(drawdown_id=drawn.id, actor=SYSTEM)
    assert settled.status == "paid_out"
    assert balance_of(facility) - before == Decimal("20000.00")
    assert str(queries.facility(facility.id).used) == "20000.00"


def test_a_rejected_payment_releases_the_reservation(facility, draw) -> None:
    Facility.objects.filter(id=facility.id).update(account_no="NO-SUCH-ACCOUNT")
    drawn = draw(facility, "20000.00")
    assert drawn.status == "rejected"
    assert drawn.reason
    held = queries.facility(facility.id)
    assert (held.used, held.reserved) == (0, 0)
    assert not Loan.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_exceed_the_line(make_facility, draw) -> None:
    facility = make_facility(granted="100000.00")

    def one(number: int) -> str:
        try:
            return draw(facility, "17000.00", key=f"draw-{number}").status
        except Refusal as refusal:
            return refusal.code

    outcomes = at_once(one, 12)

    assert sorted(set(outcomes)) == ["ABOVE_AVAILABLE", "paid_out"]
    assert outcomes.count("paid_out") == 5  # 5 x 17,000 fit into 100,000
    held = queries.facility(facility.id)
    assert (str(held.used), str(held.reserved)) == ("85000.00", "0.00")
    assert trial_balance().difference == 0


def test_the_database_itself_refuses_more_than_the_grant(facility) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="never_drawn_over_the_limit"), transaction.atomic():
        Facility.objects.filter(id=facility.id).update(used=Decimal("100000.01"))


def test_a_loan_begins_on_its_day(facility, draw) -> None:
    drawn = draw(facility, "30000.00")
    loan = queries.loan(drawn.loan_id)
    assert loan.terms.start_on == ENDS_ON
    assert loan.state.outstanding == Decimal("30000.00")
    assert loan.state.next_due_on == ENDS_ON + timedelta(days=20)  # 30 June to 20 July


def test_a_line_is_frozen_and_unfrozen_along_its_table(facility, draw, customer) -> None:
    said = {"facility_id": facility.id, "reason": "watch", "on": ENDS_ON, "actor": customer.actor}
    assert operations.freeze_facility(**said).status == "frozen"
    with pytest.raises(IllegalTransition, match="is frozen and cannot become frozen"):
        operations.freeze_facility(**said)
    assert operations.unfreeze_facility(**said).status == "open"
    assert draw(facility).status == "paid_out"
    with pytest.raises(UnknownFacility, match="FAC-0"):
        operations.freeze_facility(**{**said, "facility_id": "FAC-0"})
    actions = [e.action for e in audit_trail(subject_type="facility", subject_id=facility.id)]
    assert {"facility.frozen", "facility.open"} <= set(actions)


def test_amounts_finer_than_a_cent_are_refused(facility, draw) -> None:
    with pytest.raises(OddCents, match=r"1000\.001"):
        draw(facility, "1000.001")


def test_what_is_still_drawn_under_an_ended_line_counts_as_exposure(facility, draw) -> None:
    assert str(queries.exposure_of(uscc=facility.uscc)) == "100000.00"
    draw(facility, "30000.00")
    Facility.objects.filter(id=facility.id).update(status="expired")
    assert str(queries.exposure_of(uscc=facility.uscc)) == "30000.00"


def test_a_garbled_answer_leaves_it_pending_until_the_core_speaks(
    facility, draw, platforms
) -> None:
    platforms.fault("bank_money", "malformed")
    waiting = draw(facility, "20000.00")
    assert waiting.status == "pending"
    platforms.fault("bank_money", "ok")
    assert operations.pay_out(drawdown_id=waiting.id, actor=SYSTEM).status == "paid_out"


def test_a_wrong_signature_rejects_nothing(facility, draw, settings) -> None:
    right = settings.KUAIDAI
    settings.KUAIDAI = replace(right, platform_key="another-key-that-is-wrong")
    waiting = draw(facility, "20000.00")
    assert waiting.status == "pending"
    assert str(queries.facility(facility.id).reserved) == "20000.00"
    settings.KUAIDAI = right
    assert operations.pay_out(drawdown_id=waiting.id, actor=SYSTEM).status == "paid_out"
