"""Settlement accounts: every transaction and every day's balance, exact to the cent.

A month's volumes are split into single payments. The owner then keeps the account inside a band
that health widens or narrows: money in when it would run dry, money out when it overflows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import AnyArray, Flags, Floats, Ints, cents, logistic
from kuaidai.simulator.health import Health
from kuaidai.simulator.lives import Lives
from kuaidai.simulator.past_loans import DUE_DAY, Loans
from kuaidai.simulator.population import Firms
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import Timeline
from kuaidai.simulator.trade import Tax, Trade

PURPOSES = (
    "sales", "purchase", "payroll", "tax", "rent", "utilities", "cash", "loan_in",
    "loan_repayment", "transfer_own", "returned", "other",
)  # fmt: skip
CUSTOMER_SLOTS, SUPPLIER_SLOTS = 64, 32
_PURPOSE = {name: index for index, name in enumerate(PURPOSES)}


@dataclass(frozen=True)
class Payments:
    """Transactions as columns: `firm`, `day` (offset), `cents` (credits positive), `purpose`
    (index), `counterparty` (a slot number of the firm, -1 none). Narrow integers save time."""

    firm: AnyArray
    day: AnyArray
    cents: Ints
    purpose: AnyArray
    counterparty: AnyArray

    @property
    def count(self) -> int:
        """All transactions."""
        return len(self.firm)


@dataclass(frozen=True)
class Settlement:
    """Payments in the order they were booked, firm by firm; `sequence` is the place within the firm's
    day, from 1, and `after` the balance after each, in cents. End-of-day balances in cents over
    (firm, day), valid where `open`.
    """

    payments: Payments
    sequence: Ints
    after: Ints
    balance: Ints
    open: Flags
    payroll_day: Ints


def _join(parts: list[Payments]) -> Payments:
    names = ("firm", "day", "cents", "purpose", "counterparty")
    return Payments(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def build_settlement(
    firms: Firms, lives: Lives, trade: Trade, tax: Tax, loans: Loans, health: Health,
    further: Payments, line: Timeline, streams: Streams,
) -> Settlement:  # fmt: skip
    """All payments of all firms, `further` ones from elsewhere included, and the balances they leave."""
    rng = streams.stream("settlement")
    h = health.firm_months()
    pay_days = _month_days(rng.integers(8, 16, (firms.count, 1)), trade.active, line)
    parts = [
        _sales(firms, trade, h, line, rng),
        _purchases(firms, trade, line, rng),
        _monthly(-trade.payroll, pay_days, "payroll"),
        _monthly(-cents(trade.rent), _month_days(np.full((1, 1), 4), trade.active, line), "rent"),
        _monthly(-cents(trade.utilities), _random_days(trade.active, line, rng), "utilities"),
        _monthly(-cents(np.round(trade.cash_drawn, -2)), _random_days(trade.active, line, rng), "cash"),
        _monthly(-cents(rng.uniform(20, 300, h.shape) * trade.active),
                 _random_days(trade.active, line, rng), "other"),
        *_tax_payments(tax, line),
        *_loan_payments(loans, line),
        *_returned(trade, h, line, rng),
        further,
    ]  # fmt: skip
    ordinary = _join(parts)
    net = _net(ordinary, firms.count, line)
    owners, balance, is_open = _owner_band(firms, lives, trade, net, h, line, rng)
    payments, sequence = _booked(_join([ordinary, owners]), line)
    opening = balance[:, 0] - net[:, 0]
    after = np.cumsum(payments.cents)
    starts = np.searchsorted(payments.firm, np.arange(firms.count))
    before = np.concatenate([[0], after])[starts]
    after += (opening - before)[payments.firm]
    paid_on = np.where(trade.payroll > 0, pay_days, -1)
    return Settlement(payments, sequence, after, balance, is_open, paid_on)


def _net(payments: Payments, firms: int, line: Timeline) -> Ints:
    """What each day adds to each firm's balance, in cents; exact, as days stay far below 2**53."""
    inside = payments.day < line.days
    cell = payments.firm[inside].astype(np.int64) * line.days + payments.day[inside]
    net = np.bincount(cell, payments.cents[inside], minlength=firms * line.days)
    return np.rint(net).astype(np.int64).reshape(firms, line.days)


