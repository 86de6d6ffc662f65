"""What goes in and out: amounts as strings with two decimals, rates as strings with six."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from ninja import Field, Header, Path, Query, Schema
from pydantic import (
    AfterValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
)

from kuaidai.lending.origination.domain.states import Status

Money = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,16}\.\d{2}$", "example": "120000.00"}),
]
"""Money on the way out."""

Rate = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:.6f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{6}$", "example": "0.043500"}),
]
"""An annual fraction on the way out: 0.043500 is 4.35 %."""

AmountText = Annotated[str, Field(max_length=24, examples=["120000.00"])]
"""Money on the way in: digits with at most two decimals."""


def _storable(text: str) -> str:
    """Text without NUL characters, which PostgreSQL does not store."""
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    return text


Storable = AfterValidator(_storable)
_ID = r"^[A-Z]{2,3}-[0-9A-Z]{12}$"
ApplicationId = Annotated[str, Path(pattern=_ID, example="APP-7K3QX0M4Z9T2")]
FacilityId = Annotated[str, Path(pattern=_ID, example="FAC-7K3QX0M4Z9T2")]
LoanId = Annotated[str, Path(pattern=_ID, example="LN-7K3QX0M4Z9T2")]
AuthorisationId = Annotated[str, Path(pattern=_ID, example="AUT-7K3QX0M4Z9T2")]
FirstDay = Annotated[date, Query(alias="from", description="First day of the statement.")]
LastDay = Annotated[date, Query(alias="to", description="Last day of the statement.")]
FileKind = Annotated[Literal["pdf", "csv"], Path()]
StatedMonthLabel = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}$", example="2026-07")]
Search = Annotated[str, Query(max_length=100), Storable]
Page = Annotated[int, Query(ge=1, le=100_000)]
PathCode = Annotated[str, Path(max_length=60), Storable]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9_-]{8,60}$",
        description="Names this request: sent again with the same key, it is done once.",
    ),
]


class Input(Schema):
    """A request body: unknown fields are refused, so that a typing error is not ignored."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _texts_are_storable(cls, value: object) -> object:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                _storable(text)
        return value


class CodeRequest(Input):
    phone: str = Field(max_length=30, examples=["13800000000"])


class CodeSent(Schema):
    expires_at: datetime


class TokenRequest(Input):
    phone: str = Field(max_length=30)
    code: str = Field(min_length=1, max_length=12)


class StaffTokenRequest(Input):
    username: str = Field(min_length=1, max_length=150)
    password: str = Field(min_length=1, max_length=200)


class TokenOut(Schema):
    token: str
    expires_at: datetime


class FirmOut(Schema):
    uscc: str
    name: str
    kind: str
    established_on: date


class AuthorisationOut(Schema):
    id: str
    kind: str
    granted_on: date
    expires_on: date
    withdrawn_at: datetime | None
    text_version: str
    text_hash: str


class AuthorisationTextOut(Schema):
    kind: str
    title: str
    text: str
    text_version: str
    live: bool


class GrantRequest(Input):
    kinds: list[str] = Field(min_length=1, max_length=20)
    language: str = Field("zh-hans", pattern="^(zh-hans|en)$")


class PurposeOut(Schema):
    code: str
    title_en: str
    title_zh: str


class ProductOut(Schema):
    code: str
    line: str
    name_en: str
    name_zh: str
    floor: Money
    cap: Money
    step: Money
    tenors_months: list[int]
    methods: list[str]
    purposes: list[PurposeOut]
    required_authorisations: list[str]


class StartRequest(Input):
    uscc: str = Field(max_length=30)
    product_code: str = Field(max_length=60)
    raises: str | None = Field(
        default=None, max_length=20, description="The open line whose limit is to be raised."
    )


class SubmitRequest(Input):
    amount: AmountText
    months: int = Field(ge=1, le=360)
    purpose: str = Field(max_length=60)


class TermsRequest(Input):
    amount: AmountText
    months: int = Field(ge=1, le=360)
    method: str = Field(max_length=60)


class SignRequest(Input):
    code: str = Field(min_length=1, max_length=12)


class OfferOut(Schema):
    limit: Money
    annual_rate: Rate
    expires_on: date


