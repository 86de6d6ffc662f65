"""Reads of origination."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from kuaidai.data.sources.domain.subject import AUTHORISATION_FOR
from kuaidai.foundation.encryption import decrypt_bytes
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.errors import NotFound
from kuaidai.kernel.money import ZERO
from kuaidai.lending.origination.contracts.signing import verify_signatures
from kuaidai.lending.origination.domain.states import WITH_OFFER, Status
from kuaidai.lending.origination.domain.terms import OFFER_VALID_DAYS
from kuaidai.lending.origination.domain.views import (
    ApplicationView,
    ContractView,
    CustomerDecision,
    LimitTermView,
    OfferView,
    QueuePage,
    ReasonView,
    ReferralView,
    SignatureCheck,
    TermsView,
)
from kuaidai.lending.origination.errors import AuthorisationsIncomplete, NoOffer
from kuaidai.lending.origination.models import Application, Contract
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing import queries as servicing
from kuaidai.lending.servicing.domain.approvals import Approval
from kuaidai.lending.servicing.domain.views import FacilityView
from kuaidai.parties import queries as parties
from kuaidai.parties.domain.authorisations import AuthorisationKind
from kuaidai.parties.errors import AuthorisationMissing
from kuaidai.risk.policy import queries as policy_records
from kuaidai.risk.policy.domain.decision import Reason

PAGE_SIZE = 20
_ALWAYS = (
    AuthorisationKind.PERSONAL_INFORMATION,
    AuthorisationKind.AUTOMATED_DECISION,
    AuthorisationKind.E_SIGNING_AND_DEBIT,
)


def offered_to(*, firms: Sequence[str], people: Sequence[str], on: date, but: str) -> Decimal:
    """The open offers to these firms and people together, one application (`but`) left out.

    Of an offer to raise a line only what goes beyond the line's limit counts: the rest is granted.
    """
    offered = Application.objects.filter(
        Q(uscc__in=firms) | Q(person_no__in=people),
        status__in=(Status.APPROVED, Status.OFFERED),
        offer_expires_on__gte=on,
    ).exclude(id=but)
    offers = [
        (limit or ZERO, line or "") for limit, line in offered.values_list("offer_limit", "raises")
    ]
    granted = servicing.granted_under([line for _, line in offers if line])
    return sum((max(ZERO, limit - granted.get(line, ZERO)) for limit, line in offers), ZERO)


def required_authorisations(product_code: str) -> tuple[AuthorisationKind, ...]:
    """What an applicant must authorise for this product: its required sources and the general ones."""
    product = product_of(product_code)
    kinds = [AuthorisationKind(AUTHORISATION_FOR[source]) for source in product.required_sources]
    return tuple(dict.fromkeys((*kinds, *_ALWAYS)))


def require_authorisations(*, person_no: str, uscc: str, product_code: str, on: date) -> None:
    """Raises `AuthorisationsIncomplete` unless every required authorisation is live on `on`."""
    problems: list[AuthorisationMissing] = []
    for kind in required_authorisations(product_code):
        try:
            parties.require_authorisation(kind=kind, person_no=person_no, uscc=uscc, on=on)
        except AuthorisationMissing as missing:
            problems.append(missing)
    if problems:
        raise AuthorisationsIncomplete(
            kinds=", ".join(f"{held.values['value']} {held.values['why']}" for held in problems),
            kinds_zh="，".join(
                f"{held.values['value']} {held.values['why_zh']}" for held in problems
            ),
        )


def contract_view(contract: Contract) -> ContractView:
    """The view of a contract row."""
    return ContractView(
        id=contract.id,
        application_id=contract.application_id,
        status=str(contract.status),
        text_hash=contract.text_hash,
        pdf_hash=contract.pdf_hash,
        prepared_at=contract.prepared_at,
        signed_at=contract.signed_at,
        account_no=contract.account_no,
    )


def _offer(row: Application) -> OfferView | None:
    if row.offer_limit is None or row.offer_rate is None or row.offer_expires_on is None:
        return None
    return OfferView(row.offer_limit, row.offer_rate, row.offer_expires_on)


def approval_of(application_id: str) -> Approval:
    """What was approved on an application: the bounds of its contract, its line and every drawdown.

    Read from the decision record and, where a person resolved a referral, from the resolution; the
    offer kept with the application can only narrow it. The rate is the least, the term the product's
    longest. Raises `NotFound`, `NoOffer` when nothing was approved.
    """
    row = Application.objects.select_related("resolution").filter(id=application_id).first()
    if row is None:
        raise NotFound(kind="application", value=application_id)
    offer, referral = _offer(row), _referral(row)
    if offer is None or row.decision_id is None or row.status not in WITH_OFFER:
        raise NoOffer(application_id=row.id, status=row.status)
    decision = policy_records.decision(row.decision_id)
    amount, decided_on = decision.limit, row.decided_on
    if referral is not None and referral.limit is not None:
        amount, decided_on = min(amount, referral.limit), referral.resolved_on
    elif decision.outcome != "approved":
        raise NoOffer(application_id=row.id, status=row.status)
    assert decided_on is not None  # the database refuses a decision without its day
    months = max(product_of(row.product_code).tenors_months)
    sign_by = min(offer.expires_on, decided_on + timedelta(days=OFFER_VALID_DAYS))
    return Approval(
        reference=row.decision_id,
        product_code=row.product_code,
        amount=min(amount, offer.limit),
        annual_rate=max(decision.annual_rate, offer.annual_rate),
        months=months,
        sign_by=sign_by,
        draw_by=add_months(sign_by, months),
    )


def approved_for(line: FacilityView) -> str:
    """The application under whose approval a line stands: its own, or the last that raised it."""
    raised = Application.objects.filter(raises=line.id, decision_id=line.approval_reference)
    return raised.values_list("id", flat=True).first() or line.application_id


def _terms(row: Application) -> TermsView | None:
    chosen = getattr(row, "terms", None)
    if chosen is None:
        return None
    return TermsView(
        amount=chosen.amount,
        months=chosen.months,
        method=chosen.method,
        annual_rate=chosen.annual_rate,
        nominal=chosen.nominal,
        effective=chosen.effective,
        total_interest=chosen.total_interest,
        chosen_at=chosen.chosen_at,
    )


def _referral(row: Application) -> ReferralView | None:
    held = getattr(row, "resolution", None)
    if held is None:
        return None
    return ReferralView(
        outcome=held.outcome,
        limit=held.limit,
        reason=held.reason,
        resolved_by=held.resolved_by,
        resolved_by_name=held.resolved_by_name,
        resolved_on=held.resolved_on,
    )


def _decision_ms(row: Application) -> int | None:
    """From submit to decision, in milliseconds of the clock."""
    if row.submitted_at is None or row.decided_at is None:
        return None
    return int((row.decided_at - row.submitted_at).total_seconds() * 1000)


def _view(row: Application) -> ApplicationView:
    standing = [held for held in row.contracts.all() if held.status != Contract.State.SUPERSEDED]
    return ApplicationView(
        id=row.id,
        status=Status(row.status),
        uscc=row.uscc,
        enterprise_name=row.enterprise_name,
        person_no=row.person_no,
        product_code=row.product_code,
        amount=row.amount,
        months=row.months,
        purpose=row.purpose,
        started_at=row.started_at,
        started_on=row.started_on,
        submitted_at=row.submitted_at,
        submitted_on=row.submitted_on,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        decision_id=row.decision_id,
        decided_at=row.decided_at,
        decided_on=row.decided_on,
        decision_ms=_decision_ms(row),
        offer=_offer(row),
        terms=_terms(row),
        referral=_referral(row),
        contract=contract_view(standing[0]) if standing else None,
        facility_id=row.facility_id,
        raises=row.raises,
    )


def _rows() -> QuerySet[Application]:
    return Application.objects.select_related("terms", "resolution").prefetch_related(
        Prefetch("contracts", queryset=Contract.objects.defer("pdf"))
    )


def application(application_id: str, *, person_no: str | None = None) -> ApplicationView:
    """One application; with `person_no`, only if it is that person's. Raises `NotFound`."""
    row = _rows().filter(id=application_id).first()
    if row is None or (person_no is not None and row.person_no != person_no):
        raise NotFound(kind="application", value=application_id)
    return _view(row)


