"""Reads of servicing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum

from kuaidai.foundation import prepared
from kuaidai.foundation.queries import TODAY, business_date
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger import queries as ledger
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing.domain.events import Event
from kuaidai.lending.servicing.domain.life import read_event, read_terms
from kuaidai.lending.servicing.domain.maturity import last_maturity, terms_that_fit
from kuaidai.lending.servicing.domain.monthly_statements import Booked
from kuaidai.lending.servicing.domain.replay import LoanState, replay
from kuaidai.lending.servicing.domain.states import LIVE
from kuaidai.lending.servicing.domain.terms import LoanTerms
from kuaidai.lending.servicing.domain.views import (
    AccountEntry,
    CloseStatus,
    ControlTotal,
    DrawdownView,
    FacilityView,
    GroupView,
    LimitChangeView,
    LoanView,
    NightView,
    ParkedLoan,
    RepaymentView,
    SubLimitView,
)
from kuaidai.lending.servicing.errors import UnknownFacility, UnknownLoan
from kuaidai.lending.servicing.models import (
    CloseOfDay,
    Drawdown,
    Facility,
    GroupMember,
    LimitChange,
    LimitGroup,
    Loan,
    LoanChunk,
    LoanEvent,
    LoanRisk,
    Repayment,
    SubLimit,
)


def facility_view(row: Facility) -> FacilityView:
    """The view of a facility's row."""
    group = row.group
    return FacilityView(
        row.id, row.application_id, row.contract_id, row.uscc, row.person_no, row.product_code,
        row.status, row.granted, row.used, row.reserved, row.annual_rate, row.method, row.months,
        row.opens_on, row.expires_on, row.account_no, row.consumed, row.wanted, row.branch,
        group.id, group.granted - group.used - group.reserved, row.approval_reference,
        row.approved_amount, row.approval_expires_on,
    )  # fmt: skip


def drawdown_view(row: Drawdown) -> DrawdownView:
    """The view of a drawdown's row."""
    found: Loan | None = getattr(row, "loan", None)  # none is made before the money has arrived
    return DrawdownView(
        row.id, row.facility_id, found.id if found else None, row.amount, row.purpose, row.status,
        row.requested_on, row.reason, row.months,
    )  # fmt: skip


def repayment_view(row: Repayment) -> RepaymentView:
    """The view of a repayment's row."""
    return RepaymentView(
        row.id,
        row.loan_id,
        row.kind,
        row.amount,
        row.settled,
        row.status,
        row.requested_on,
        row.reason,
        row.shorten,
    )


def terms_of(row: Loan) -> LoanTerms:
    """The frozen terms of a loan."""
    return read_terms(row.life.terms)


def events_of(row: Loan) -> tuple[Event, ...]:
    """What happened to the loan, as recorded."""
    told = LoanEvent.objects.filter(loan=row).order_by("number").values_list("told", flat=True)
    return tuple(map(read_event, told))


def booked_events(loan_id: str) -> tuple[Booked, ...]:
    """What happened to a loan, each with the day it was booked on."""
    rows = LoanEvent.objects.filter(loan_id=loan_id).order_by("number")
    return tuple((on, read_event(told)) for on, told in rows.values_list("booked_on", "told"))


def state_of(row: Loan, on: date) -> LoanState:
    """The loan's events replayed to `on`."""
    return replay(terms_of(row), events_of(row), on)


def loan_view(row: Loan, on: date, events: tuple[Event, ...]) -> LoanView:
    """The view of a loan's row on a day, with its events as recorded."""
    terms = terms_of(row)
    return LoanView(
        row.id, row.facility_id, row.drawdown_id, row.drawdown.purpose, terms,
        replay(terms, events, max(on, row.start_on)), row.status, row.parked_reason, events,
    )  # fmt: skip


