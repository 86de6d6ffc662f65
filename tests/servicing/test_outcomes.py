"""The outcome of a facility: bad by month ends, as labels are, from the payments known by each."""

from datetime import date, timedelta

import pytest
from tests.support.bank import ENDS_ON

from kuaidai.lending.servicing.outcomes import went_bad

pytestmark = pytest.mark.django_db


def test_a_loan_that_nobody_pays_is_bad_once_a_month_end_is_sixty_days_past_due(facility, draw):
    assert went_bad(facility.id, after=ENDS_ON) is None  # nothing drawn yet

    draw(facility, "30000.00")  # on 30 June, first due on 20 July: 72 days past due on 30 September

    assert went_bad(facility.id, after=ENDS_ON, window_months=3) is True
    assert went_bad(facility.id, after=ENDS_ON, window_months=2) is False
    assert went_bad(facility.id, after=ENDS_ON, window_months=3, dpd_threshold=73) is False
    assert went_bad(facility.id, after=date(2026, 1, 10), window_months=3) is None


def test_a_payment_after_the_window_does_not_mend_it(facility, draw, repay):
    loan_id = draw(facility, "30000.00").loan_id
    repay(loan_id, None, on=date(2026, 10, 15))

    assert went_bad(facility.id, after=ENDS_ON, window_months=3) is True


def test_a_loan_repaid_in_time_is_good(facility, draw, repay):
    loan_id = draw(facility, "30000.00").loan_id
    repay(loan_id, None, on=ENDS_ON + timedelta(days=10))

    assert went_bad(facility.id, after=ENDS_ON, window_months=12) is False