def applications_of(person_no: str) -> tuple[ApplicationView, ...]:
    """A person's applications, newest first."""
    return tuple(_view(row) for row in _rows().filter(person_no=person_no))


def queue(*, status: Status | str | None = None, search: str = "", page: int = 1) -> QueuePage:
    """The staff queue, newest first. `search` matches number, firm's name, or USCC.

    A page beyond the last gives the last.
    """
    rows = _rows().order_by("-started_at", "id")
    if status:
        rows = rows.filter(status=str(status))
    if search.strip():
        text = search.strip()
        rows = rows.filter(
            Q(id__icontains=text) | Q(enterprise_name__icontains=text) | Q(uscc__icontains=text)
        )
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    return QueuePage(
        items=tuple(_view(row) for row in found),
        total=found.paginator.count,
        page=found.number,
        pages=found.paginator.num_pages,
    )


def status_counts() -> dict[str, int]:
    """How many applications stand in each state; states without any are absent."""
    counted = Application.objects.order_by().values("status").annotate(number=Count("id"))
    return {row["status"]: row["number"] for row in counted}


def contract(contract_id: str, *, person_no: str | None = None) -> ContractView:
    """One contract; with `person_no`, only if it is that person's. Raises `NotFound`."""
    return contract_view(_contract_row(contract_id, person_no))


