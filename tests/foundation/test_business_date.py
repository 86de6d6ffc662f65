"""The business date: set once, then only forward."""

from datetime import date

import pytest

from kuaidai.foundation import operations, queries
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.errors import BusinessDateBackwards, NoBusinessDate

pytestmark = pytest.mark.django_db
CLERK = Actor("staff", "clerk", "clerk")


def test_bank_that_was_never_opened_has_no_date():
    with pytest.raises(NoBusinessDate):
        queries.business_date()
    with pytest.raises(NoBusinessDate):
        operations.advance_business_date(actor=CLERK)


def test_day_follows_day_over_a_leap_day():
    operations.set_business_date(on=date(2028, 2, 28), actor=CLERK)

    assert operations.advance_business_date(actor=CLERK) == date(2028, 2, 29)
    assert operations.advance_business_date(actor=CLERK) == date(2028, 3, 1)
    assert queries.business_date() == date(2028, 3, 1)


def test_it_never_goes_back():
    operations.set_business_date(on=date(2026, 6, 30), actor=CLERK)

    with pytest.raises(BusinessDateBackwards) as refusal:
        operations.set_business_date(on=date(2026, 6, 29), actor=CLERK)

    assert "2026-06-30" in str(refusal.value)
    assert "2026-06-29" in str(refusal.value)
    assert queries.business_date() == date(2026, 6, 30)


def test_every_move_is_audited():
    operations.set_business_date(on=date(2026, 6, 30), actor=CLERK)
    operations.advance_business_date(actor=CLERK)

    newest, first = queries.audit_trail(subject_type="bank", subject_id="1")

    assert (first.action, newest.action) == ("business_date.set", "business_date.advance")
    assert newest.detail == {"from": "2026-06-30", "to": "2026-07-01"}
    assert newest.actor_id == "clerk"
