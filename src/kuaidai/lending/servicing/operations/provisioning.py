"""Bring allowances in line with expected losses, and post the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.products.loss_parameters import loss_parameters
from kuaidai.lending.servicing.domain.ecl import LONGEST_MONTHS, rate_table
from kuaidai.lending.servicing.domain.risk_views import ProvisionReport
from kuaidai.lending.servicing.models import Facility, LoanRisk, ProvisionMovement
from kuaidai.lending.servicing.risk_queries import provision_levels

_BULLET_METHODS = ["interest_monthly_principal_at_maturity", "revolving", "single_repayment"]
"""Methods that repay no principal before the end, or need not; all others amortise."""

_RATES = """
rates AS (SELECT * FROM unnest(%(products)s::text[], %(grades)s::text[], %(stages)s::int[],
    %(classes)s::int[], %(profiles)s::text[], %(months)s::int[], %(rates)s::numeric[])
    AS t(product, grade, stage, risk_class, profile, months, rate)),
graded AS (SELECT DISTINCT product, grade FROM rates WHERE stage < 3)"""

_MONTHS = """greatest(1, least({longest},
    (date_part('year', {ends}) - date_part('year', %(on)s::date))::int * 12
    + (date_part('month', {ends}) - date_part('month', %(on)s::date))::int
    + (date_part('day', {ends}) > date_part('day', %(on)s::date))::int))"""
"""Begun months from the day to the end of the term."""

_KEYED = """
    LEFT JOIN graded g ON g.product = b.product AND g.grade = b.grade
    LEFT JOIN rates t ON t.product = b.product AND t.stage = b.stage
        AND t.grade = CASE WHEN b.stage = 3 THEN '' ELSE coalesce(g.grade, '') END
        AND t.risk_class = CASE WHEN b.stage = 3 THEN greatest(b.risk_class, 3) ELSE 0 END
        AND t.profile = CASE WHEN b.stage = 3 THEN '' ELSE b.profile END
        AND t.months = CASE WHEN b.stage = 3 THEN 0 ELSE b.months END"""

_LOANS = f"""
WITH {_RATES},
book AS (
    SELECT l.id, f.branch, f.product_code AS product, l.outstanding,
           l.status = 'active' AND l.outstanding > 0 AS live, coalesce(d.grade, '') AS grade,
           coalesce(r.stage, 1) AS stage, coalesce(r.risk_class, 1) AS risk_class,
           coalesce(r.allowance, 0) AS held, coalesce(r.rate, 0) AS held_rate,
           CASE WHEN l.method = ANY(%(bullets)s) THEN 'bullet' ELSE 'amortising' END AS profile,
           {_MONTHS.format(longest=LONGEST_MONTHS, ends="l.matures_on")}
               AS months
    FROM servicing_loan l JOIN servicing_facility f ON f.id = l.facility_id
        LEFT JOIN servicing_loanrisk r ON r.loan_id = l.id
        LEFT JOIN servicing_debtorrisk d ON d.uscc = f.uscc
    WHERE l.outstanding > 0 AND l.status = 'active' OR r.allowance <> 0),
wanted AS MATERIALIZED (
    SELECT b.id, b.branch, b.product, b.held, b.held_rate,
           CASE WHEN b.live THEN t.rate ELSE 0 END AS rate,
           CASE WHEN b.live THEN round(b.outstanding * t.rate, 2) ELSE 0 END AS level
    FROM book b {_KEYED}),
stored AS (
    INSERT INTO servicing_loanrisk (loan_id, risk_class, stage, reasons, restructured_again, rate,
                                    allowance)
    SELECT id, 1, 1, '[]', false, rate, level FROM wanted
    WHERE level IS DISTINCT FROM held OR rate IS DISTINCT FROM held_rate
    ON CONFLICT (loan_id) DO UPDATE SET rate = EXCLUDED.rate, allowance = EXCLUDED.allowance)
SELECT branch, product,
       count(*) FILTER (WHERE level IS DISTINCT FROM held OR rate IS DISTINCT FROM held_rate),
       sum(level - held), sum(level)
FROM wanted GROUP BY branch, product ORDER BY branch, product
"""

_COMMITMENTS = f"""
WITH {_RATES},
worst AS (
    SELECT l.facility_id, max(r.stage) AS stage, max(r.risk_class) AS risk_class
    FROM servicing_loanrisk r JOIN servicing_loan l ON l.id = r.loan_id
    WHERE l.status = 'active' AND (r.stage > 1 OR r.risk_class > 1) GROUP BY l.facility_id),
book AS (
    SELECT f.branch, f.product_code AS product, f.granted - f.used - f.consumed AS undrawn,
           coalesce(d.grade, '') AS grade,
           coalesce(w.stage, 1) AS stage, coalesce(w.risk_class, 1) AS risk_class,
           'bullet' AS profile, {_MONTHS.format(longest=LONGEST_MONTHS, ends="f.expires_on")} AS months
    FROM servicing_facility f LEFT JOIN worst w ON w.facility_id = f.id
        LEFT JOIN servicing_debtorrisk d ON d.uscc = f.uscc
    WHERE f.status = 'open' AND f.expires_on > %(on)s AND f.granted > f.used + f.consumed)
