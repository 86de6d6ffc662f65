"""A few firms that cheat: they look better than they are, for a loan they will not pay back well.

Three patterns, each visible in the data a lender has: money sent in circles with two counterparties so that
turnover looks larger; tax filings with more sales than were made; and credit taken in many places at
once before the bureau can tell. A scheme runs for some months up to the loan aimed at; from then on the firm's
strain is far worse than anything about its business shows. Who cheats is truth, never emitted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kuaidai.simulator.arrays import Flags, Ints, cents, rolling_sum
from kuaidai.simulator.health import Health
from kuaidai.simulator.households import OwnerBureau
from kuaidai.simulator.population import Firms
from kuaidai.simulator.public_record import FirmBureau
from kuaidai.simulator.settlement import CUSTOMER_SLOTS, PURPOSES, Payments
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, LOOK_BACK_MONTHS, Timeline
from kuaidai.simulator.trade import EXEMPT_MONTHLY_SALES, SMALL_SCALE_TURNOVER, Tax, Trade

KINDS = ("round_trip", "fabricated_tax", "loan_stacking")
SHARE = 0.02
"""Share of firms that cheat."""
BEFORE, AROUND = 6, 3
"""Months that a scheme runs before the month of the loan aimed at, and from it on."""
STRAIN = 1.6
"""How much worse than its business the firm's strain is once the loan is had, in units of health."""
PARTNERS = (CUSTOMER_SLOTS - 2, CUSTOMER_SLOTS - 1)
"""Counterparty slots of the two partners: above those of ordinary customers."""


@dataclass(frozen=True)
class Fraud:
    """By firm: `kind` indexes KINDS (-1: honest), `aims` is the emitted month of the loan aimed at."""

    kind: Ints
    aims: Ints

    @property
    def cheats(self) -> Flags:
        """Which firms run a scheme."""
        return np.asarray(self.kind >= 0)

    def running(self, kind: str, months: int, *, since: int = BEFORE) -> Flags:
        """Over (firm, emitted month): a scheme of this kind runs, from `since` months before its aim."""
        month = np.arange(months)[None, :] - self.aims[:, None]
        ours = self.kind == KINDS.index(kind)
        return np.asarray(ours[:, None] & (month >= -since) & (month < AROUND))

    def after(self, months: int) -> Flags:
        """Over (firm, emitted month): any scheme's aim has been reached."""
        return np.asarray(self.cheats[:, None] & (np.arange(months)[None, :] > self.aims[:, None]))


def build_fraud(firms: Firms, line: Timeline, streams: Streams) -> Fraud:
    """Draw who cheats, how, and for a loan in which month; their accounts are a year old by then."""
    rng = streams.stream("fraud")
    latest = max(line.months - BEFORE, LOOK_BACK_MONTHS + 1)
    aims = rng.integers(LOOK_BACK_MONTHS, latest, firms.count)
    kind = rng.integers(0, len(KINDS), firms.count)
    settled = firms.opened < line.month_first[aims] - np.timedelta64(365, "D")
    cheats = (rng.random(firms.count) < SHARE) & settled
    return Fraud(np.where(cheats, kind, -1), np.where(cheats, aims, -1))


def hidden_strain(health: Health, fraud: Fraud, line: Timeline) -> Health:
    """Health unchanged, strain of cheats lowered from the month after the loan aimed at."""
    strain = health.strain.copy()
    strain[:, BURN_IN_MONTHS:] -= STRAIN * fraud.after(line.months)
    ahead = health.strain_ahead - STRAIN * fraud.cheats[:, None]
    return replace(health, strain=strain, strain_ahead=ahead)


def fabricated_filings(tax: Tax, fraud: Fraud, firms: Firms, streams: Streams) -> Tax:
    """Sales declared that were never made; the value-added tax on them is paid, as the price of the scheme."""
    rng = streams.stream("fabricated filings")
    shape = tax.sales_declared.shape
    raises = fraud.running("fabricated_tax", shape[1]) & tax.exists
    factor = rng.uniform(1.6, 2.4, (shape[0], 1)) * np.exp(rng.normal(0.0, 0.05, shape))
    declared = np.where(raises, np.rint(tax.sales_declared * factor), tax.sales_declared)
    added = np.where(raises, np.rint(tax.vat * (factor - 1)), 0).astype(np.int64)
    small = (firms.turnover < SMALL_SCALE_TURNOVER)[:, None]
    relieved = np.where(small & (declared <= EXEMPT_MONTHLY_SALES * 100), added, 0)
    return replace(
        tax,
        sales_declared=declared.astype(np.int64),
        vat=tax.vat + added,
        relieved=tax.relieved + relieved,
        paid=tax.paid + added - relieved,
    )


