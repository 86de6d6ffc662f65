"""Draw money: reserve it on the line, pay it through the bank core, then make the loan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from kuaidai.foundation import prepared
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.errors import IdempotencyKeyMalformed
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.kernel.identifiers import new_id
from kuaidai.kernel.money import money_text, yuan
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.ledger.domain.rules import lines_of
from kuaidai.lending.ledger.operations import post
from kuaidai.lending.products.catalogue import Product, product
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing.domain.agreeing import terms_for
from kuaidai.lending.servicing.domain.limit_account import LimitAccount
from kuaidai.lending.servicing.domain.maturity import last_maturity, terms_that_fit
from kuaidai.lending.servicing.domain.reading import totals_in_cents
from kuaidai.lending.servicing.domain.running import begin
from kuaidai.lending.servicing.domain.states import STATE_ZH, FacilityStatus
from kuaidai.lending.servicing.domain.views import DrawdownView
from kuaidai.lending.servicing.errors import (
    ApprovalExpired,
    CoreUnavailable,
    DrawingWhileOverdue,
    DrawTooSmall,
    FacilityNotOpen,
    MaturesTooLate,
    OddCents,
    TermNotOffered,
    UnknownPurpose,
)
from kuaidai.lending.servicing.models import Drawdown, Loan
from kuaidai.lending.servicing.operations import limits
from kuaidai.lending.servicing.operations.projection import (
    accrue,
    begin_loan,
    posting_day,
    require_not_ahead,
)
from kuaidai.lending.servicing.queries import drawdown_view, overdue_since

log = structlog.get_logger("kuaidai.drawing")
SUBJECT = "drawdown"
PURSUE_AFTER = timedelta(seconds=5)
"""How long a payment may be on its way before it is asked about again."""
_PURSUED_AT_ONCE = 200
LOANS_IN_CHUNK = 10_000
"""How many loans the night closes together, at the most."""
_KEY = re.compile(r"^[\x21-\x7e]{1,100}$")
_INSERT = """
INSERT INTO servicing_drawdown (
    id, facility_id, product_code, months, amount, purpose, status, requested_on, requested_at, reason
) VALUES (
    %(id)s, %(line)s, %(product)s, %(months)s, %(amount)s, %(purpose)s, 'pending', %(on)s, %(at)s, ''
)
"""
_HOLD = f"""
SELECT {limits.COLUMNS}, d.amount, d.purpose, d.status, d.requested_on, d.months
FROM servicing_drawdown d JOIN servicing_facility f ON f.id = d.facility_id
{limits.LEVELS} d.product_code
WHERE d.id = %s
FOR NO KEY UPDATE OF g, f, s, d
"""
_SETTLED = "UPDATE servicing_drawdown SET status = %s, reason = %s WHERE id = %s"
_NEXT_CHUNK = """
SELECT next.id, chunk.closed_through
FROM (SELECT nextval('servicing_loan_number') / %s AS id) next
LEFT JOIN LATERAL (
    SELECT closed_through FROM servicing_loanchunk WHERE id = next.id FOR SHARE
) chunk ON true
"""
_NEW_CHUNK = """
INSERT INTO servicing_loanchunk (id, closed_through) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
_CHUNK = "SELECT closed_through FROM servicing_loanchunk WHERE id = %s FOR SHARE"


def request_drawdown(
    *,
    facility_id: str,
    amount: Decimal,
    purpose: str,
    key: str,
    on: date,
    actor: Actor,
    months: int | None = None,
    product_code: str | None = None,
) -> DrawdownView:
    """Reserve a drawdown, then try to pay it at once; the same `key` again returns the same one.

    If the bank core is silent the drawdown stays pending and a job goes on. Raises what
    `reserve_drawdown` raises.
    """
    reserved = reserve_drawdown(
        facility_id=facility_id, amount=amount, purpose=purpose, key=key, on=on, actor=actor,
        months=months, product_code=product_code,
    )  # fmt: skip
    try:
        return pay_out(drawdown_id=reserved.id, actor=actor)
    except CoreUnavailable:
        _pursue_later(reserved.id)
        return drawdown_view(Drawdown.objects.get(id=reserved.id))