def facility(facility_id: str) -> FacilityView:
    """The facility of that id. Raises `UnknownFacility`."""
    row = Facility.objects.select_related("group").filter(id=facility_id).first()
    if row is None:
        raise UnknownFacility(value=facility_id)
    return facility_view(row)


def sub_limits_of(facility_id: str) -> tuple[SubLimitView, ...]:
    """The products that may draw under a line; 50 at the most."""
    rows = SubLimit.objects.filter(facility_id=facility_id).order_by("product_code")[:50]
    return tuple(
        SubLimitView(
            row.product_code, row.granted, row.used, row.reserved, row.consumed, row.revolving,
            row.annual_rate, row.method, row.months, row.approval_reference,
        )
        for row in rows
    )  # fmt: skip


def limit_history(facility_id: str) -> tuple[LimitChangeView, ...]:
    """Who changed a line's limit or state, when, why, from what to what; newest first, 200 at most."""
    rows = LimitChange.objects.filter(facility_id=facility_id).order_by("-id")[:200]
    return tuple(
        LimitChangeView(
            row.kind, row.on, row.at, row.actor_kind, row.actor_id, row.reason, row.granted_from,
            row.granted_to, row.wanted, row.status_from, row.status_to, row.approval_reference,
        )
        for row in rows
    )  # fmt: skip


def group_of(facility_id: str) -> GroupView:
    """The obligor group a line counts to. Raises `UnknownFacility`."""
    group = LimitGroup.objects.filter(facilities__id=facility_id).first()
    if group is None:
        raise UnknownFacility(value=facility_id)
    members = list(
        GroupMember.objects.filter(group=group).order_by("number").values_list("kind", "number")
    )
    return GroupView(
        group.id, group.granted, group.used, group.reserved,
        exposure(Facility.objects.filter(group=group)),
        tuple(number for kind, number in members if kind == "firm"),
        tuple(number for kind, number in members if kind == "person"),
    )  # fmt: skip


def draw_terms(facility_id: str, on: date, product_code: str | None = None) -> tuple[int, ...]:
    """The terms in months that a draw on `on` may have, ascending. Raises `UnknownFacility`."""
    row = Facility.objects.filter(id=facility_id).first()
    if row is None:
        raise UnknownFacility(value=facility_id)
    code = product_code or row.product_code
    part = SubLimit.objects.filter(facility=row, product_code=code).first()
    rules = product(code)
    return terms_that_fit(
        on=on,
        line_months=part.months if part else row.months,
        tenors=rules.tenors_months,
        last=last_maturity(row.expires_on, rules.latest_maturity_after_expiry_days),
    )


def facilities_of(
    *, uscc: str | None = None, person_no: str | None = None
) -> tuple[FacilityView, ...]:
    """The facilities of a firm or a person, newest first; 100 at the most."""
    wanted = Q() if uscc is None else Q(uscc=uscc)
    wanted &= Q() if person_no is None else Q(person_no=person_no)
    if not wanted:
        raise ValueError("name a firm or a person")
    return tuple(
        map(
            facility_view,
            Facility.objects.select_related("group")
            .filter(wanted)
            .order_by("-opens_on", "-id")[:100],
        )
    )


def loan(loan_id: str, on: date | None = None) -> LoanView:
    """The loan of that id, on a day (default: the business date). Raises `UnknownLoan`."""
    row = Loan.objects.select_related("drawdown", "life").filter(id=loan_id).first()
    if row is None:
        raise UnknownLoan(value=loan_id)
    return loan_view(row, on or business_date(), events_of(row))


def loans_of(facility_id: str) -> tuple[LoanView, ...]:
    """The loans under a facility, newest first; 100 at the most."""
    found = Loan.objects.select_related("drawdown", "life").filter(facility_id=facility_id)
    rows, on = list(found.order_by("-start_on", "-id")[:100]), business_date()
    told: dict[str, list[Event]] = {row.id: [] for row in rows}
    events = LoanEvent.objects.filter(loan__in=rows).order_by("loan_id", "number")
    for loan_id, event in events.values_list("loan_id", "told"):
        told[loan_id].append(read_event(event))
    return tuple(loan_view(row, on, tuple(told[row.id])) for row in rows)


