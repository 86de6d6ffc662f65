"""Reads of risk: the claims to classify, the quality of the book, one loan's class and its reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Max

from kuaidai.foundation.queries import business_date
from kuaidai.kernel.calendars import whole_months_between
from kuaidai.kernel.money import ZERO
from kuaidai.lending.products.loss_parameters import loss_parameters
from kuaidai.lending.servicing.domain.classification import (
    Claim,
    Debtor,
    Override,
    Restructuring,
    RiskClass,
    classify_debtor,
)
from kuaidai.lending.servicing.domain.ecl import Stage
from kuaidai.lending.servicing.domain.frequency import Frequency
from kuaidai.lending.servicing.domain.risk_views import (
    AccrualChanges,
    ChangeView,
    ClassRow,
    GraveLoan,
    LoanRiskView,
    MigrationCell,
    OverrideView,
    ProvisionView,
    QualityRow,
)
from kuaidai.lending.servicing.errors import UnknownLoan
from kuaidai.lending.servicing.models import (
    ClassChange,
    ClassOverride,
    DebtorRisk,
    Loan,
    LoanRisk,
    ProvisionMovement,
)


@dataclass(frozen=True)
class HeldClaim:
    """A claim with what is stored of it beside its class."""

    claim: Claim
    product_code: str
    stage: Stage
    clear_since: date | None
    restructured_on: date | None
    watched_from: date | None


@dataclass(frozen=True)
class HeldDebtor:
    """A debtor as the domain takes them, and what is stored of each claim, in the same order."""

    uscc: str
    debtor: Debtor
    held: tuple[HeldClaim, ...]


_STEADY = """(r.risk_class = 2 AND r.stage = 2 AND %(on)s - l.oldest_due_on BETWEEN 1 AND 90
    AND r.orderly_since IS NULL AND r.clear_since IS NULL AND r.restructured_on IS NULL)"""
"""Special mention for being overdue, and still so: the class stays until day 91."""

_CANDIDATES = f"""
SELECT f.uscc FROM servicing_loan l JOIN servicing_facility f ON f.id = l.facility_id
    LEFT JOIN servicing_loanrisk r ON r.loan_id = l.id
    WHERE l.status = 'active' AND l.oldest_due_on < %(on)s AND {_STEADY} IS NOT TRUE
UNION
SELECT f.uscc FROM servicing_loanrisk r JOIN servicing_loan l ON l.id = r.loan_id
    JOIN servicing_facility f ON f.id = l.facility_id
    WHERE l.status = 'active'
      AND (r.risk_class > 1 OR r.stage > 1 OR r.restructured_on IS NOT NULL) AND {_STEADY} IS NOT TRUE
UNION
SELECT uscc FROM servicing_debtorrisk
    WHERE early_warning OR bad_at_other_banks OR overdue_share_everywhere > 0.2
UNION
SELECT f.uscc FROM servicing_classoverride o JOIN servicing_loan l ON l.id = o.loan_id
    JOIN servicing_facility f ON f.id = l.facility_id
    WHERE o.status = 'approved' AND o.kind = 'worsen' AND o.expires_on > %(on)s
ORDER BY uscc
"""


def debtors_to_classify(on: date) -> list[str]:
    """The debtors any of whose claims may have another class or stage than is stored.

    All others, the mass of the book, keep it without being read; so do debtors none of whose loans is
    worse than special mention and whose arrears have not crossed a bound.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, {"on": on})
        return [row[0] for row in cursor.fetchall()]


def period_months(row: Loan) -> int:
    """How many months lie between the due days of a loan, one at the least."""
    if row.method.startswith("single"):
        return max(1, whole_months_between(row.start_on, row.matures_on))
    return max(1, Frequency.parse(row.life.terms.get("every", "1m")).months)


def _claim(row: Loan, risk: LoanRisk | None, override: ClassOverride | None, on: date) -> Claim:
    restructuring = None
    if risk is not None and risk.restructured_on is not None and risk.watched_from is not None:
        # A watch starts again from the newest day on which something was overdue.
        start = max(on, risk.watched_from) if row.days_past_due_on(on) > 0 else risk.watched_from
        restructuring = Restructuring(start, risk.restructured_again)
    return Claim(
        loan_id=row.id,
        outstanding=row.outstanding,
        days_past_due=row.days_past_due_on(on),
        previous=RiskClass(risk.risk_class if risk else 1),
        orderly_since=risk.orderly_since if risk else None,
        period_months=period_months(row),
        restructuring=restructuring,
        override=_override(override),
    )


def _override(row: ClassOverride | None) -> Override | None:
    if row is None or row.risk_class is None:
        return None
    return Override(RiskClass(row.risk_class), row.reason)