@transaction.atomic
def reserve_drawdown(
    *,
    facility_id: str,
    amount: Decimal,
    purpose: str,
    key: str,
    on: date,
    actor: Actor,
    months: int | None = None,
    product_code: str | None = None,
) -> DrawdownView:
    """Take `amount` on the line for a payment; the same `key` again returns the same drawdown.

    `months` is the loan's term (default: the line's own), `product_code` the part of the line it is
    drawn from (default: the line's own product). A reserved drawdown is paid even if this process
    dies: the job that looks for payments on their way finds it. Raises `UnknownFacility`,
    `ProductNotInLine`, `FacilityNotOpen`, `ApprovalExpired`, `DatedAhead`,
    `DrawingWhileOverdue`, `UnknownPurpose`, `OddCents`, `DrawTooSmall`, `TermNotOffered`,
    `MaturesTooLate`, `AboveAvailable`, `IdempotencyMismatch`, `IdempotencyKeyMalformed`.
    """
    if not _KEY.match(key):
        raise IdempotencyKeyMalformed(value=key[:100])
    _require_amount(amount)
    number, request_hash = new_id("DRW"), _request_hash(amount, purpose, months, product_code)
    held = limits.claim(
        facility_id=facility_id, product_code=product_code, key=key, request_hash=request_hash,
        amount=amount, subject_type=SUBJECT, subject_id=number,
    )  # fmt: skip
    account = held.account
    if account is None:
        return drawdown_view(Drawdown.objects.get(id=held.subject_id))
    term = account.months if months is None else months
    _require_open(account, on)
    require_not_ahead(on, held.today)
    since = overdue_since(facility_id)
    if since is not None:
        raise DrawingWhileOverdue(since=since)
    _check(account, amount, purpose, term, on)
    drawn = {
        "id": number, "product": account.product_code, "months": term, "amount": amount,
        "purpose": purpose, "on": on, "at": timezone.now(),
    }  # fmt: skip
    limits.reserve(account, amount, writing=_INSERT, values=drawn)
    record_audit(
        actor=actor, action="drawdown.request", subject_type="facility", subject_id=facility_id,
        on=on, detail={"id": number, "amount": amount, "purpose": purpose, "months": term},
    )  # fmt: skip
    return DrawdownView(number, facility_id, None, amount, purpose, "pending", on, "", term)


def _request_hash(
    amount: Decimal, purpose: str, months: int | None, product_code: str | None
) -> str:
    request: dict[str, Any] = {"amount": amount.normalize(), "purpose": purpose}
    if months is not None:
        request["months"] = months
    if product_code is not None:
        request["product"] = product_code
    return sha256_hex(canonical_json(request))


def _require_amount(amount: Decimal) -> None:
    if amount != yuan(amount):
        raise OddCents(amount=amount)
    if amount <= 0:
        raise DrawTooSmall(amount=money_text(amount), least=money_text(yuan(1)), step="0.01")


def _require_open(account: LimitAccount, on: date) -> None:
    state, state_zh = account.status, STATE_ZH[FacilityStatus(account.status)]
    if account.status == FacilityStatus.OPEN:
        if account.opens_on <= on < account.expires_on:
            if on > account.approval_expires_on:
                raise ApprovalExpired(
                    value=account.facility_id, last=account.approval_expires_on, on=on
                )
            return
        state, state_zh = f"expired since {account.expires_on}", f"已于 {account.expires_on} 到期"
        if on < account.opens_on:
            state, state_zh = (
                f"not open before {account.opens_on}",
                f"自 {account.opens_on} 起生效",
            )
    raise FacilityNotOpen(value=account.facility_id, state=state, state_zh=state_zh)


def _check(account: LimitAccount, amount: Decimal, purpose: str, months: int, on: date) -> None:
    rules = product(account.product_code)
    if purpose not in {known.code for known in rules.purposes}:
        raise UnknownPurpose(value=purpose, known=", ".join(p.code for p in rules.purposes))
    if amount < rules.minimum_draw or amount % rules.draw_step:
        raise DrawTooSmall(
            amount=money_text(amount),
            least=money_text(rules.minimum_draw),
            step=money_text(rules.draw_step),
        )
    _require_term(account, rules, months, on)


def _require_term(account: LimitAccount, rules: Product, months: int, on: date) -> None:
    """A loan's term is one the line offers, and it matures soon enough after the line's expiry."""
    last = last_maturity(account.expires_on, rules.latest_maturity_after_expiry_days)
    fitting = terms_that_fit(
        on=on, line_months=account.months, tenors=rules.tenors_months, last=last
    )
    if months in fitting:
        return
    offered = {*(m for m in rules.tenors_months if m <= account.months), account.months}
    if months not in offered:
        raise TermNotOffered(months=months, choices=", ".join(map(str, fitting)) or "-")
    raise MaturesTooLate(
        months=months, matures_on=add_months(on, months), last=last, longest=max(fitting, default=0)
    )


def _pursue_later(drawdown_id: str) -> None:
    jobs.configure_task(
        "servicing.pay_out", queue="payments", schedule_in={"seconds": PURSUE_AFTER.seconds}
    ).defer(drawdown_id=drawdown_id)


def pursue_drawdowns(*, actor: Actor) -> int:
    """Ask once more about payments that have been on their way for some seconds; how many there were.

    Every reserved drawdown is found here sooner or later, whatever became of the process that
    reserved it. The core's key makes asking twice harmless.
    """
    waiting = Drawdown.objects.filter(
        status="pending", requested_at__lt=timezone.now() - PURSUE_AFTER
    ).order_by("requested_at")
    numbers = list(waiting.values_list("id", flat=True)[:_PURSUED_AT_ONCE])
    for number in numbers:
        try:
            pay_out(drawdown_id=number, actor=actor)
        except CoreUnavailable as refusal:
            log.warning("drawdown still pending", drawdown=number, code=refusal.code)
    return len(numbers)


