"""Many lines at once, and whether their counters add up: for `kuaidai bench`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.servicing.models import Facility, LimitGroup, SubLimit

_PRODUCT = "credit-quick-loan"
_AGREE = """
SELECT count(*) FROM servicing_facility f
JOIN servicing_limitgroup g ON g.id = f.group_id
JOIN servicing_sublimit s ON s.facility_id = f.id
LEFT JOIN (
    SELECT facility_id,
           coalesce(sum(amount) FILTER (WHERE state = 'reserved'), 0) AS reserved,
           coalesce(sum(amount) FILTER (WHERE state = 'posted'), 0) AS used
    FROM servicing_limitreservation GROUP BY facility_id
) r ON r.facility_id = f.id
WHERE (f.reserved, f.used) <> (coalesce(r.reserved, 0), coalesce(r.used, 0))
   OR (g.reserved, g.used) <> (f.reserved, f.used) OR (s.reserved, s.used) <> (f.reserved, f.used)
"""


@transaction.atomic
def open_lines(count: int, *, granted: Decimal, on: date) -> list[str]:
    """The ids of `count` new lines, each of an obligor of its own, drawn by nobody yet."""
    terms = {
        "approval_reference": "BENCH", "approved_amount": granted, "approved_rate": Decimal("0.03"),
        "approved_months": 12, "approval_expires_on": add_months(on, 12), "granted": granted,
        "product_code": _PRODUCT, "annual_rate": Decimal("0.036"), "months": 12,
        "method": "equal_instalment",
    }  # fmt: skip
    groups = [LimitGroup(id=new_id("GRP"), granted=granted) for _ in range(count)]
    LimitGroup.objects.bulk_create(groups, batch_size=1000)
    lines = [
        Facility(
            id=new_id("FAC"), application_id=new_id("APP"), contract_id=new_id("CTR"), group=group,
            uscc=f"BENCH{number:013d}", person_no=f"P{number}", opens_on=on,
            expires_on=add_months(on, 12), account_no=f"A{number}", **terms,
        )
        for number, group in enumerate(groups)
    ]  # fmt: skip
    Facility.objects.bulk_create(lines, batch_size=1000)
    SubLimit.objects.bulk_create(
        [SubLimit(facility=line, revolving=True, **terms) for line in lines], batch_size=1000
    )
    return [line.id for line in lines]


def counters_agree() -> bool:
    """Whether every line that stands alone in its group says the same on all levels, and what its
    reservations add up to. True while nothing was repaid.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AGREE)
        return bool(cursor.fetchone()[0] == 0)