def _held(row: Loan, risk: LoanRisk | None, claim: Claim) -> HeldClaim:
    return HeldClaim(
        claim=claim,
        product_code=row.facility.product_code,
        stage=Stage(risk.stage if risk else 1),
        clear_since=risk.clear_since if risk else None,
        restructured_on=risk.restructured_on if risk else None,
        watched_from=claim.restructuring.watched_from if claim.restructuring else None,
    )


def _overrides_in_force(loan_ids: Sequence[str], on: date) -> dict[str, ClassOverride]:
    """The gravest override of each loan that holds on `on`."""
    rows = ClassOverride.objects.filter(
        loan_id__in=loan_ids, status="approved", kind="worsen", expires_on__gt=on
    )
    return {row.loan_id: row for row in rows.order_by("risk_class", "decided_on", "id")}


def claims_of_debtors(usccs: Sequence[str], on: date) -> tuple[HeldDebtor, ...]:
    """All live claims on these debtors, as classification on `on` takes them.

    This is the only place that reads days past due for classification.
    """
    loans = list(
        Loan.objects.filter(facility__uscc__in=usccs, status="active", outstanding__gt=0)
        .select_related("facility", "life")
        .order_by("id")
    )
    ids = [loan.id for loan in loans]
    risks = LoanRisk.objects.in_bulk(ids)
    overrides = _overrides_in_force(ids, on)
    facts = DebtorRisk.objects.in_bulk(list(usccs))
    grouped: dict[str, list[HeldClaim]] = defaultdict(list)
    for loan in loans:
        risk = risks.get(loan.id)
        claim = _claim(loan, risk, overrides.get(loan.id), on)
        grouped[loan.facility.uscc].append(_held(loan, risk, claim))
    return tuple(_debtor(uscc, tuple(grouped[uscc]), facts.get(uscc)) for uscc in sorted(grouped))


def _debtor(uscc: str, held: tuple[HeldClaim, ...], facts: DebtorRisk | None) -> HeldDebtor:
    claims = tuple(one.claim for one in held)
    contagion = any(loss_parameters(one.product_code).contagion for one in held)
    if facts is None:
        return HeldDebtor(uscc, Debtor(claims, contagion), held)
    debtor = Debtor(
        claims=claims,
        contagion=contagion,
        overdue_share_everywhere=facts.overdue_share_everywhere,
        bad_at_other_banks=facts.bad_at_other_banks,
        early_warning=facts.early_warning,
        capacity_confirmed_on=facts.capacity_confirmed_on,
    )
    return HeldDebtor(uscc, debtor, held)


_QUALITY = """
SELECT f.branch, f.product_code, coalesce(r.risk_class, 1), count(*), sum(l.outstanding),
       sum(coalesce(r.allowance, 0))
FROM servicing_loan l JOIN servicing_facility f ON f.id = l.facility_id
    LEFT JOIN servicing_loanrisk r ON r.loan_id = l.id
WHERE l.status = 'active' GROUP BY 1, 2, 3
"""


def asset_quality() -> tuple[QualityRow, ...]:
    """Live loans by branch, product and class, with allowances."""
    with connection.cursor() as cursor:
        cursor.execute(_QUALITY)
        found = {
            (branch, product, risk_class): ClassRow(RiskClass(risk_class), *sums)
            for branch, product, risk_class, *sums in cursor.fetchall()
        }
    places = sorted({(branch, product) for branch, product, _ in found})
    return tuple(
        QualityRow(
            branch,
            product,
            tuple(
                found.get((branch, product, int(one)), ClassRow(one, 0, ZERO, ZERO))
                for one in RiskClass
            ),
        )
        for branch, product in places
    )


_MIGRATION = """
WITH first_change AS (
    SELECT DISTINCT ON (loan_id) loan_id, from_class FROM servicing_classchange
    WHERE "on" > %(since)s ORDER BY loan_id, id)
SELECT CASE WHEN l.start_on > %(since)s THEN NULL
            ELSE coalesce(c.from_class, r.risk_class, 1) END AS before,
       coalesce(r.risk_class, 1) AS after, count(*), sum(l.outstanding)
FROM servicing_loan l LEFT JOIN servicing_loanrisk r ON r.loan_id = l.id
    LEFT JOIN first_change c ON c.loan_id = l.id
WHERE l.status = 'active' GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2
"""


def class_migration(since: date) -> tuple[MigrationCell, ...]:
    """Live loans by their class at the end of `since` and now, with today's balances."""
    with connection.cursor() as cursor:
        cursor.execute(_MIGRATION, {"since": since})
        return tuple(
            MigrationCell(RiskClass(b) if b else None, RiskClass(a), loans, balance)
            for b, a, loans, balance in cursor.fetchall()
        )