class TermsOut(Schema):
    amount: Money
    months: int
    method: str
    annual_rate: Rate
    nominal: Rate
    effective: Rate
    total_interest: Money


class ContractOut(Schema):
    id: str
    status: str
    text_hash: str
    pdf_hash: str
    prepared_at: datetime
    signed_at: datetime | None


class ApplicationOut(Schema):
    id: str
    status: Status
    uscc: str
    enterprise_name: str
    product_code: str
    amount: Money | None
    months: int | None
    purpose: str
    started_at: datetime
    submitted_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    decision_id: str | None
    decided_at: datetime | None
    decision_ms: int | None
    offer: OfferOut | None
    terms: TermsOut | None
    contract: ContractOut | None
    facility_id: str | None
    raises: str | None


class ReportOut(Schema):
    source: str
    status: str
    attempts: int
    elapsed_ms: int
    received_at: datetime | None
    error: str


class ReasonOut(Schema):
    code: str
    en: str
    zh: str


class LimitTermOut(Schema):
    code: str
    title_en: str
    title_zh: str
    amount: Money
    kind: str
    binding: bool


class DecisionOut(Schema):
    application_id: str
    outcome: str
    limit: Money | None
    annual_rate: Rate | None
    expires_on: date | None
    reasons: list[ReasonOut]
    limit_breakdown: list[LimitTermOut]
    by_person: bool
    human_review: bool


class InstalmentOut(Schema):
    no: int
    due_on: date
    principal: Money
    interest: Money
    total: Money
    outstanding: Money


class QuoteOut(Schema):
    instalments: list[InstalmentOut]
    total_interest: Money
    nominal: Rate
    effective: Rate


class SignatureOut(Schema):
    field: str
    signer: str
    signed_at: datetime | None
    valid: bool
    summary: str
    problem: str


class FacilityOut(Schema):
    id: str
    status: str
    product_code: str
    granted: Money
    available: Money
    annual_rate: Rate
    method: str
    months: int
    opens_on: date
    expires_on: date


class DrawdownRequest(Input):
    """`months`: the loan's term; without it the line's own."""

    amount: AmountText
    purpose: str = Field(max_length=60)
    months: int | None = Field(default=None, ge=1, le=360)


class DrawdownOut(Schema):
    id: str
    facility_id: str
    loan_id: str | None
    amount: Money
    purpose: str
    months: int
    status: str
    requested_on: date
    reason: str


class RepaymentRequest(Input):
    amount: AmountText | None = None
    full: bool = False
    shorten: bool = Field(
        default=False,
        description="What repays early makes the instalments left fewer instead of smaller.",
    )


class RepaymentOut(Schema):
    id: str
    loan_id: str
    amount: Money
    settled: Money
    status: str
    requested_on: date
    reason: str
    shorten: bool


class PartsOut(Schema):
    principal: Money
    interest: Money
    penalty: Money
    compound: Money
    fee: Money
    claim: Money
    total: Money


class StatementLineOut(Schema):
    on: date
    kind: str
    change: PartsOut
    owed: PartsOut
    money: Money
    surplus: Money


class StatementOut(Schema):
    loan_id: str
    first: date
    last: date
    opening: PartsOut
    lines: list[StatementLineOut]
    closing: PartsOut
    nominal: Rate | None
    effective: Rate | None


class StatedMonthOut(Schema):
    label: str
    first: date
    last: date


class DueOut(Schema):
    no: int
    due_on: date
    principal: Money
    interest: Money
    paid_principal: Money
    paid_interest: Money
    penalty: Money
    outstanding: Money


class LoanOut(Schema):
    id: str
    facility_id: str
    drawdown_id: str
    status: str
    purpose: str
    principal: Money
    annual_rate: Rate
    method: str
    months: int
    start_on: date
    on: date
    outstanding: Money
    due_now: Money
    payoff: Money
    days_past_due: int
    next_due_on: date | None
    next_due_amount: Money


class ResolveRequest(Input):
    outcome: str = Field(pattern="^(approve|decline)$")
    reason: str = Field(min_length=1, max_length=2000)
    limit: AmountText | None = None


class QueueOut(Schema):
    items: list[ApplicationOut]
    total: int
    page: int
    pages: int
