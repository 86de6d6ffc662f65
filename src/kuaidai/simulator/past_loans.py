"""The bank's past loans to these firms: who got one, what fell due, what was paid.

Equal principal, interest on the outstanding at a twelfth of the annual rate, due on the 20th; no
penalty interest. The past policy (`past_policy`) decided who got one, so outcomes are known only for
those it approved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import Days, Flags, Floats, Ints
from kuaidai.simulator.health import Health, missed_payments
from kuaidai.simulator.lives import Lives
from kuaidai.simulator.past_policy import CUT_OFF, impression
from kuaidai.simulator.population import Firms
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import (
    BURN_IN_MONTHS,
    LOOK_BACK_MONTHS,
    OUTLOOK_MONTHS,
    Timeline,
)
from kuaidai.simulator.trade import Tax, Trade

DUE_DAY = 20
MOST_LIVE_LOANS = 3
_TENORS, _TENOR_SHARES = (12, 18, 24), (0.7, 0.15, 0.15)
PAYING_START, PAYING_SLOPE, PAYING_STAY = -5.8, 2.7, 0.6
"""How payments follow strain: the settings of `chance_of_missing` for firms' loans here."""


@dataclass(frozen=True)
class Loans:
    """One entry a loan; the panels are over (loan, emitted month), money in cents.

    `row` says which months a loan has a panel row: from its grant to the month it is settled.
    Over (firm, month): `asked` and `approved` are the applications and the past policy's answers, in
    emitted months; `firm_missed` is the payment trouble that caused it all, and `firm_missed_ahead`
    that of the months after the history. These are truth.
    """

    firm: Ints
    grant_month: Ints
    granted: Days
    matures: Days
    tenor: Ints
    principal: Ints
    annual_rate: Floats
    row: Flags
    outstanding: Ints
    days_past_due: Ints
    due: Ints
    paid: Ints
    asked: Flags
    approved: Flags
    firm_missed: Ints
    firm_missed_ahead: Ints


@dataclass(frozen=True)
class _Granted:
    firm: Ints
    month: Ints
    tenor: Ints
    principal: Ints
    rate: Floats
    day: Ints
    asked: Flags
    approved: Flags


def build_loans(
    firms: Firms, health: Health, lives: Lives, trade: Trade, tax: Tax, line: Timeline,
    streams: Streams,
) -> Loans:  # fmt: skip
    """Grant loans month by month through the book, then let firms pay as their health allows."""
    over = lives.over(line.months + OUTLOOK_MONTHS)
    before = np.zeros((firms.count, BURN_IN_MONTHS), dtype=np.bool_)
    missed_all = missed_payments(
        streams.stream("payments"),
        np.concatenate([health.strain, health.strain_ahead], axis=1),
        start=PAYING_START,
        slope=PAYING_SLOPE,
        stay=PAYING_STAY,
        certain=np.concatenate([before, over], axis=1),
    )[:, BURN_IN_MONTHS:]
    missed, ahead = missed_all[:, : line.months], missed_all[:, line.months :]
    rng = streams.stream("loans")
    granted = _grant(firms, trade, impression(firms, trade, tax, line, rng), missed, line, rng)
    row, outstanding, past_due, due, paid = _panel(granted, missed, line)
    first = line.month_first.astype("datetime64[M]")
    matures = (first[granted.month] + granted.tenor).astype("datetime64[D]") + (DUE_DAY - 1)
    return Loans(
        firm=granted.firm,
        grant_month=granted.month,
        granted=line.month_first[0] + granted.day,
        matures=matures,
        tenor=granted.tenor,
        principal=granted.principal,
        annual_rate=granted.rate,
        row=row,
        outstanding=outstanding,
        days_past_due=past_due,
        due=due,
        paid=paid,
        asked=granted.asked,
        approved=granted.approved,
        firm_missed=missed,
        firm_missed_ahead=ahead,
    )