def drawdown(drawdown_id: str) -> DrawdownView:
    """The drawdown of that id. Raises `UnknownLoan`."""
    row = Drawdown.objects.filter(id=drawdown_id).first()
    if row is None:
        raise UnknownLoan(value=drawdown_id)
    return drawdown_view(row)


def drawdowns_of(facility_id: str) -> tuple[DrawdownView, ...]:
    """The drawdowns of a facility, newest first; 100 at the most."""
    rows = Drawdown.objects.select_related("loan").filter(facility_id=facility_id)
    return tuple(map(drawdown_view, rows.order_by("-requested_on", "-id")[:100]))


def repayments_of(loan_id: str) -> tuple[RepaymentView, ...]:
    """The repayments of a loan, newest first; 200 at the most."""
    rows = Repayment.objects.filter(loan_id=loan_id).order_by("-requested_on", "-id")[:200]
    return tuple(map(repayment_view, rows))


_OVERDUE_SINCE = f"""
SELECT min(late.since) FROM servicing_facility own
CROSS JOIN LATERAL (
    SELECT oldest_due_on AS since FROM servicing_loan
    WHERE facility_id = own.id AND status = 'active' AND oldest_due_on < {TODAY}
    UNION ALL
    SELECT event."on" FROM servicing_loan lost
    JOIN servicing_loanlife life ON life.loan_id = lost.id
    JOIN servicing_loanevent event ON event.loan_id = lost.id AND event.kind = 'write_off'
    WHERE lost.facility_id = own.id AND lost.status = 'written_off'
        AND (life.snapshot->>'claim')::bigint > 0
) late
WHERE own.uscc = (SELECT uscc FROM servicing_facility WHERE id = %s)
"""
"""The oldest day on which a borrower left something unpaid, under whichever line; SQL.

What was written off is owed as before: it counts from the day of the write-off until the claim is paid.
"""


def overdue_since(facility_id: str) -> date | None:
    """The oldest day on which the line's borrower left something unpaid, under whichever line."""
    row = prepared.fetch_one(_OVERDUE_SINCE, [facility_id])
    found: date | None = row[0] if row else None
    return found


def granted_under(facility_ids: Iterable[str]) -> dict[str, Decimal]:
    """The limits of these lines, by their numbers."""
    rows = Facility.objects.filter(id__in=facility_ids)
    return dict(rows.values_list("id", "granted"))


def exposure_of(*, uscc: str, but: str | None = None) -> Decimal:
    """What the firm may owe this lender at the most: what its live lines still grant, and what is
    drawn or on its way under lines that ended. The line `but` is left out.
    """
    return exposure(Facility.objects.filter(uscc=uscc).exclude(id=but))


def exposure(lines: QuerySet[Facility]) -> Decimal:
    """What may be owed at the most under these lines."""
    live = lines.filter(status__in=LIVE).aggregate(t=Sum(F("granted") - F("consumed")))["t"] or ZERO
    ended = lines.exclude(status__in=LIVE).aggregate(t=Sum(F("used") + F("reserved")))["t"] or ZERO
    return Decimal(live + ended)


_BOOK = """
WITH book AS (
    SELECT l.*, CASE WHEN l.parked_on IS NULL THEN greatest(l.accrued_through, c.closed_through)
                     ELSE l.accrued_through END AS through
    FROM servicing_loan l JOIN servicing_loanchunk c ON c.id = l.chunk_id)
SELECT coalesce(sum(outstanding), 0),
       coalesce(sum(interest_receivable), 0) + coalesce(sum(
           CASE WHEN is_simple AND through > accrued_through AND status = 'active' THEN
               round(balance * annual_rate * (through - accrual_from) / nullif(year_days, 0), 2)
               - round(balance * annual_rate * (accrued_through - accrual_from)
                       / nullif(year_days, 0), 2)
           ELSE 0 END), 0),
       coalesce(sum(penalty_receivable), 0), coalesce(sum(compound_receivable), 0),
       coalesce(sum(fee_receivable), 0), coalesce(sum(memorandum), 0)
FROM book
"""