def stacked_firm(bureau: FirmBureau, fraud: Fraud, firms: Firms, streams: Streams) -> FirmBureau:
    """The firm's reports with a burst of queries, then new lenders and their debt."""
    rng = streams.stream("stacking firms")
    count, months = bureau.lenders.shape
    asks = rng.poisson(3.0, (count, months)) * fraud.running("loan_stacking", months, since=4)
    takes = _has_taken(fraud, months)
    lenders = rng.integers(2, 5, (count, 1)) * takes
    debt = firms.turnover[:, None] * rng.uniform(0.04, 0.1, (count, 1)) * lenders
    return replace(
        bureau,
        queries=bureau.queries + rolling_sum(asks, 6),
        lenders=bureau.lenders + lenders,
        outstanding=bureau.outstanding + cents(np.round(debt, -2)),
    )


def stacked_owner(bureau: OwnerBureau, fraud: Fraud, firms: Firms, streams: Streams) -> OwnerBureau:
    """The owner's reports with a burst of queries, then lenders that are not banks."""
    rng = streams.stream("stacking owners")
    count, months = bureau.lenders.shape
    asks = rng.poisson(2.0, (count, months))
    lenders = rng.integers(2, 5, (count, 1))
    share = rng.uniform(0.02, 0.06, firms.count)
    asking, taking = (np.zeros((count, months), dtype=np.bool_) for _ in range(2))
    np.logical_or.at(asking, firms.owner, fraud.running("loan_stacking", months, since=4))
    np.logical_or.at(taking, firms.owner, _has_taken(fraud, months))
    debt = np.zeros((count, months))
    np.add.at(debt, firms.owner, (firms.turnover * share)[:, None] * _has_taken(fraud, months))
    return replace(
        bureau,
        queries=bureau.queries + rolling_sum(asks * asking, 6),
        lenders=bureau.lenders + lenders * taking,
        nonbank=bureau.nonbank + cents(np.round(debt, -2)),
    )


def _has_taken(fraud: Fraud, months: int) -> Flags:
    """Over (firm, month): a stacker has its first loans elsewhere, from two months before its aim."""
    ours = fraud.kind == KINDS.index("loan_stacking")
    return np.asarray(ours[:, None] & (np.arange(months)[None, :] >= fraud.aims[:, None] - 2))


def round_trips(
    fraud: Fraud, firms: Firms, trade: Trade, line: Timeline, streams: Streams
) -> Payments:
    """Payments received as sales from one partner and sent on to the other within four days.

    Money comes in before it leaves, and all of it leaves in the same month.
    """
    rng = streams.stream("round trips")
    firm, month = np.nonzero(fraud.running("round_trip", line.months) & trade.active)
    times = rng.integers(3, 7, len(firm))
    firm, month = np.repeat(firm, times), np.repeat(month, times)
    arrives = line.day_of_month_first[month] + rng.integers(0, 22, len(firm))
    leaves = arrives + rng.integers(1, 5, len(firm))
    share = rng.uniform(0.08, 0.2, len(firm))
    amount = cents(np.round(firms.turnover[firm] / 12 * share, -2))
    turn = rng.integers(0, 2, len(firm))
    partner = np.array(PARTNERS)
    return Payments(
        firm=np.concatenate([firm, firm]).astype(np.int32),
        day=np.concatenate([arrives, leaves]).astype(np.int32),
        cents=np.concatenate([amount, -amount]),
        purpose=np.repeat([PURPOSES.index("sales"), PURPOSES.index("purchase")], len(firm)).astype(
            np.int8
        ),
        counterparty=np.concatenate([partner[turn], partner[1 - turn]]).astype(np.int16),
    )
