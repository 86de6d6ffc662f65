"""Close of day on screen: how far it is, whether it lags, and which loans are parked and why."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from tests.console.test_reconciliation_pages import sign_in
from tests.support.bank import SYSTEM
from tests.support.book import put_loan
from tests.support.core import core

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing.models import CloseOfDay, Loan, LoanChunk

__all__ = ["core"]
pytestmark = pytest.mark.django_db


def test_past_nights_are_told(client, core) -> None:
    on = timezone.localdate()
    set_business_date(on=on, actor=SYSTEM)
    began = timezone.now()
    CloseOfDay.objects.create(
        on=on - timedelta(days=1), started_at=began,
        finished_at=began + timedelta(hours=1, minutes=2, seconds=3), loans=12_345,
        debited=Decimal("67890.12"), overdue=4, parked=["LN-1", "LN-2"],
    )  # fmt: skip
    sign_in(client, "operations")
    page = client.get("/console/day/").content.decode()
    for text in ("1:02:03", "12,345", "67,890.12", f"ledger/days/?on={on - timedelta(days=1)}"):
        assert text in page


def test_the_page_tells_lag_progress_and_reasons(client, core) -> None:
    today = timezone.localdate()
    on = today - timedelta(days=3)
    set_business_date(on=on, actor=SYSTEM)
    loan = put_loan(1, start_on=on)
    Loan.objects.filter(id=loan.id).update(parked_on=on, parked_reason="ValueError: no rate")
    LoanChunk.objects.create(id=1, closed_through=on)
    LoanChunk.objects.filter(id=0).update(closed_through=on - timedelta(days=1))
    CloseOfDay.objects.create(on=on, started_at=timezone.now())

    sign_in(client, "operations")
    page = client.get("/console/day/").content.decode()

    assert "3 days behind the calendar" in page
    assert "1 / 2" in page
    assert "ValueError: no rate" in page
    assert loan.id in page
    client.cookies["django_language"] = "zh-hans"
    page = client.get("/console/day/").content.decode()
    assert "营业日落后自然日 3 天。" in page
    assert "搁置的借据" in page