def pay_out(*, drawdown_id: str, actor: Actor) -> DrawdownView:
    """Pay a pending drawdown through the bank core and make the loan, or release the reservation.

    May be called any number of times at once: the core acts once per key, and only the first to
    hold the row writes. Raises `CoreUnavailable` while the outcome is unknown.
    """
    row = Drawdown.objects.select_related("facility").get(id=drawdown_id)
    if row.status != "pending":
        return drawdown_view(row)
    moved = bank_core.transfer_out(
        key=row.id,
        to_account=row.facility.account_no,
        amount=row.amount,
        memo=f"Loan {row.id}",
        on=row.requested_on,
    )
    return settle_drawdown(drawdown_id=drawdown_id, moved=moved, actor=actor)


@dataclass(frozen=True)
class _Held:
    """A drawdown and its limit account, both locked."""

    id: str
    account: LimitAccount
    amount: Decimal
    purpose: str
    status: str
    requested_on: date
    months: int


def _hold(drawdown_id: str) -> _Held:
    for _ in range(2):  # once more when the line moved to another group while we waited
        row = prepared.fetch_one(_HOLD, [drawdown_id])
        if row is not None:
            return _Held(drawdown_id, limits.account_of(row), *row[-5:])
    raise Drawdown.DoesNotExist(f"there is no drawdown {drawdown_id}")


@transaction.atomic
def settle_drawdown(*, drawdown_id: str, moved: bank_core.Movement, actor: Actor) -> DrawdownView:
    """Make the loan of a drawdown the core has paid, or release its reservation; once per drawdown."""
    held = _hold(drawdown_id)
    if held.status != "pending":
        return drawdown_view(Drawdown.objects.get(id=drawdown_id))
    account, on = held.account, held.requested_on
    if moved.is_settled:
        status, reason = "paid_out", ""
        limits.post(account, subject_type=SUBJECT, subject_id=held.id)
    else:
        status, reason = "rejected", moved.reason
        limits.release(account, subject_type=SUBJECT, subject_id=held.id, on=on)
    prepared.execute(_SETTLED, [status, reason, held.id])
    loan_id = _make_loan(held, moved.booked_on) if moved.is_settled else None
    record_audit(
        actor=actor, action=f"drawdown.{status}", subject_type="facility",
        subject_id=account.facility_id, on=on,
        detail={"id": held.id, "amount": held.amount, "reason": moved.reason},
    )  # fmt: skip
    return DrawdownView(
        held.id, account.facility_id, loan_id, held.amount, held.purpose, status, on, reason,
        held.months,
    )  # fmt: skip


def _make_loan(held: _Held, booked_on: date | None) -> str:
    """The loan of a paid drawdown, from the day the money arrived, its books up to date; its id."""
    account, start_on = held.account, max(held.requested_on, booked_on or held.requested_on)
    terms = terms_for(
        product(account.product_code), amount=held.amount, months=held.months,
        method=account.method, annual_rate=account.annual_rate, on=start_on,
    )  # fmt: skip
    book_on = posting_day(start_on)
    chunk_id, closed_through = _open_chunk(book_on)
    run = begin(terms)
    loan_id = new_id("LN")
    begin_loan(
        run,
        id=loan_id,
        facility_id=account.facility_id,
        drawdown_id=held.id,
        chunk_id=chunk_id,
        branch=account.branch,
        product_code=account.product_code,
        principal=held.amount,
        start_on=start_on,
    )
    post(
        key=f"drawdown:{held.id}",
        on=book_on,
        description="Loan paid out",
        source_type="loan",
        source_id=loan_id,
        lines=lines_of({Movement.DRAWN: held.amount}, product_code=account.product_code),
        branch=account.branch,
        product_code=account.product_code,
    )
    if closed_through > start_on:  # the money came days ago: the nights since have passed
        before = totals_in_cents(run, start_on)
        run.advance(closed_through)
        accrue(Loan.objects.select_related("life").get(id=loan_id), run, before, closed_through)
    return loan_id


def _open_chunk(book_on: date) -> tuple[int, date]:
    """The chunk that takes the next loan, locked against its night, and the day it is closed through."""
    number, closed_through = _row(_NEXT_CHUNK, [LOANS_IN_CHUNK])
    if closed_through is None:  # the first loan of a new chunk
        prepared.execute(_NEW_CHUNK, [number, book_on - timedelta(days=1)])
        (closed_through,) = _row(_CHUNK, [number])
    return number, closed_through


def _row(statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    row = prepared.fetch_one(statement, values)
    assert row is not None  # the statement always gives one
    return row