SELECT b.branch, b.product, sum(round(b.undrawn * c.share * t.rate, 2))
FROM book b {_KEYED}
    JOIN unnest(%(converted)s::text[], %(shares)s::numeric[]) AS c(product, share)
        ON c.product = b.product
GROUP BY b.branch, b.product ORDER BY b.branch, b.product
"""


@dataclass(frozen=True)
class _Movement:
    """A charge to one of the two accounts for expected losses, at one branch for one product."""

    branch: str
    product: str
    kind: str
    charge: Decimal
    level: Decimal


@transaction.atomic
def provide(*, on: date, actor: Actor) -> ProvisionReport:
    """Set every loan's allowance to exposure × rate and every line's provision likewise.

    The differences are charged (or released) by branch and product. Set-based: rows change only
    where the allowance does, and a second run of the day finds no difference.
    """
    arguments = _arguments(on)
    with connection.cursor() as cursor:
        # Merge joins would sort the whole book on disk to meet a table of rates that fits in memory.
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute("SET LOCAL work_mem = '64MB'")
    moved, movements = _move_loans(arguments)
    movements += _commitments(arguments)
    charged = [movement for movement in movements if movement.charge]
    _record(charged, on)
    total = sum((movement.charge for movement in charged), ZERO)
    if charged:
        record_audit(
            actor=actor, action="book.provisioned", subject_type="bank", subject_id="1", on=on,
            detail={"loans": moved, "charged": total},
        )  # fmt: skip
    return ProvisionReport(on, moved, total, sum((m.level for m in movements), ZERO))


@transaction.atomic
def use_allowance(*, loan_id: str, amount: Decimal) -> None:
    """Note that a write-off took `amount` from the loan's allowance in the ledger.

    In the transaction of the write-off, which posts it. Where the allowance was smaller its level
    turns negative, and the next provisioning charges the rest.
    """
    LoanRisk.objects.get_or_create(loan_id=loan_id)
    LoanRisk.objects.filter(loan_id=loan_id).update(allowance=F("allowance") - amount)


@cache
def _columns(product: str) -> tuple[tuple[str, str, int, int, str, int, Decimal], ...]:
    """A product's table of rates as the statements take it; the fallback grade stands as '' too."""
    parameters = loss_parameters(product)
    rows = []
    for row in rate_table(parameters, longest=LONGEST_MONTHS):
        key = (int(row.stage), int(row.risk_class or 0), str(row.profile or ""), row.months or 0)
        rows.append((product, row.grade, *key, row.rate))
        if row.grade == parameters.fallback_grade:
            rows.append((product, "", *key, row.rate))
    return tuple(rows)


def _arguments(on: date) -> dict[str, Any]:
    """The rates of every product that has lines, as columns, and what else the statements take."""
    products = sorted(Facility.objects.values_list("product_code", flat=True).distinct())
    rows = [row for product in products for row in _columns(product)]
    names = ("products", "grades", "stages", "classes", "profiles", "months", "rates")
    return {
        **{name: [row[place] for row in rows] for place, name in enumerate(names)},
        "converted": products,
        "shares": [loss_parameters(product).credit_conversion for product in products],
        "bullets": _BULLET_METHODS,
        "on": on,
    }


def _move_loans(arguments: Mapping[str, Any]) -> tuple[int, list[_Movement]]:
    """Store the new allowances; how many moved, and what that charges by branch and product."""
    with connection.cursor() as cursor:
        cursor.execute(_LOANS, arguments)
        rows = cursor.fetchall()
    moved = sum(count for _, _, count, _, _ in rows)
    return moved, [
        _Movement(branch, product, "loan", charge, level)
        for branch, product, _, charge, level in rows
    ]


def _commitments(arguments: Mapping[str, Any]) -> list[_Movement]:
    with connection.cursor() as cursor:
        cursor.execute(_COMMITMENTS, arguments)
        wanted = {(branch, product): level for branch, product, level in cursor.fetchall()}
    held = provision_levels("commitment")
    return [
        _Movement(
            *place,
            "commitment",
            wanted.get(place, ZERO) - held.get(place, ZERO),
            wanted.get(place, ZERO),
        )
        for place in sorted({*wanted, *held})
    ]


def _record(movements: Sequence[_Movement], on: date) -> None:
    """Keep and post the movements of one run; runs of a day are numbered."""
    last = ProvisionMovement.objects.filter(on=on).aggregate(n=Max("number"))["n"] or 0
    for movement in movements:
        ProvisionMovement.objects.create(
            on=on, number=last + 1, branch=movement.branch, product_code=movement.product,
            kind=movement.kind, charge=movement.charge, level=movement.level,
            parameters=loss_parameters(movement.product).version,
        )  # fmt: skip
        account = chart.ALLOWANCE if movement.kind == "loan" else chart.COMMITMENT_PROVISION
        debit, credit = chart.IMPAIRMENT, account
        if movement.charge < 0:
            debit, credit = credit, debit
        post(
            key=f"provision:{on}:{last + 1}:{movement.branch}:{movement.product}:{movement.kind}",
            on=on,
            description="Expected credit losses",
            source_type="provision",
            source_id=movement.product,
            branch=movement.branch,
            product_code=movement.product,
            lines=[
                Line(debit, debit=abs(movement.charge)),
                Line(credit, credit=abs(movement.charge)),
            ],
        )