def _booked(payments: Payments, line: Timeline) -> tuple[Payments, Ints]:
    """The payments inside the history in booking order, and each one's place within its firm's day.

    Within a day the owner's money comes first, then receipts, a debit tried and given back, and what
    is paid out. One sort of numbers that hold firm, day, this rank and the row is several times
    faster than a sort by columns, and never has ties.
    """
    rows = len(payments.firm).bit_length()
    cell = payments.firm.astype(np.int64) * line.days + payments.day
    rank = np.where(payments.cents > 0, 1, 4)
    rank += (
        payments.purpose == _PURPOSE["other"]
    ) * -2  # an ordinary fee goes with the tried debit
    rank += (payments.purpose == _PURPOSE["returned"]) * 2
    rank -= (payments.purpose == _PURPOSE["transfer_own"]) & (payments.cents > 0)
    key = (cell * 8 + rank << rows) + np.arange(len(cell))
    key = np.sort(key[payments.day < line.days])
    order = key & ((1 << rows) - 1)
    cell = key >> (rows + 3)
    new_day = np.concatenate([[True], cell[1:] != cell[:-1]])
    starts = np.flatnonzero(new_day)
    sequence = np.arange(1, len(cell) + 1) - np.repeat(
        starts, np.diff(np.append(starts, len(cell)))
    )
    return Payments(*(column[order] for column in _columns(payments))), sequence


def _columns(payments: Payments) -> tuple[Ints, ...]:
    return (
        payments.firm,
        payments.day,
        payments.cents,
        payments.purpose,
        payments.counterparty,
    )


def _month_days(day_index: AnyArray, active: Flags, line: Timeline) -> Ints:
    return np.broadcast_to(line.day_of_month_first[None, :-1] + day_index, active.shape)


def _random_days(active: Flags, line: Timeline, rng: np.random.Generator) -> Ints:
    return _month_days(rng.integers(0, 28, active.shape), active, line)


def _monthly(signed: Ints, days: Ints, purpose: str) -> Payments:
    firm, month = np.nonzero(signed)
    return _payments(firm, days[firm, month], signed[firm, month], purpose)


def _payments(
    firm: Ints, day: Ints, signed: Ints, purpose: str, counterparty: Ints | None = None
) -> Payments:
    slots = np.full(len(firm), -1, np.int16) if counterparty is None else counterparty
    return Payments(
        firm.astype(np.int32),
        day.astype(np.int32),
        signed,
        np.full(len(firm), _PURPOSE[purpose], np.int8),
        slots.astype(np.int16),
    )


def _split(
    totals: Floats, counts: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Floats]:
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    weight = rng.gamma(1.1, 1.0, len(cell)) + 0.02
    whole = np.bincount(cell, weight, minlength=counts.size)
    amount = cents(totals.ravel()[cell] * weight / whole[cell])
    firm, month = cell // totals.shape[1], cell % totals.shape[1]
    keep = amount > 0
    return firm[keep], month[keep], amount[keep], rng.random(int(keep.sum()))


def _days_of(month: Ints, place: Floats, every_day: Flags, line: Timeline) -> Ints:
    longest = max(len(days) for days in line.workdays)
    table = np.array(
        [np.pad(days, (0, longest - len(days)), mode="edge") for days in line.workdays]
    )
    lengths = np.array([len(days) for days in line.workdays])
    work = table[month, (place * lengths[month]).astype(np.int64)]
    first, after = line.day_of_month_first[month], line.day_of_month_first[month + 1]
    return np.where(every_day, first + (place * (after - first)).astype(np.int64), work)


def _sales(
    firms: Firms, trade: Trade, h: Floats, line: Timeline, rng: np.random.Generator
) -> Payments:
    pace = firms.trait("sales_per_month") * (firms.turnover / 3e6) ** 0.35
    pace *= np.exp(rng.normal(-0.18, 0.6, firms.count))
    counts = np.maximum(rng.poisson(pace[:, None] * np.exp(0.1 * h)), 1) * (trade.sales > 0)
    firm, month, amount, place = _split(trade.sales, counts, rng)
    crowding = np.exp(0.35 * rng.normal(size=firms.count))[firm] * np.exp(-0.3 * h[firm, month])
    rank = firms.customers[firm] * rng.random(len(firm)) ** (1.2 + crowding)
    slot = np.minimum(rank.astype(np.int64), CUSTOMER_SLOTS - 1)
    day = _days_of(month, place, firms.trait("retail")[firm] > 0, line)
    return _payments(firm, day, amount, "sales", slot)


