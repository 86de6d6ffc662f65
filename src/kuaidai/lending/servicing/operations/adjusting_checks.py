"""What each adjustment requires of a loan before it happens: one check a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from kuaidai.kernel.money import money_text, yuan
from kuaidai.lending.products.catalogue import ServicingRules
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.adjustments import Adjustment, latest_extension
from kuaidai.lending.servicing.domain.classification import CLASS_TITLES, RiskClass
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.replay import LoanState
from kuaidai.lending.servicing.domain.schedule import build_schedule
from kuaidai.lending.servicing.domain.terms import LoanTerms
from kuaidai.lending.servicing.errors import (
    AboveAdjustmentLimit,
    AccrualUnchanged,
    AdjustmentAmount,
    ExtendedAlready,
    ExtensionAfterMaturity,
    ExtensionDates,
    LoanNotActive,
    LoanNotWrittenOff,
    MisuseTooMuch,
    NotForWriteOff,
    NotReversible,
    RateOutOfRange,
    RepayTooMuch,
    WaiveTooMuch,
)
from kuaidai.lending.servicing.models import Loan, LoanRisk

_STATES_ZH = {"active": "未结清", "settled": "已结清", "written_off": "已核销"}


@dataclass(frozen=True)
class Looked:
    """A locked loan as the checks see it, on the day the adjustment counts from."""

    row: Loan
    terms: LoanTerms
    events: tuple[ev.Event, ...]
    state: LoanState
    rules: ServicingRules
    on: date


def require(kind: Adjustment, event: ev.Event, seen: Looked) -> None:
    """Refuse an adjustment that does not fit the loan. Raises what the checks below raise."""
    CHECKS[kind](event, seen)


def _active(seen: Looked) -> None:
    if seen.row.status != "active":
        state = seen.row.status
        shown = state.replace("_", " ")
        raise LoanNotActive(value=seen.row.id, state=shown, state_zh=_STATES_ZH[state])


def _require_amount(amount: Decimal) -> None:
    if amount <= 0 or amount != yuan(amount):
        raise AdjustmentAmount(amount=amount)


def _charge(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Charge)
    _active(seen)
    _require_amount(event.amount)
    if event.amount > seen.rules.most_charge:
        most = money_text(seen.rules.most_charge)
        raise AboveAdjustmentLimit(amount=money_text(event.amount), most=most)


def _waive(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Waiver)
    _active(seen)
    _require_amount(event.amount)
    state = seen.state
    owed = {
        Bucket.PRINCIPAL: state.due_principal,
        Bucket.INTEREST: state.due_interest + state.accrued_interest,
        Bucket.PENALTY: state.penalty,
        Bucket.COMPOUND: state.compound,
        Bucket.FEE: state.fees,
    }[event.bucket]
    if event.amount > owed:
        raise WaiveTooMuch(amount=money_text(event.amount), owed=money_text(owed))
    if event.amount > seen.rules.most_waiver:
        most = money_text(seen.rules.most_waiver)
        raise AboveAdjustmentLimit(amount=money_text(event.amount), most=most)


def _require_rate(rate: Decimal, seen: Looked) -> None:
    if not 0 < rate <= seen.rules.highest_rate:
        raise RateOutOfRange(rate=f"{rate:%}", most=f"{seen.rules.highest_rate:.2%}")


def _rate(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.RateChange)
    _active(seen)
    _require_rate(event.annual_rate, seen)


def _misuse(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Misuse)
    _active(seen)
    _require_amount(event.amount)
    if event.amount > seen.state.outstanding:
        owed = money_text(seen.state.outstanding)
        raise MisuseTooMuch(amount=money_text(event.amount), owed=owed)


def _any_active(_event: ev.Event, seen: Looked) -> None:
    _active(seen)


def _extend(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Extension)
    _active(seen)
    standing = ev.in_order(seen.events)
    before = sum(isinstance(each, ev.Extension) for each in standing)
    if before >= seen.rules.most_extensions:
        raise ExtendedAlready(value=seen.row.id, count=before)
    now = seen.state.instalments[-1].due_on
    if seen.on >= now:
        raise ExtensionAfterMaturity(value=seen.row.id, last=now)
    last = latest_extension(seen.terms.start_on, build_schedule(seen.terms)[-1].due_on)
    days = event.due_dates
    in_order = all(one < two for one, two in pairwise(days))
    if not days or not in_order or days[0] <= seen.on or not now < days[-1] <= last:
        raise ExtensionDates(first=seen.on, last=last)


def _restructure(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Restructuring)
    _active(seen)
    days = event.due_dates
    in_order = all(one < two for one, two in pairwise(days))
    if not days or not in_order or days[0] <= seen.on:
        raise ExtensionDates(first=seen.on, last=days[-1] if days else seen.on)
    if event.annual_rate is not None:
        _require_rate(event.annual_rate, seen)


def _write_off(_event: ev.Event, seen: Looked) -> None:
    _active(seen)
    found = LoanRisk.objects.filter(loan=seen.row).values_list("risk_class", flat=True).first()
    now, least = RiskClass(found or 1), RiskClass(seen.rules.write_off_class)
    if now < least:
        (state, state_zh), (en, zh) = CLASS_TITLES[now], CLASS_TITLES[least]
        raise NotForWriteOff(
            value=seen.row.id, state=state.lower(), state_zh=state_zh, least=en.lower(), least_zh=zh
        )


def _reverse(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Reversal)
    standing = {each.key for each in ev.in_order(seen.events)}
    if event.reverses not in standing:
        raise NotReversible(value=event.reverses)


def _payment(event: ev.Event, seen: Looked) -> None:
    assert isinstance(event, ev.Payment)
    _require_amount(event.amount)
    owed = seen.state.payoff
    if event.amount > owed:
        raise RepayTooMuch(amount=money_text(event.amount), owed=money_text(owed))


def _recover(event: ev.Event, seen: Looked) -> None:
    if seen.row.status != "written_off":
        raise LoanNotWrittenOff(value=seen.row.id)
    _payment(event, seen)


def _stop(_event: ev.Event, seen: Looked) -> None:
    _active(seen)
    if not seen.state.accrues:
        raise AccrualUnchanged(value=seen.row.id, state="stopped", state_zh="停止计提")


def _resume(_event: ev.Event, seen: Looked) -> None:
    _active(seen)
    if seen.state.accrues:
        raise AccrualUnchanged(value=seen.row.id, state="running", state_zh="正常计提")


CHECKS: Mapping[Adjustment, Callable[[ev.Event, Looked], None]] = {
    Adjustment.CHARGE: _charge,
    Adjustment.WAIVE: _waive,
    Adjustment.CHANGE_RATE: _rate,
    Adjustment.RECORD_MISUSE: _misuse,
    Adjustment.END_MISUSE: _any_active,
    Adjustment.EXTEND: _extend,
    Adjustment.RESTRUCTURE: _restructure,
    Adjustment.WRITE_OFF: _write_off,
    Adjustment.REVERSE: _reverse,
    Adjustment.APPLY_MONEY: _payment,
    Adjustment.RECOVER: _recover,
    Adjustment.STOP_ACCRUAL: _stop,
    Adjustment.RESUME_ACCRUAL: _resume,
}
"""The check of each kind."""
