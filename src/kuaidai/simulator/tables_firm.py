"""The world's firms, their accounts and their loans as dataset tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kuaidai.simulator.arrays import Days
from kuaidai.simulator.columns import dates, money, named, numbered, table, tokens
from kuaidai.simulator.industries import INDUSTRIES, PROVINCES
from kuaidai.simulator.public_record import EVENT_KINDS
from kuaidai.simulator.settlement import PURPOSES
from kuaidai.simulator.world import World

Named = Iterator[tuple[str, pa.Table]]


def firm_tables(world: World) -> Named:
    """Registry extract, owners, accounts, transactions, balances, payroll and loans."""
    yield "enterprises", _enterprises(world)
    yield "owners", _owners(world)
    yield "accounts", _accounts(world)
    yield "transactions", _transactions(world)
    yield "daily_balances", _daily_balances(world)
    yield "payroll_runs", _payroll_runs(world)
    yield "loans", _loans(world)
    yield "loan_months", _loan_months(world)


def snapshot_days(world: World) -> Days:
    """When the registry's extract was taken: before the history, each mid-year, and at its end."""
    line = world.line
    years = range(line.first.year, line.ends_on.year + 1)
    mid = [np.datetime64(f"{year}-06-30", "D") for year in years]
    ends = np.datetime64(line.ends_on, "D")
    first = line.month_first[0] - 1
    return np.array([first, *(day for day in mid if first < day < ends), ends])


def _enterprises(world: World) -> pa.Table:
    firms, days = world.firms, snapshot_days(world)
    firm = np.repeat(np.arange(firms.count), len(days))
    as_of = np.maximum(np.tile(days, firms.count), firms.established[firm])
    keep = np.ones(len(firm), dtype=np.bool_)
    keep[1:] = (firm[1:] != firm[:-1]) | (as_of[1:] != as_of[:-1])
    firm, as_of = firm[keep], as_of[keep]
    month = np.clip(
        np.searchsorted(world.line.month_first, as_of, side="right") - 1, 0, world.line.months - 1
    )
    staff = np.maximum(np.rint(firms.turnover * firms.trait("payroll") / 72_000)[firm], 1) * np.exp(
        0.1 * world.health.firm_months()[firm, month] + world.lives.size[firm, month]
    )
    h = world.health.firm_months()[firm, month]
    lives = world.lives
    gone = as_of >= lives.registered_until[firm]
    status = np.where(gone, np.where(lives.orderly[firm], 2, 3), h < -3.3)
    staff = np.where(month >= lives.ends[firm], 0.0, staff)
    return table(
        "enterprises",
        {
            "uscc": named(firms.uscc, firm),
            "name": named(firms.name, firm),
            "kind": named(("company", "sole_trader"), firms.sole_trader[firm].astype(np.int64)),
            "industry_code": named([entry.code for entry in INDUSTRIES], firms.industry[firm]),
            "province_code": named([code for code, _, _ in PROVINCES], firms.province[firm]),
            "established_on": dates(firms.established[firm]),
            "registered_capital": money(firms.registered_capital[firm]),
            "paid_in_capital": money(firms.paid_in_capital[firm]),
            "employees": np.rint(staff).astype(np.int64),
            "status": named(("open", "suspended", "cancelled", "revoked"), status),
            "as_of": dates(as_of),
        },
    )


def _owners(world: World) -> pa.Table:
    firms, people = world.firms, world.people
    second = np.flatnonzero(firms.second_holder >= 0)
    firm = np.concatenate([np.arange(firms.count), second])
    person = np.concatenate([firms.owner, firms.second_holder[second]])
    share = np.concatenate([firms.owner_share, np.round(1 - firms.owner_share[second], 2)])
    role = np.concatenate([np.zeros(firms.count), np.ones(len(second))]).astype(np.int64)
    order = np.lexsort((role, firm))
    firm, person, share, role = firm[order], person[order], share[order], role[order]
    return table(
        "owners",
        {
            "uscc": named(firms.uscc, firm),
            "person_id": named(people.person_id, person),
            "name": named(people.name, person),
            "resident_id": named(people.resident_id, person),
            "phone": named(people.phone, person),
            "birth_date": dates(people.born[person]),
            "role": named(("legal_representative", "shareholder"), role),
            "share": share,
            "married": people.married[person],
            "since": dates(firms.established[firm]),
        },
    )