def provisions(*, limit: int = 20) -> tuple[ProvisionView, ...]:
    """The newest provision movements."""
    return tuple(
        ProvisionView(
            row.on, row.number, row.branch, row.product_code, row.kind, row.charge, row.level,
            row.parameters,
        )
        for row in ProvisionMovement.objects.order_by("-on", "-number", "product_code", "kind")[
            :limit
        ]
    )  # fmt: skip


def provision_levels(kind: str) -> Mapping[tuple[str, str], Decimal]:
    """The level the newest movement of that kind left, by branch and product."""
    movements = ProvisionMovement.objects.filter(kind=kind)
    newest = movements.values("branch", "product_code").annotate(newest=Max("id"))
    rows = ProvisionMovement.objects.filter(id__in=[row["newest"] for row in newest])
    return {(row.branch, row.product_code): row.level for row in rows}


def override_view(row: ClassOverride) -> OverrideView:
    """The view of an override's row."""
    return OverrideView(
        row.id, row.loan_id, row.kind, RiskClass(row.risk_class) if row.risk_class else None,
        row.reason, row.status, row.asked_by, row.asked_on, row.expires_on, row.decided_by,
        row.decided_on, row.note,
    )  # fmt: skip


def waiting_overrides(on: date, *, limit: int = 100) -> tuple[OverrideView, ...]:
    """The requests that wait on a day for a second person, oldest first; lapsed ones are left out."""
    rows = ClassOverride.objects.filter(status="waiting", expires_on__gt=on)
    return tuple(override_view(row) for row in rows.order_by("asked_on", "id")[:limit])


def loan_risk(loan_id: str, on: date) -> LoanRiskView:
    """A loan's class and allowance with today's reasons. Raises `UnknownLoan`."""
    loan = Loan.objects.filter(id=loan_id).select_related("facility").first()
    if loan is None:
        raise UnknownLoan(value=loan_id)
    # drawn since the last close of day, a loan has no row yet
    risk = LoanRisk.objects.filter(loan_id=loan_id).first() or LoanRisk(
        loan=loan, rate=ZERO, allowance=ZERO
    )
    reasons = [
        found.reasons
        for group in claims_of_debtors([loan.facility.uscc], on)
        for found in classify_debtor(group.debtor, on)
        if found.loan_id == loan_id
    ]
    return LoanRiskView(
        loan_id, loan.facility.uscc, loan.facility.product_code, loan.outstanding,
        loan.days_past_due_on(on), RiskClass(risk.risk_class), Stage(risk.stage),
        reasons[0] if reasons else (), risk.rate, risk.allowance, _changes(loan_id),
        tuple(
            override_view(row)
            for row in ClassOverride.objects.filter(loan_id=loan_id).order_by("-asked_on")[:20]
        ),
    )  # fmt: skip


def _changes(loan_id: str) -> tuple[ChangeView, ...]:
    return tuple(
        ChangeView(
            row.on, RiskClass(row.from_class), RiskClass(row.to_class), Stage(row.from_stage),
            Stage(row.to_stage), tuple(reason["rule"] for reason in row.reasons),
        )
        for row in ClassChange.objects.filter(loan_id=loan_id).order_by("-id")[:50]
    )  # fmt: skip


def accrual_changes(on: date) -> AccrualChanges:
    """Loans that left stage 3 in the classification of `on`; loans in stage 3 whose income still runs.

    Not only those that entered it that day: a loan may have been parked when it did.
    """
    changed = ClassChange.objects.filter(on=on, loan__status="active").order_by("id")
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for loan_id, old, new in changed.values_list("loan_id", "from_stage", "to_stage"):
        before.setdefault(loan_id, old)
        after[loan_id] = new
    entered = [i for i in after if after[i] == 3 and before[i] != 3]
    running = LoanRisk.objects.filter(
        stage=3, loan__status="active", loan__accrues=True, loan__parked_on__isnull=True
    ).order_by("loan_id")
    still = running.values_list("loan_id", flat=True)
    return AccrualChanges(
        stop=tuple(dict.fromkeys([*entered, *still])),
        resume=tuple(i for i in after if after[i] != 3 and before[i] == 3),
    )


def gravest_loans(*, limit: int = 50) -> tuple[GraveLoan, ...]:
    """The live loans of the gravest classes, largest first."""
    rows = LoanRisk.objects.filter(risk_class__gt=1, loan__status="active").select_related("loan")
    on = business_date()
    return tuple(
        GraveLoan(
            row.loan_id, RiskClass(row.risk_class), Stage(row.stage), row.loan.outstanding,
            row.loan.days_past_due_on(on), row.allowance,
        )
        for row in rows.order_by("-risk_class", "-loan__outstanding", "loan_id")[:limit]
    )  # fmt: skip