def _purchases(firms: Firms, trade: Trade, line: Timeline, rng: np.random.Generator) -> Payments:
    pace = 4.0 + 0.25 * firms.trait("sales_per_month") * (firms.turnover / 3e6) ** 0.3
    counts = np.maximum(rng.poisson(pace[:, None], trade.purchases.shape), 1) * (
        trade.purchases > 0
    )
    firm, month, amount, place = _split(trade.purchases, counts, rng)
    rank = firms.suppliers[firm] * rng.random(len(firm)) ** 1.8
    slot = CUSTOMER_SLOTS + np.minimum(rank.astype(np.int64), SUPPLIER_SLOTS - 1)
    day = _days_of(month, place, np.zeros(len(firm), dtype=np.bool_), line)
    return _payments(firm, day, -amount, "purchase", slot)


def _tax_payments(tax: Tax, line: Timeline) -> list[Payments]:
    firm, month = np.nonzero(tax.exists & (tax.paid > 0))
    day = (tax.filed[firm, month] - line.month_first[0]).astype(np.int64)
    return [_payments(firm, day, -tax.paid[firm, month], "tax")]


def _loan_payments(loans: Loans, line: Timeline) -> list[Payments]:
    granted = (loans.granted - line.month_first[0]).astype(np.int64)
    loan, month = np.nonzero(loans.paid)
    due = line.day_of_month_first[month] + (DUE_DAY - 1)
    return [
        _payments(loans.firm, granted, loans.principal, "loan_in"),
        _payments(loans.firm[loan], due, -loans.paid[loan, month], "loan_repayment"),
    ]


def _returned(trade: Trade, h: Floats, line: Timeline, rng: np.random.Generator) -> list[Payments]:
    """A debit tried and given back on the same day because the money was not there."""
    fails = trade.active & (rng.random(h.shape) < logistic(-3.4 - 1.4 * h))
    firm, month = np.nonzero(fails)
    day = line.day_of_month_first[month] + rng.integers(0, 28, len(month))
    amount = cents(rng.uniform(300, 6000, len(month)))
    return [_payments(firm, day, -amount, "other"), _payments(firm, day, amount, "returned")]


def _owner_band(
    firms: Firms, lives: Lives, trade: Trade, net: Ints, h: Floats, line: Timeline,
    rng: np.random.Generator,
) -> tuple[Payments, Ints, Flags]:  # fmt: skip
    """The owner's transfers, end-of-day balances, and the days the account was open. Adds to `net`."""
    count = firms.count
    taste = rng.normal(0.0, 0.4, count)
    target = 0.45 * np.exp(0.9 * h + taste[:, None]) * firms.turnover[:, None] / 12 * 100
    floor = np.maximum(target * 0.12 * np.exp(0.5 * np.minimum(h, 1.0)), 5_000)
    draw_share = rng.uniform(0.5, 1.0, h.shape)
    first_active = np.argmax(trade.active, axis=1)
    ever_active: Flags = np.asarray(trade.active.any(axis=1))
    closes = np.where(ever_active, lives.ends, -1)
    balance = np.zeros(count, dtype=np.int64)
    parts = []
    everyone = np.arange(count)
    for month in range(line.months):
        first, after = line.day_of_month_first[month], line.day_of_month_first[month + 1]
        held = trade.active[:, month] | (closes == month)
        opens = (first_active == month) & trade.active[:, month]
        balance = np.where(opens, (target[:, month] // 10_000).astype(np.int64) * 10_000, balance)
        run = np.cumsum(net[:, first:after], axis=1)
        least = np.where(closes == month, 0.0, floor[:, month])
        short = least - (balance + run.min(axis=1))
        put_in = np.ceil(np.maximum(short, 0) / 100_000).astype(np.int64) * 100_000 * held
        end = balance + run[:, -1] + put_in
        over = np.maximum(end - 1.3 * target[:, month], 0.0) * draw_share[:, month]
        take_out = (over // 100_000).astype(np.int64) * 100_000 * held
        take_out = np.where(closes == month, end, take_out)
        net[:, first] += put_in
        net[:, after - 1] -= take_out
        balance = end - take_out
        for signed, day in ((put_in, first), (-take_out, after - 1)):
            some = everyone[signed != 0]
            parts.append(_payments(some, np.full(len(some), day), signed[some], "transfer_own"))
    day = np.arange(line.days)[None, :]
    closed = line.day_of_month_first[np.clip(closes + 1, 0, line.months)]
    is_open: Flags = np.logical_and(
        day >= line.day_of_month_first[first_active][:, None],
        np.logical_and(day < closed[:, None], ever_active[:, None]),
    )
    opening = (target[everyone, first_active] // 10_000).astype(np.int64) * 10_000
    return _join(parts), opening[:, None] + np.cumsum(net, axis=1), is_open
