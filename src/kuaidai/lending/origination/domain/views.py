"""What origination hands to pages and endpoints: frozen, complete, no database behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kuaidai.lending.origination.domain.states import Status


@dataclass(frozen=True)
class OfferView:
    """What the lender offers: up to `limit` at `annual_rate` (a fraction), open through `expires_on`."""

    limit: Decimal
    annual_rate: Decimal
    expires_on: date


@dataclass(frozen=True)
class TermsView:
    """What the applicant chose under the offer. `nominal` and `effective` are the annualised rate."""

    amount: Decimal
    months: int
    method: str
    annual_rate: Decimal
    nominal: Decimal
    effective: Decimal
    total_interest: Decimal
    chosen_at: datetime


@dataclass(frozen=True)
class ReferralView:
    """How a person resolved a referred application: `outcome` is approve or decline."""

    outcome: str
    limit: Decimal | None
    reason: str
    resolved_by: str
    resolved_by_name: str
    resolved_on: date


@dataclass(frozen=True)
class ContractView:
    """A contract: `status` is prepared, signed or superseded.

    `text_hash` is the SHA-256 of the terms and clauses the customer read, `pdf_hash` that of the
    stored PDF (signatures included once signed).
    """

    id: str
    application_id: str
    status: str
    text_hash: str
    pdf_hash: str
    prepared_at: datetime
    signed_at: datetime | None
    account_no: str


@dataclass(frozen=True)
class ApplicationView:
    """One application as it stands. Amounts are what was asked for; the offer says what is granted.

    `raises` is the line whose limit it is to raise.
    """

    id: str
    status: Status
    uscc: str
    enterprise_name: str
    person_no: str
    product_code: str
    amount: Decimal | None
    months: int | None
    purpose: str
    started_at: datetime
    started_on: date
    submitted_at: datetime | None
    submitted_on: date | None
    attempts: int
    next_attempt_at: datetime | None
    decision_id: str | None
    decided_at: datetime | None
    decided_on: date | None
    decision_ms: int | None
    offer: OfferView | None
    terms: TermsView | None
    referral: ReferralView | None
    contract: ContractView | None
    facility_id: str | None
    raises: str | None = None


@dataclass(frozen=True)
class ReasonView:
    """A reason that may be told to the customer, in both languages."""

    code: str
    en: str
    zh: str

    def text(self, language: str) -> str:
        """The reason in `language`: Chinese for any tag that starts with `zh`, else English."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True)
class LimitTermView:
    """One line of the limit's breakdown as the customer may see it.

    `kind` is dimension (what one kind of data supports), combined, cap or result.
    """

    code: str
    title_en: str
    title_zh: str
    amount: Decimal
    kind: str
    binding: bool


@dataclass(frozen=True)
class CustomerDecision:
    """The decision as the applicant may read it: outcome, limit, reasons.

    `outcome` is approved, referred or declined, a person's resolution included; `by_person` says
    whether a person took it. `human_review` is true where the applicant may ask for one.
    """

    application_id: str
    outcome: str
    limit: Decimal | None
    annual_rate: Decimal | None
    expires_on: date | None
    reasons: tuple[ReasonView, ...]
    limit_breakdown: tuple[LimitTermView, ...]
    by_person: bool
    human_review: bool


@dataclass(frozen=True)
class QueuePage:
    """One page of the staff queue; `total` counts all pages."""

    items: tuple[ApplicationView, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class SignatureCheck:
    """One signature in a contract PDF. `valid` means intact, trusted, and covering the text.

    `signer` is the certificate's common name, `field` the signature field, `summary` pyHanko's
    own words, `problem` is empty for a valid signature.
    """

    field: str
    signer: str
    signed_at: datetime | None
    intact: bool
    trusted: bool
    valid: bool
    summary: str
    problem: str
