"""Reads of servicing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum

from kuaidai.foundation.queries import business_date
from kuaidai.kernel.day_counts import DayCount
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger import queries as ledger
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing.domain.conventions import Conventions, full_order
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.maturity import last_maturity, terms_that_fit
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
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
    LoanEvent,
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


def drawdown_view(row: Drawdown, loan: Loan | None = None) -> DrawdownView:
    """The view of a drawdown's row; `loan`, where the caller has it at hand."""
    found = loan or Loan.objects.filter(drawdown=row).first()
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
    return LoanTerms(
        principal=row.principal,
        annual_rate=row.annual_rate,
        method=RepaymentMethod(row.method),
        start_on=row.start_on,
        instalments=row.months,
        conventions=Conventions(
            day_count=DayCount(row.day_count),
            due_order=full_order(tuple(row.allocation_order.split(","))),
        ),
        settlement_day=row.settlement_day,
        penalty_multiplier=row.penalty_multiplier,
        grace_days=row.grace_days,
    )


def state_of(row: Loan, on: date) -> LoanState:
    """The loan's events replayed to `on`."""
    return replay(terms_of(row), events_of(row), on)


def events_of(row: Loan) -> tuple[Payment, ...]:
    """What happened to the loan, as recorded."""
    events = LoanEvent.objects.filter(loan=row).order_by("id")
    return tuple(Payment(e.repayment_id, e.on, e.amount, e.shorten) for e in events)


def loan_view(row: Loan, on: date) -> LoanView:
    """The view of a loan's row on a day."""
    terms, events = terms_of(row), events_of(row)
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


def loan(loan_id: str) -> LoanView:
    """The loan of that id, on the business date. Raises `UnknownLoan`."""
    row = Loan.objects.select_related("drawdown").filter(id=loan_id).first()
    if row is None:
        raise UnknownLoan(value=loan_id)
    return loan_view(row, business_date())


def loans_of(facility_id: str) -> tuple[LoanView, ...]:
    """The loans under a facility, newest first; 100 at the most."""
    rows = Loan.objects.select_related("drawdown").filter(facility_id=facility_id)
    on = business_date()
    return tuple(loan_view(row, on) for row in rows.order_by("-start_on", "-id")[:100])


def drawdown(drawdown_id: str) -> DrawdownView:
    """The drawdown of that id. Raises `UnknownLoan`."""
    row = Drawdown.objects.filter(id=drawdown_id).first()
    if row is None:
        raise UnknownLoan(value=drawdown_id)
    return drawdown_view(row)


def drawdowns_of(facility_id: str) -> tuple[DrawdownView, ...]:
    """The drawdowns of a facility, newest first; 100 at the most."""
    rows = Drawdown.objects.filter(facility_id=facility_id).order_by("-requested_on", "-id")[:100]
    return tuple(map(drawdown_view, rows))


def repayments_of(loan_id: str) -> tuple[RepaymentView, ...]:
    """The repayments of a loan, newest first; 200 at the most."""
    rows = Repayment.objects.filter(loan_id=loan_id).order_by("-requested_on", "-id")[:200]
    return tuple(map(repayment_view, rows))


def exposure_of(*, uscc: str) -> Decimal:
    """What the firm may owe this lender at the most: what its live lines still grant, and what is
    drawn or on its way under lines that ended.
    """
    return exposure(Facility.objects.filter(uscc=uscc))


def group_exposure_of(*, uscc: str) -> Decimal:
    """The same for the firm's whole obligor group: its owner's and linked firms' lines too."""
    member = GroupMember.objects.filter(kind="firm", number=uscc).first()
    if member is None:
        return ZERO
    return exposure(Facility.objects.filter(group_id=member.group_id))


def exposure(lines: QuerySet[Facility]) -> Decimal:
    """What may be owed at the most under these lines."""
    live = lines.filter(status__in=LIVE).aggregate(t=Sum(F("granted") - F("consumed")))["t"] or ZERO
    ended = lines.exclude(status__in=LIVE).aggregate(t=Sum(F("used") + F("reserved")))["t"] or ZERO
    return Decimal(live + ended)


def control_totals() -> tuple[ControlTotal, ...]:
    """The general ledger's control accounts beside what facilities, loans and events add up to."""
    books = {row.account: row.balance for row in ledger.trial_balance().rows}
    loans = Loan.objects.aggregate(
        lent=Sum("principal"),
        left=Sum("outstanding"),
        interest=Sum("earned_interest"),
        penalty=Sum("earned_penalty"),
    )
    lent, left, interest, penalty = (loans[k] or ZERO for k in loans)
    paid = LoanEvent.objects.aggregate(t=Sum("amount"))["t"] or ZERO
    used = Facility.objects.aggregate(t=Sum("used"))["t"] or ZERO
    receivable = books[chart.INTEREST_RECEIVABLE] + books[chart.PENALTY_RECEIVABLE]
    return (
        ControlTotal("principal outstanding", books[chart.LOANS], left),
        ControlTotal("lines in use", books[chart.LOANS], used),
        ControlTotal("interest income", books[chart.INTEREST_INCOME], interest),
        ControlTotal("penalty income", books[chart.PENALTY_INCOME], penalty),
        ControlTotal("settlement", books[chart.SETTLEMENT], paid - lent),
        ControlTotal("receivable", receivable, interest + penalty - (paid - (lent - left))),
    )


def account_entries(*, facility_id: str) -> tuple[AccountEntry, ...]:
    """The newest movements on the account the facility pays to. Raises `CoreUnavailable`."""
    return bank_core.entries(facility(facility_id).account_no)


def close_status() -> CloseStatus:
    """Where the close of day stands."""
    on = business_date()
    last = CloseOfDay.objects.filter(finished_at__isnull=False).order_by("-on").first()
    active = Loan.objects.filter(status="active")
    behind = (
        active.filter(start_on__lte=last.on)
        .exclude(closed_through__isnull=False, closed_through__gte=last.on)
        .count()
        if last
        else 0
    )
    return CloseStatus(
        business_date=on,
        last_closed=last.on if last else None,
        finished_at=last.finished_at if last else None,
        open_loans=active.count(),
        behind=behind,
        parked=active.exclude(parked_reason="").count(),
    )
