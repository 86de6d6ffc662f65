"""The truth about every firm, whether or not it ever had a loan. Only tests and benchmarks may read it.

For each emitted month: health and strain; the payments missed in a row; the fraud it
runs, if any; whether the firm asked the bank for
a loan and whether the past policy approved; and the outcome of a loan granted in that month, to anybody:

- `pd_12m`: the probability that in the twelve months after it three payments in a row are missed (at the
  third month's end the loan is 60 or more days past due). It is exact given the firm's whole strain, that
  of the months to come included: only the luck of each payment is averaged out.
- `defaults_12m`: whether it so happened, or would have; the loan panel shows the same of approved firms.
- `defaults_on`: the day on which the loan became, or would have become, 60 days past due.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kuaidai.simulator.arrays import Floats, Ints
from kuaidai.simulator.columns import dates, named
from kuaidai.simulator.fraud import KINDS
from kuaidai.simulator.health import chance_of_missing
from kuaidai.simulator.past_loans import DUE_DAY, PAYING_SLOPE, PAYING_START, PAYING_STAY
from kuaidai.simulator.timeline import BURN_IN_MONTHS, OUTLOOK_MONTHS
from kuaidai.simulator.world import World

IN_A_ROW = 3
"""Missed payments that make a default: with the third the loan passes 60 days past due."""
_DEFAULT_DAYS = 60


def truth_table(world: World) -> pa.Table:
    """One row a firm and emitted month."""
    loans, line = world.loans, world.line
    shape = loans.firm_missed.shape
    firm, month = np.divmod(np.arange(shape[0] * shape[1]), line.months)
    after = _months_to_default(world).ravel()
    first_missed = (line.month_first[0].astype("datetime64[M]") + month + after).astype(
        "datetime64[D]"
    )
    defaults_on = first_missed + (DUE_DAY - 1 + _DEFAULT_DAYS)
    return pa.table(
        {
            "uscc": named(world.firms.uscc, firm),
            "month": dates(line.month_first[month]),
            "health": world.health.firm_months().ravel(),
            "strain": world.health.strain[:, BURN_IN_MONTHS:].ravel(),
            "missed": loans.firm_missed.ravel(),
            "ended": world.lives.over(line.months).ravel(),
            "asked": loans.asked.ravel(),
            "approved": loans.approved.ravel(),
            "fraud": named(KINDS, world.fraud.kind[firm]),
            "pd_12m": true_pd(world).ravel(),
            "defaults_12m": after > 0,
            "defaults_on": dates(np.where(after > 0, defaults_on, np.datetime64("NaT", "D"))),
        }
    )


def _months_to_default(world: World) -> Ints:
    """Months from each (firm, month) to the first of the missed payments that make the default; 0: none."""
    loans, months = world.loans, world.line.months
    misses = np.concatenate([loans.firm_missed, loans.firm_missed_ahead], axis=1) > 0
    first = np.zeros(loans.firm_missed.shape, dtype=np.int64)
    for start in range(OUTLOOK_MONTHS - IN_A_ROW + 1, 0, -1):
        run = np.logical_and.reduce(
            [misses[:, start + step : start + step + months] for step in range(IN_A_ROW)]
        )
        first = np.where(run, start, first)
    return first


def true_pd(world: World) -> Floats:
    """The probability of default by (firm, emitted month), month by month over the states a firm can be in:
    up to date, one or two missed since, or still behind with what it had missed before."""
    months = world.line.months
    strain = np.concatenate(
        [world.health.strain[:, BURN_IN_MONTHS:], world.health.strain_ahead], axis=1
    )
    over = world.lives.over(months + OUTLOOK_MONTHS)
    missing = [_chance(strain, np.full_like(strain, count), over) for count in range(IN_A_ROW)]
    behind = world.loans.firm_missed
    up_to_date: Floats = (behind == 0).astype(np.float64)
    carried = 1.0 - up_to_date
    one, two, bad = (np.zeros(behind.shape) for _ in range(3))
    for step in range(1, OUTLOOK_MONTHS + 1):
        when = slice(step, step + months)
        fresh, second, third = (chance[:, when] for chance in missing)
        bad = bad + two * third
        paid = up_to_date * (1 - fresh) + one * (1 - second) + two * (1 - third)
        if step <= IN_A_ROW:
            again = carried * _chance(strain[:, when], behind + step - 1, over[:, when])
            paid, carried = paid + carried - again, again
            if step == IN_A_ROW:
                bad, carried = bad + carried, np.zeros_like(carried)
        one, two, up_to_date = up_to_date * fresh, one * second, paid
    return np.minimum(bad, 1.0)  # sums of many parts may pass 1 by a rounding


def _chance(strain: Floats, behind: Ints, over: np.ndarray) -> Floats:
    chance = chance_of_missing(
        strain, behind, start=PAYING_START, slope=PAYING_SLOPE, stay=PAYING_STAY
    )
    return np.where(over, 1.0, chance)
