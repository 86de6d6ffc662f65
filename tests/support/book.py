"""A loan book written straight to the tables: for tests of what reads many loans at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from kuaidai.kernel.calendars import add_months
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing.domain.agreeing import terms_for
from kuaidai.lending.servicing.domain.running import begin
from kuaidai.lending.servicing.models import Drawdown, Facility, LimitGroup, Loan, LoanChunk
from kuaidai.lending.servicing.operations.projection import begin_loan

PRODUCT = "credit-quick-loan"
COUNTED_ON = date(2026, 3, 31)
"""The day on which a loan put into the book is as many days past due as it is said to be."""


def put_loan(
    number: int,
    *,
    start_on: date,
    uscc: str = "",
    outstanding: str = "100000.00",
    days_past_due: int = 0,
    method: str = "equal_principal",
    months: int = 12,
    granted: str | None = None,
    branch: str = "HEAD",
) -> Loan:
    """A loan of its own line, which it fills unless more is `granted`."""
    amount = Decimal(outstanding)
    limit = Decimal(granted) if granted else amount
    group = LimitGroup.objects.create(id=f"GRP-{number}", granted=limit, used=amount)
    line = Facility.objects.create(
        group=group, branch=branch, approval_reference=f"DEC-{number}", approved_amount=limit,
        approved_rate=Decimal("0.045"), approved_months=months,
        approval_expires_on=add_months(start_on, months),
        id=f"FAC-{number}", application_id=f"APP-{number}", contract_id=f"CTR-{number}",
        uscc=uscc or f"91330000{number:010d}", person_no=f"P{number}", product_code=PRODUCT,
        granted=limit, used=amount,
        annual_rate=Decimal("0.045"), method=method, months=months, opens_on=start_on,
        expires_on=add_months(start_on, months), account_no=f"ACC-{number}",
    )  # fmt: skip
    drawn = Drawdown.objects.create(
        id=f"DRW-{number}", facility=line, amount=amount, purpose="wages", status="paid_out",
        requested_on=start_on, requested_at=datetime(2026, 1, 1, tzinfo=UTC),
        product_code=PRODUCT, months=months,
    )  # fmt: skip
    terms = terms_for(
        product(PRODUCT), amount=amount, months=months, method=method, annual_rate=Decimal("0.045"),
        on=start_on,
    )  # fmt: skip
    chunk, _ = LoanChunk.objects.get_or_create(id=0, defaults={"closed_through": start_on})
    late = {}
    if days_past_due:
        late["oldest_due_on"] = COUNTED_ON - timedelta(days=days_past_due)
    begin_loan(
        begin(terms), id=f"LN-{number}", facility_id=line.id, drawdown_id=drawn.id,
        chunk_id=chunk.id, branch=branch,
        product_code=PRODUCT, principal=amount, start_on=start_on, **late,
    )  # fmt: skip
    return Loan.objects.select_related("facility", "life").get(id=f"LN-{number}")