def _accounts(world: World) -> pa.Table:
    firms = world.firms
    return table(
        "accounts",
        {
            "account_no": firms.account_no,
            "uscc": firms.uscc,
            "opened_on": dates(firms.opened),
            "kind": named(("general", "basic"), firms.basic_account.astype(np.int64)),
            "currency": ["CNY"] * firms.count,
            "held_at": ["here"] * firms.count,
        },
    )


def _transactions(world: World) -> pa.Table:
    firms, settlement = world.firms, world.settlement
    payments = settlement.payments
    known = payments.counterparty >= 0
    party = firms.number[payments.firm] * 100 + payments.counterparty
    return table(
        "transactions",
        {
            "transaction_id": numbered("T", world.numbers(payments.count), 12),
            "account_no": named(firms.account_no, payments.firm),
            "uscc": named(firms.uscc, payments.firm),
            "booked_on": dates(world.line.month_first[0] + payments.day),
            "direction": named(("credit", "debit"), payments.cents < 0),
            "amount": money(np.abs(payments.cents)),
            "counterparty": tokens("C", np.where(known, party, -1), 9),
            "purpose": named(PURPOSES, payments.purpose),
            "sequence": settlement.sequence,
            "balance_after": money(settlement.after),
        },
    )


def _daily_balances(world: World) -> pa.Table:
    firms, settlement = world.firms, world.settlement
    firm, day = np.nonzero(settlement.open)
    return table(
        "daily_balances",
        {
            "account_no": named(firms.account_no, firm),
            "uscc": named(firms.uscc, firm),
            "balance_on": dates(world.line.month_first[0] + day),
            "balance": money(settlement.balance[firm, day]),
        },
    )


def _payroll_runs(world: World) -> pa.Table:
    trade, settlement = world.trade, world.settlement
    firm, month = np.nonzero(trade.payroll)
    return table(
        "payroll_runs",
        {
            "uscc": named(world.firms.uscc, firm),
            "paid_on": dates(world.line.month_first[0] + settlement.payroll_day[firm, month]),
            "heads": trade.heads[firm, month],
            "amount": money(trade.payroll[firm, month]),
        },
    )


def _loans(world: World) -> pa.Table:
    loans = world.loans
    order = np.lexsort((loans.granted, loans.firm))
    return table(
        "loans",
        {
            "loan_no": tokens("L", world.numbers(len(order))[order], 12),
            "uscc": named(world.firms.uscc, loans.firm[order]),
            "granted_on": dates(loans.granted[order]),
            "matures_on": dates(loans.matures[order]),
            "principal": money(loans.principal[order]),
            "annual_rate": loans.annual_rate[order],
        },
    )


def _loan_months(world: World) -> pa.Table:
    loans = world.loans
    order = np.lexsort((loans.granted, loans.firm))
    place, month = np.nonzero(loans.row[order])
    loan = order[place]
    return table(
        "loan_months",
        {
            "loan_no": tokens("L", world.numbers(len(order))[loan], 12),
            "uscc": named(world.firms.uscc, loans.firm[loan]),
            "month_end": dates(world.line.month_last[month]),
            "outstanding": money(loans.outstanding[loan, month]),
            "days_past_due": loans.days_past_due[loan, month],
            "monthly_due": money(loans.due[loan, month]),
        },
    )


def event_table(world: World) -> pa.Table:
    """Registry changes and listings."""
    events = world.events
    order = np.lexsort((events.kind, events.on, events.subject))
    return table(
        "registry_events",
        {
            "uscc": named(world.firms.uscc, events.subject[order]),
            "event_id": numbered("E", world.numbers(len(order)), 12),
            "event_on": dates(events.on[order]),
            "kind": named(EVENT_KINDS, events.kind[order]),
        },
    )
