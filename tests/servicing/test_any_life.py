"""Random lives of loans of every kind: what must hold whatever happens, and in whatever order."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kuaidai.kernel.day_counts import DayCount
from kuaidai.kernel.money import Rounding, from_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.conventions import (
    Bucket,
    Conventions,
    Excess,
    HolidayRoll,
    LevelBy,
    MonthEnd,
    OverduePrincipal,
    PayoffInterest,
    Settles,
)
from kuaidai.lending.servicing.domain.frequency import Frequency
from kuaidai.lending.servicing.domain.happenings import HANDLERS
from kuaidai.lending.servicing.domain.life import (
    event_to_dict,
    read_event,
    read_terms,
    terms_to_dict,
)
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.reading import state_of_run
from kuaidai.lending.servicing.domain.replay import replay, run_to
from kuaidai.lending.servicing.domain.running import apply, begin
from kuaidai.lending.servicing.domain.snapshot import restore, snapshot
from kuaidai.lending.servicing.domain.terms import AgreedInstalment, LateCharge, LoanTerms

DAY = timedelta(days=1)
METHODS = [m for m in RepaymentMethod if m is not RepaymentMethod.FIXED_AMOUNT]
CENTS = st.integers(1, 4_000_000).map(from_cents)
RATES = st.integers(0, 360_000).map(lambda ppm: Decimal(ppm).scaleb(-6))
lives = settings(
    max_examples=70, derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)  # fmt: skip


@st.composite
def terms(draw) -> LoanTerms:
    """Terms of any method and convention; the loans are short, so that much happens to them."""
    conventions = Conventions(
        day_count=draw(st.sampled_from(DayCount)),
        rounding=draw(st.sampled_from(Rounding)),
        month_end=draw(st.sampled_from(MonthEnd)),
        holiday_roll=draw(st.sampled_from(HolidayRoll)),
        interest_rolls=draw(st.booleans()),
        due_order=tuple(draw(st.permutations(list(Bucket)))),
        settles=draw(st.sampled_from(Settles)),
        excess=draw(st.sampled_from(Excess)),
        due_date_counts=draw(st.booleans()),
        overdue_principal=draw(st.sampled_from(OverduePrincipal)),
        payoff_interest=draw(st.sampled_from(PayoffInterest)),
        level_by=draw(st.sampled_from(LevelBy)),
        rounds_segments=draw(st.booleans()),
    )
    method, count = draw(st.sampled_from(METHODS)), draw(st.integers(1, 6))
    start = draw(st.dates(date(2023, 1, 1), date(2025, 12, 31)))
    every = draw(st.sampled_from(["1m", "1m", "3m", "2w", "10d"]))
    settles_on = draw(st.sampled_from([None, 20, 21, 31])) if every.endswith("m") else None
    agreed = ()
    if method is RepaymentMethod.AGREED:
        agreed = tuple(
            AgreedInstalment(start + timedelta(days=40 * no), Decimal("1000.00"))
            for no in range(1, count + 1)
        )
    try:
        return LoanTerms(
            principal=draw(st.integers(1_000_000, 5_000_000).map(from_cents)),
            annual_rate=draw(RATES), method=method, start_on=start, instalments=count,
            conventions=conventions, every=Frequency.parse(every), settlement_day=settles_on,
            principal_grace=draw(st.integers(0, count - 1)),
            interest_grace=draw(st.integers(0, count - 1)) if method is not RepaymentMethod.FLAT else 0,
            grace_days=draw(st.sampled_from([0, 0, 3, 15])), agreed=agreed,
            late_charge=draw(st.sampled_from([None, LateCharge(Decimal("0.015"))])),
        )  # fmt: skip
    except ValueError:
        assume(False)
        raise


@st.composite
def happening(draw, loan: LoanTerms, number: int) -> ev.Event:
    """Any event but a reversal, on any day."""
    on, key = loan.start_on + timedelta(days=draw(st.integers(0, 260))), f"e{number}"
    later = tuple(on + timedelta(days=40 * no) for no in range(1, draw(st.integers(2, 6))))
    kinds = [
        lambda: ev.Payment(key, on, draw(CENTS), excess=draw(st.sampled_from([None, *Excess]))),
        lambda: ev.Payment(key, on, draw(CENTS), shorten=draw(st.booleans())),
        lambda: ev.Payoff(key, on),
        lambda: ev.Charge(
            key, on, draw(st.sampled_from([Bucket.FEE, Bucket.PENALTY])),
            draw(CENTS) / 100 // 1 + 1, on + timedelta(days=draw(st.integers(0, 60))),
        ),
        lambda: ev.Waiver(
            key, on, draw(st.sampled_from(Bucket)), draw(st.integers(1, 3000).map(from_cents))
        ),
        lambda: ev.RateChange(key, on, draw(RATES)),
        lambda: ev.Misuse(key, on, draw(CENTS)),
        lambda: ev.Extension(key, on, later, draw(st.booleans())),
        lambda: ev.Restructuring(
            key, on, later, draw(st.sampled_from([None, Decimal("0.03")])),
            draw(st.sampled_from([None, RepaymentMethod.EQUAL_INSTALMENT])),
        ),
        lambda: ev.NonAccrual(key, on),
        lambda: ev.AccrualResumed(key, on),
        lambda: ev.WriteOff(key, on),
    ]  # fmt: skip
    weighted = kinds[:2] * 3 + kinds
    return draw(st.sampled_from(weighted))()


@st.composite
def life(draw) -> tuple[LoanTerms, list[ev.Event], date]:
    """Terms, events that can be, some reversed, in any order of recording, and a day to look at."""
    loan = draw(terms())
    try:
        begin(loan)
    except ValueError:
        assume(False)
    told: list[ev.Event] = []
    end = loan.start_on + timedelta(days=400)
    for number in range(draw(st.integers(1, 7))):
        event = draw(happening(loan, number))
        if _can_be(loan, [*told, event], end):
            told.append(event)
    for number, event in enumerate(told[:]):
        undo = ev.Reversal(f"r{number}", event.on, event.key)
        if draw(st.integers(0, 5)) == 0 and _can_be(loan, [*told, undo], end):
            told.append(undo)
    return loan, told, loan.start_on + timedelta(days=draw(st.integers(0, 400)))


def _can_be(loan, told, end) -> bool:
    try:
        run_to(loan, told, end)
    except ValueError:
        return False
    return True


def through_json(run):
    return restore(run.terms, json.loads(json.dumps(snapshot(run))))


@lives
@given(life())
def test_a_stored_loan_runs_on_as_the_loan_does_day_by_day_or_at_once(found) -> None:
    loan, told, on = found
    run, stored = begin(loan), begin(loan)
    day, queue = loan.start_on, ev.in_order(told)
    while day <= on:
        run.advance(day)
        while queue and queue[0].on == day:
            event = queue.pop(0)
            apply(run, event, HANDLERS)
            stored = through_json(stored)
            apply(stored, event, HANDLERS)
        day += DAY
    stored = through_json(stored)
    stored.advance(on)

    at_once = run_to(loan, told, on)
    assert snapshot(at_once) == snapshot(run) == snapshot(stored)
    assert state_of_run(at_once, on) == state_of_run(run, on)


@lives
@given(life())
def test_the_books_of_any_loan_balance(found) -> None:
    loan, told, on = found
    run = run_to(loan, told, on)
    state, total = state_of_run(run, on), dict.fromkeys(Movement, Decimal(0))
    total.update(replay(loan, told, on).totals)
    assert all(amount >= 0 for amount in total.values()), total

    assert state.outstanding == (
        total[Movement.DRAWN] - total[Movement.PRINCIPAL_PAID]
        - total[Movement.PRINCIPAL_WAIVED] - total[Movement.PRINCIPAL_WRITTEN_OFF]
    )  # fmt: skip
    assert state.fees == (
        total[Movement.FEE_CHARGED] - total[Movement.FEE_PAID] - total[Movement.FEE_WAIVED]
        - total[Movement.FEE_WRITTEN_OFF]
    )  # fmt: skip
    owed = {
        "INTEREST": state.due_interest + state.accrued_interest,
        "PENALTY": state.penalty,
        "COMPOUND": state.compound,
    }
    for kind, amount in owed.items():
        booked = total[Movement[f"{kind}_ACCRUED"]] - sum(
            total[Movement[f"{kind}_{what}"]] for what in ("PAID", "WAIVED", "SUSPENDED", "WRITTEN_OFF")
        )  # fmt: skip
        memorandum = (
            total[Movement[f"{kind}_SUSPENDED"]] + total[Movement[f"OFF_{kind}_ACCRUED"]]
            - total[Movement[f"OFF_{kind}_PAID"]] - total[Movement[f"OFF_{kind}_WAIVED"]]
        )  # fmt: skip
        assert (booked, memorandum) == ((amount, 0) if run.off is None else (0, amount)), kind

    stand = {event.key: event for event in ev.in_order(told) if event.on <= on}
    for part in state.allocations:
        event = stand[part.key]
        assert isinstance(event, ev.Payoff) or part.amount == event.amount
        assert min(part.fee, part.compound, part.penalty, part.interest, part.principal) >= 0
    received = sum((part.amount for part in state.allocations), Decimal(0))
    assert received == sum(
        amount for kind, amount in total.items()
        if kind.value.endswith("_paid") or kind in (Movement.RECOVERED, Movement.UNMATCHED_RECEIVED)
    )  # fmt: skip


@lives
@given(life(), st.randoms())
def test_a_life_counts_by_day_and_not_by_recording_and_undone_events_never_were(
    found, chance
) -> None:
    loan, told, on = found
    undone = {event.reverses for event in told if isinstance(event, ev.Reversal)}
    stand = [e for e in told if e.key not in undone and not isinstance(e, ev.Reversal)]
    state = replay(loan, told, on)

    assert replay(loan, stand, on) == state
    by_day = {event.on: event for event in stand}
    assume(len(by_day) == len(stand))  # those of one day count as they were recorded
    recorded = stand[:]
    chance.shuffle(recorded)
    assert replay(loan, recorded, on) == state
    assert [read_event(event_to_dict(event)) for event in told] == told
    assert read_terms(json.loads(json.dumps(terms_to_dict(loan)))) == loan


@lives
@given(life())
def test_any_loan_that_stands_is_settled_by_its_payoff(found) -> None:
    loan, told, on = found
    events = [event for event in told if event.on <= on]
    try:
        state = replay(loan, events, on)
    except ValueError:  # a reversal left out changes what can be
        assume(False)
        raise
    after = replay(loan, [*events, ev.Payoff("last", on)], on)
    assert after.is_settled, after
    if state.payoff:
        assert after.allocations[-1].amount == state.payoff
    much_later = replay(loan, [*events, ev.Payoff("last", on)], on + timedelta(days=300))
    assert much_later.payoff == 0


@pytest.mark.parametrize("number", [0, 1])
def test_an_unknown_version_of_a_snapshot_is_refused(number) -> None:
    loan = LoanTerms(
        Decimal(1000), Decimal("0.04"), RepaymentMethod.REVOLVING, date(2026, 1, 20), 3
    )
    told = snapshot(begin(loan)) | {"v": number}
    if number == 1:
        assert snapshot(restore(loan, told)) == told
    else:
        with pytest.raises(ValueError, match="version"):
            restore(loan, told)
