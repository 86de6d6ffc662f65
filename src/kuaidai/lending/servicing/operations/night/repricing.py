"""The night's repricing: loans that follow the LPR get the rate of their repricing day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import structlog
from django.db.models import Exists, OuterRef

from kuaidai.foundation.actors import Actor
from kuaidai.kernel.errors import Refusal
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing.domain.events import Event, RateChange
from kuaidai.lending.servicing.domain.life import read_terms
from kuaidai.lending.servicing.domain.repricing import Lpr, lpr_of
from kuaidai.lending.servicing.models import Loan, LoanEvent
from kuaidai.lending.servicing.operations.night.booking import book_many
from kuaidai.lending.servicing.operations.night.work import Failed
from kuaidai.lending.servicing.operations.night.writing import park
from kuaidai.risk.policy.queries import lpr_fixings

log = structlog.get_logger("kuaidai.repricing")
_TENORS: Mapping[Lpr, str] = {Lpr.ONE_YEAR: "one_year", Lpr.FIVE_YEARS: "five_years"}
"""The columns of the policy's table of LPR."""


def reprice(*, on: date, actor: Actor) -> int:
    """Book the new rate of every loan whose repricing day is `on`; how many there are.

    A second run of the day changes nothing. A loan whose LPR is not known is parked with the reason,
    rather than run on at a rate that is no longer agreed.
    """
    key = f"lpr-{on}"
    linked = Loan.objects.filter(
        ~Exists(LoanEvent.objects.filter(loan=OuterRef("pk"), key=key)),
        life__terms__has_key="repricing", status="active", parked_on__isnull=True, start_on__lt=on,
    )  # fmt: skip
    events: dict[str, Event] = {}
    failed: list[Failed] = []
    fixings: dict[tuple[str, Lpr], dict[date, Decimal] | str] = {}
    for row in linked.select_related("life").order_by("id").iterator(chunk_size=2000):
        terms = read_terms(row.life.terms)
        if on not in terms.repricing.days(row.start_on, row.matures_on):
            continue
        follows = row.product_code, terms.repricing.lpr
        if follows not in fixings:
            fixings[follows] = _fixings(*follows, on)
        known = fixings[follows]
        if isinstance(known, str):
            failed.append(Failed(row, f"Not repriced: {known}"))
            continue
        events[row.id] = RateChange(key, on, terms.repricing.rate(lpr_of(on, known)))
    for each in failed:
        log.error("loan not repriced, parked", loan=each.row.id, why=each.why)
    park(failed, on, on)
    book_many(events, on=on, actor=actor, wanted=lambda row: row.status == "active")
    return len(events)


def _fixings(product_code: str, lpr: Lpr, on: date) -> dict[date, Decimal] | str:
    """The LPR by day for a product's policy, or why there is none."""
    try:
        found = lpr_fixings(product(product_code).policy, on, _TENORS[lpr])
        if not found:
            return f"the policy holds no {lpr} LPR"
        lpr_of(on, found)
    except (Refusal, LookupError) as error:
        return str(error)
    return found