def _contract_row(contract_id: str, person_no: str | None = None) -> Contract:
    row = Contract.objects.select_related("application").filter(id=contract_id).first()
    if row is None or (person_no is not None and row.application.person_no != person_no):
        raise NotFound(kind="contract", value=contract_id)
    return row


def contract_pdf(contract_id: str, *, person_no: str | None = None) -> bytes:
    """The contract's PDF as stored. Raises `NotFound`."""
    return decrypt_bytes(bytes(_contract_row(contract_id, person_no).pdf))


def trust_root() -> Path:
    """The certificate (PEM) of the platform's authority, which verifiers must trust."""
    home: Path = settings.KUAIDAI.home
    return home / "pki" / "ca.pem"


def verify_contract(contract_id: str) -> tuple[SignatureCheck, ...]:
    """Every signature of the stored PDF, checked with pyHanko; empty for one not yet signed."""
    row = _contract_row(contract_id)
    if row.status != Contract.State.SIGNED:
        return ()
    return verify_signatures(decrypt_bytes(bytes(row.pdf)), trust_root=trust_root())


def customer_decision(
    application_id: str, *, person_no: str | None = None
) -> CustomerDecision | None:
    """The decision as the applicant may read it; None while there is none.

    A person's resolution overrides the outcome; declined applications carry their reasons.
    """
    held = application(application_id, person_no=person_no)
    if held.decision_id is None:
        return None
    decision = policy_records.decision(held.decision_id)
    outcome = str(decision.outcome)
    if held.referral is not None:
        outcome = "approved" if held.referral.outcome == "approve" else "declined"
    offer = held.offer
    return CustomerDecision(
        application_id=held.id,
        outcome=outcome,
        limit=offer.limit if offer else None,
        annual_rate=offer.annual_rate if offer else None,
        expires_on=offer.expires_on if offer else None,
        reasons=_reasons(decision.reasons) if outcome != "approved" else (),
        limit_breakdown=tuple(
            LimitTermView(
                term.code, term.title_en, term.title_zh, term.amount, str(term.kind), term.binding
            )
            for term in decision.limit_breakdown
        )
        if offer
        else (),
        by_person=held.referral is not None,
        human_review=outcome == "declined" and held.referral is None,
    )


def _reasons(reasons: Sequence[Reason]) -> tuple[ReasonView, ...]:
    return tuple(ReasonView(reason.code, reason.en, reason.zh) for reason in reasons)