def _grant(
    firms: Firms, trade: Trade, view: Floats, missed: Ints, line: Timeline,
    rng: np.random.Generator,
) -> _Granted:  # fmt: skip
    count = firms.count
    borrows = rng.random(count) < 0.93
    appetite = rng.uniform(0.15, 0.45, count)
    ends = np.full((count, MOST_LIVE_LOANS), -1)
    parts: list[tuple[Ints, ...]] = []
    rates: list[Floats] = []
    asked, approved = (np.zeros(view.shape, dtype=np.bool_) for _ in range(2))
    for month in range(LOOK_BACK_MONTHS, line.months):
        asks = borrows & (rng.random(count) < appetite)
        tenor = rng.choice(_TENORS, count, p=_TENOR_SHARES)
        share = rng.uniform(0.02, 0.09, count)
        spread = rng.normal(0.0, 0.004, count)
        days = rng.choice(line.workdays[month], count)
        slot = np.argmin(ends, axis=1)
        free = ends[np.arange(count), slot] < month
        known = firms.opened < line.month_first[month - 6]
        asked[:, month] = asks & free & known & trade.active[:, month]
        clean = missed[:, month - 1] + missed[:, month] == 0
        approved[:, month] = asked[:, month] & clean & (view[:, month] > CUT_OFF)
        taken = np.flatnonzero(approved[:, month])
        ends[taken, slot[taken]] = month + tenor[taken]
        principal = (
            np.maximum(np.rint(firms.turnover * share / 1e4), 2).astype(np.int64) * 1_000_000
        )
        parts.append(
            (taken, np.full(len(taken), month), tenor[taken], principal[taken], days[taken])
        )
        offered: Floats = np.clip(0.052 - 0.004 * view[:, month] + spread, 0.0345, 0.09)
        rates.append(np.asarray(np.round(offered[taken], 4), dtype=np.float64))
    firm, months, tenors, principals, granted_days = (
        np.concatenate([part[index] for part in parts]) for index in range(5)
    )
    return _Granted(
        firm, months, tenors, principals, np.concatenate(rates), granted_days, asked, approved
    )


def _panel(granted: _Granted, missed: Ints, line: Timeline) -> tuple[Flags, Ints, Ints, Ints, Ints]:
    loans = len(granted.firm)
    shape = (loans, line.months)
    outstanding, past_due, due, paid = (np.zeros(shape, dtype=np.int64) for _ in range(4))
    row = np.zeros(shape, dtype=np.bool_)
    scheduled, left = granted.principal.copy(), granted.principal.copy()
    owed, owed_principal = np.zeros(loans, dtype=np.int64), np.zeros(loans, dtype=np.int64)
    oldest = np.full(loans, -1)
    slice_ = granted.principal // granted.tenor
    for month in range(line.months):
        number = month - granted.month
        falls_due = (number >= 1) & (number <= granted.tenor)
        part = np.where(falls_due, np.where(number == granted.tenor, scheduled, slice_), 0)
        interest = np.rint(scheduled * granted.rate / 12).astype(np.int64) * falls_due
        due[:, month] = part + interest
        scheduled = scheduled - part
        owed, owed_principal = owed + due[:, month], owed_principal + part
        misses = (missed[granted.firm, month] > 0) & (owed > 0)
        oldest = np.where(misses & (oldest < 0), month, np.where(misses, oldest, -1))
        paid[:, month] = np.where(misses, 0, owed)
        row[:, month] = (number >= 0) & (left > 0)
        left = left - np.where(misses, 0, owed_principal)
        owed, owed_principal = np.where(misses, owed, 0), np.where(misses, owed_principal, 0)
        outstanding[:, month] = np.where(number >= 0, left, 0)
        since = line.month_first[np.maximum(oldest, 0)] + (DUE_DAY - 1)
        days = (line.month_last[month] - since).astype(np.int64)
        past_due[:, month] = np.where(misses, days, 0)
    return row, outstanding, past_due, due, paid
