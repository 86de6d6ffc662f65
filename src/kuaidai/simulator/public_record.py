"""What registry, tax office and courts say about firms and owners, and the firms' bureau reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import Days, Flags, Ints, cents, rolling_sum
from kuaidai.simulator.health import Health, autoregressive, missed_payments
from kuaidai.simulator.lives import Lives
from kuaidai.simulator.past_loans import Loans
from kuaidai.simulator.population import Firms, People
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, Timeline
from kuaidai.simulator.trade import Tax

EVENT_KINDS = (
    "legal_representative_change", "controller_change", "address_change", "scope_change",
    "capital_change", "abnormal_listed", "abnormal_lifted", "serious_violation_listed",
    "penalty", "equity_pledge",
)  # fmt: skip
CASE_KINDS = ("judgment", "enforcement", "dishonest", "spending_limit", "freeze", "bankruptcy")
CLASSES = ("pass", "special_mention", "substandard", "doubtful", "loss")
GRADES = ("A", "B", "M", "C", "D")

_EVENT_ODDS: tuple[tuple[str, float, float], ...] = (
    ("legal_representative_change", -6.2, 0.6),
    ("controller_change", -6.6, 0.6),
    ("address_change", -5.6, 0.2),
    ("scope_change", -5.3, 0.0),
    ("capital_change", -6.2, -0.2),
    ("abnormal_listed", -7.0, 1.1),
    ("serious_violation_listed", -9.6, 1.3),
    ("penalty", -6.0, 0.7),
    ("equity_pledge", -6.8, 0.7),
)
"""Kind, log of the monthly rate at ordinary health, and how much it grows as health falls by one."""


@dataclass(frozen=True)
class Happenings:
    """Dated facts: `subject` indexes firms (or owners where `of_owner`); kinds index a name table."""

    subject: Ints
    of_owner: Flags
    kind: Ints
    on: Days
    amount: Ints
    closed: Days


@dataclass(frozen=True)
class FirmBureau:
    """Enterprise credit reports over (firm, emitted month); money in cents, classes as indexes."""

    lenders: Ints
    outstanding: Ints
    mortgage: Ints
    open_class: Ints
    settled_class: Ints
    overdue: Ints
    overdue_months: Ints
    guarantees: Ints
    queries: Ints
    written_off: Flags


def class_of(missed: Ints) -> Ints:
    """The five-category class of a debt with `missed` consecutive payments missed."""
    return np.searchsorted([1, 4, 9, 12], missed, side="right")


def build_events(
    firms: Firms, health: Health, lives: Lives, line: Timeline, streams: Streams
) -> Happenings:
    """Registry changes and listings; four of five abnormal listings are lifted within the year."""
    rng = streams.stream("registry")
    h = health.firm_months()
    subjects, kinds, dates = [], [], []
    for kind, log_rate, slope in _EVENT_ODDS:
        happens = rng.random(h.shape) < np.exp(np.minimum(log_rate - slope * h, -0.7))
        happens &= line.month_first[None, :-1] > firms.established[:, None]
        happens &= ~lives.over(line.months)
        firm, month = np.nonzero(happens)
        on = line.month_first[month] + rng.integers(0, 28, len(month))
        subjects.append(firm)
        kinds.append(np.full(len(firm), EVENT_KINDS.index(kind)))
        dates.append(on)
        if kind == "abnormal_listed":
            lifted = rng.random(len(firm)) < 0.8
            subjects.append(firm[lifted])
            kinds.append(np.full(int(lifted.sum()), EVENT_KINDS.index("abnormal_lifted")))
            dates.append((on + rng.integers(30, 360, len(on)))[lifted])
    subject = np.concatenate(subjects)
    return Happenings(
        subject=subject,
        of_owner=np.zeros(len(subject), dtype=np.bool_),
        kind=np.concatenate(kinds),
        on=np.concatenate(dates),
        amount=np.zeros(len(subject), dtype=np.int64),
        closed=np.full(len(subject), np.datetime64("NaT", "D")),
    )


def build_cases(
    firms: Firms, people: People, health: Health, loans: Loans, line: Timeline, streams: Streams
) -> Happenings:
    """Court cases of firms and owners; an unpaid enforcement may put the debtor on the lists."""
    rng = streams.stream("courts")
    defaulted = np.maximum(loans.firm_missed - 3, 0) > 0
    parts = [
        _cases(health.firm_months(), 0.7 * defaulted, firms.turnover, line, rng, of_owner=False),
        _cases(
            health.person_months(),
            np.zeros((people.owners, line.months)),
            np.full(people.owners, 400_000.0),
            line,
            rng,
            of_owner=True,
        ),
    ]
    return Happenings(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("subject", "of_owner", "kind", "on", "amount", "closed")
        )
    )


def _cases(
    h: np.ndarray, trouble: np.ndarray, size: np.ndarray, line: Timeline,
    rng: np.random.Generator, *, of_owner: bool,
) -> Happenings:  # fmt: skip
    rate = np.exp(np.minimum(-6.1 - 0.75 * h + 2.0 * trouble, -1.5))
    subject, month = np.nonzero(rng.random(h.shape) < rate)
    weak = -h[subject, month]
    kind = np.where(rng.random(len(subject)) < 0.62 - 0.08 * weak, 0, 1)
    kind = np.where(rng.random(len(subject)) < 0.06, 4, kind)
    kind = np.where((kind == 1) & (weak > 2.5) & (rng.random(len(kind)) < 0.1), 5, kind)
    on = line.month_first[month] + rng.integers(0, 28, len(month))
    amount = cents(np.round(size[subject] * np.exp(rng.normal(-3.6, 0.8, len(kind))), 2) + 1000)
    takes = np.rint(rng.exponential(170.0, len(kind)) * np.exp(0.35 * weak)).astype(np.int64) + 20
    listed = (kind == 1) & (rng.random(len(kind)) < 0.28 + 0.12 * weak)
    limited = listed | ((kind == 1) & (rng.random(len(kind)) < 0.3))
    wait = rng.integers(25, 90, len(kind))
    closed = on + takes
    joins = [slice(None), listed & (takes > wait), limited & (takes > wait)]
    kinds = [kind, np.full(len(kind), 2), np.full(len(kind), 3)]
    starts = [on, on + wait, on + wait]
    return Happenings(
        subject=np.concatenate([subject[which] for which in joins]),
        of_owner=np.full(sum(len(subject[which]) for which in joins), of_owner),
        kind=np.concatenate([k[which] for k, which in zip(kinds, joins, strict=True)]),
        on=np.concatenate([s[which] for s, which in zip(starts, joins, strict=True)]),
        amount=np.concatenate([amount[which] for which in joins]),
        closed=np.concatenate([closed[which] for which in joins]),
    )


def build_grades(
    firms: Firms, people: People, health: Health, tax: Tax, years: Ints, line: Timeline,
    streams: Streams,
) -> Ints:  # fmt: skip
    """Tax credit grades (indexes into GRADES) by firm and judged year; -1 before the firm existed."""
    rng = streams.stream("tax grades")
    first_month = int(line.month_first[0].astype("datetime64[M]").astype(np.int64))
    late = (tax.filed > tax.due) & tax.exists
    grades = np.full((firms.count, len(years)), -1)
    for index, year in enumerate(years):
        start = (int(year) - 1970) * 12 - first_month
        window = np.arange(max(start, -BURN_IN_MONTHS), min(start + 12, line.months))
        h = health.firm[:, window + BURN_IN_MONTHS].mean(axis=1)
        seen = window[window >= 0]
        lates = late[:, seen].sum(axis=1)
        owes = (tax.arrears[:, seen] > 0).sum(axis=1)
        score = 0.7 * h + 0.5 * people.quality[firms.owner] + rng.normal(0.0, 0.6, firms.count)
        score = score - 0.12 * lates - 0.15 * owes
        grade = np.select([score > 0.75, score > -1.1, score > -2.3], [0, 1, 3], 4)
        born = firms.established.astype("datetime64[Y]").astype(np.int64) + 1970
        young = (int(year) - born < 2) & (grade <= 1)
        grades[:, index] = np.where(born > year, -1, np.where(young, 2, grade))
    return grades


def build_firm_bureau(
    firms: Firms, health: Health, loans: Loans, line: Timeline, streams: Streams
) -> FirmBureau:
    """Credit elsewhere: weak firms borrow from more banks, ask more often, and fall behind."""
    rng = streams.stream("firm bureau")
    shape = (firms.count, line.months)
    h = health.firm_months()
    missed_all = missed_payments(rng, health.strain, start=-5.2, slope=1.5, stay=-0.9)
    base = rng.poisson(0.35 + 0.2 * np.log(firms.turnover / 5e5))[:, None]
    hunger = autoregressive(rng, *shape, spread=0.4, persistence=0.9) - 0.85 * h
    lenders = np.clip(base + np.rint(np.maximum(hunger - 0.45, 0.0)), 0, 9).astype(np.int64)
    each = firms.turnover[:, None] * rng.uniform(0.04, 0.11, (firms.count, 1))
    outstanding = cents(np.round(lenders * each * np.exp(0.12 * hunger), -2))
    secured = np.where(rng.random(firms.count) < 0.3, rng.uniform(0.3, 0.8, firms.count), 0.0)
    has_debt = (lenders > 0)[:, :]
    missed_all[:, BURN_IN_MONTHS:] *= has_debt
    missed = missed_all[:, BURN_IN_MONTHS:]
    behind = (missed_all > 0).astype(np.int64)
    worst = class_of(missed)
    settled = np.maximum.accumulate(np.where(missed == 0, np.roll(worst, 1, axis=1), 0), axis=1)
    settled[:, 0] = 0
    old_sin = rng.random(firms.count) < 0.03
    settled = np.where(old_sin[:, None], np.maximum(settled, 1), settled)
    asked = rng.poisson(np.exp(np.clip(-1.5 + 0.9 * hunger, -4.0, 1.3)))
    guarantees = np.where(rng.random(firms.count) < 0.15, rng.uniform(0.05, 0.4, firms.count), 0.0)
    return FirmBureau(
        lenders=lenders,
        outstanding=outstanding,
        mortgage=(outstanding * secured[:, None]).astype(np.int64),
        open_class=worst,
        settled_class=settled,
        overdue=(outstanding * np.minimum(missed * 0.05, 1.0)).astype(np.int64),
        overdue_months=rolling_sum(behind, 24)[:, BURN_IN_MONTHS:],
        guarantees=cents(np.round(firms.turnover * guarantees, -3))[:, None].repeat(line.months, 1),
        queries=rolling_sum(asked, 6),
        written_off=np.maximum.accumulate(missed > 12, axis=1)
        | (rng.random(shape[0]) < 0.006)[:, None],
    )