def control_totals() -> tuple[ControlTotal, ...]:
    """The general ledger's control accounts beside what the loans and lines add up to."""
    books = {row.account: row.balance for row in ledger.trial_balance().rows}
    with connection.cursor() as cursor:
        cursor.execute(_BOOK)
        left, interest, penalty, compound, fees, memorandum = cursor.fetchone()
    used = Facility.objects.aggregate(t=Sum("used"))["t"] or ZERO
    held = sum(
        (books[a] for a in (chart.MEMO_INTEREST, chart.MEMO_PENALTY, chart.MEMO_COMPOUND)), ZERO
    )
    return (
        ControlTotal("principal outstanding", books[chart.LOANS], left),
        ControlTotal("lines in use", books[chart.LOANS], used),
        ControlTotal("interest receivable", books[chart.INTEREST_RECEIVABLE], interest),
        ControlTotal("penalty receivable", books[chart.PENALTY_RECEIVABLE], penalty),
        ControlTotal("compound receivable", books[chart.COMPOUND_RECEIVABLE], compound),
        ControlTotal("fees receivable", books[chart.FEE_RECEIVABLE], fees),
        ControlTotal("interest in memorandum", held, memorandum),
        ControlTotal("money in suspense", books[chart.SUSPENSE], ledger.unmatched_remaining()),
        ControlTotal("allowance of loans", books[chart.ALLOWANCE], _allowances()),
    )


def _allowances() -> Decimal:
    return Decimal(LoanRisk.objects.aggregate(t=Sum("allowance"))["t"] or ZERO)


def account_entries(*, facility_id: str) -> tuple[AccountEntry, ...]:
    """The newest movements on the account the facility pays to. Raises `CoreUnavailable`."""
    return bank_core.entries(facility(facility_id).account_no)


def close_status() -> CloseStatus:
    """Where the close of day stands."""
    on = business_date()
    last = CloseOfDay.objects.filter(finished_at__isnull=False).order_by("-on").first()
    active = Loan.objects.filter(status="active")
    parked = active.filter(parked_on__isnull=False)
    behind = LoanChunk.objects.filter(closed_through__lt=last.on).count() if last else 0
    begun = CloseOfDay.objects.filter(finished_at__isnull=True, on=on).first()
    done = LoanChunk.objects.filter(closed_through__gte=on).count() if begun else 0
    return CloseStatus(
        business_date=on,
        last_closed=last.on if last else None,
        finished_at=last.finished_at if last else None,
        open_loans=active.count(),
        behind=behind + parked.count(),
        parked=parked.count(),
        closing=begun.on if begun else None,
        started_at=begun.started_at if begun else None,
        chunks=LoanChunk.objects.count(),
        chunks_done=done,
        first_parked=tuple(
            ParkedLoan(row.id, row.parked_on or on, row.accrued_through, row.parked_reason)
            for row in parked.order_by("parked_on", "id")[:50]
        ),
    )


def nights(*, limit: int = 14) -> tuple[NightView, ...]:
    """The newest closes of day, newest first."""
    return tuple(
        NightView(
            row.on, row.started_at, row.finished_at, row.loans, row.debited, row.overdue,
            len(row.parked),
        )
        for row in CloseOfDay.objects.order_by("-on")[:limit]
    )  # fmt: skip


def settled_debits(on: date) -> int:
    """How many of the night's debits brought money."""
    return Repayment.objects.filter(requested_on=on, kind="due", status="settled").count()
