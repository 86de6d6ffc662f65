"""The world's outside records as dataset tables: registry, tax, courts, bureaus, households."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from kuaidai.simulator.arrays import AnyArray, Flags, Ints
from kuaidai.simulator.columns import dates, money, named, numbered, table
from kuaidai.simulator.public_record import CASE_KINDS, CLASSES, GRADES
from kuaidai.simulator.tables_firm import event_table
from kuaidai.simulator.world import World


def record_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Registry events, tax, courts, both bureaus, and assets and credit of firms and owners."""
    yield "registry_events", event_table(world)
    yield "tax_filings", _tax_filings(world)
    yield "tax_ratings", _tax_ratings(world)
    yield "court_cases", _court_cases(world)
    yield "bureau_enterprise", _bureau_enterprise(world)
    yield "bureau_owner", _bureau_owner(world)
    yield "financial_assets", _financial_assets(world)
    yield "owner_assets", _owner_assets(world)
    yield "owner_credit", _owner_credit(world)


def _tax_filings(world: World) -> pa.Table:
    tax = world.tax
    firm, month = np.nonzero(tax.exists)
    cell = (firm, month)
    return table(
        "tax_filings",
        {
            "uscc": named(world.firms.uscc, firm),
            "period": dates(world.line.month_first[month]),
            "filed_on": dates(tax.filed[cell]),
            "due_on": dates(tax.due[cell]),
            "sales_declared": money(tax.sales_declared[cell]),
            "vat_declared": money(tax.vat[cell]),
            "cit_declared": money(tax.income_tax[cell]),
            "tax_paid": money(tax.paid[cell]),
            "tax_relieved": money(tax.relieved[cell]),
            "arrears": money(tax.arrears[cell]),
        },
    )


def _tax_ratings(world: World) -> pa.Table:
    firm, place = np.nonzero(world.grades >= 0)
    years = world.grade_years[place]
    published = (years + 1 - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 112
    return table(
        "tax_ratings",
        {
            "uscc": named(world.firms.uscc, firm),
            "year": years,
            "grade": named(GRADES, world.grades[firm, place]),
            "published_on": dates(published),
        },
    )


def _court_cases(world: World) -> pa.Table:
    cases, firms = world.cases, world.firms
    subject = cases.subject + np.where(cases.of_owner, firms.count, 0)
    order = np.lexsort((cases.kind, cases.on, subject))
    ends = np.datetime64(world.line.ends_on, "D")
    closed = np.where(cases.closed[order] <= ends, cases.closed[order], np.datetime64("NaT", "D"))
    return table(
        "court_cases",
        {
            "subject": named([*firms.uscc, *world.people.person_id], subject[order]),
            "case_no": numbered("模拟案", world.numbers(len(order)), 12),
            "kind": named(CASE_KINDS, cases.kind[order]),
            "filed_on": dates(cases.on[order]),
            "amount": money(cases.amount[order]),
            "closed_on": dates(closed),
        },
    )


def _known(world: World, months: Ints) -> pa.Array:
    return dates(world.line.month_last[months])


def _bureau_enterprise(world: World) -> pa.Table:
    bureau, line = world.firm_bureau, world.line
    exists = line.month_last[None, :] > world.firms.established[:, None]
    firm, month = np.nonzero(exists)
    cell = (firm, month)
    return table(
        "bureau_enterprise",
        {
            "uscc": named(world.firms.uscc, firm),
            "report_on": _known(world, month),
            "other_lenders": bureau.lenders[cell],
            "credit_outstanding": money(bureau.outstanding[cell]),
            "mortgage_outstanding": money(bureau.mortgage[cell]),
            "worst_open_class": named(CLASSES, bureau.open_class[cell]),
            "worst_settled_class": named(CLASSES, bureau.settled_class[cell]),
            "overdue_amount": money(bureau.overdue[cell]),
            "overdue_months_24m": bureau.overdue_months[cell],
            "guarantees_given": money(bureau.guarantees[cell]),
            "queries_6m": bureau.queries[cell],
            "written_off": bureau.written_off[cell],
        },
    )


def _grid(shape: tuple[int, ...]) -> tuple[Ints, Ints]:
    subject, month = np.nonzero(np.ones(shape, dtype=np.bool_))
    return subject, month


def _bureau_owner(world: World) -> pa.Table:
    bureau = world.owner_bureau
    person, month = _grid(bureau.max_dpd.shape)
    cell = (person, month)
    return table(
        "bureau_owner",
        {
            "person_id": named(world.people.person_id, person),
            "report_on": _known(world, month),
            "max_dpd_24m": bureau.max_dpd[cell],
            "overdue_months_24m": bureau.overdue_months[cell],
            "overdue_amount": money(bureau.overdue[cell]),
            "queries_6m": bureau.queries[cell],
            "open_lenders": bureau.lenders[cell],
            "nonbank_outstanding": money(bureau.nonbank[cell]),
            "business_outstanding": money(bureau.business[cell]),
            "card_limit": money(bureau.card_limit[cell]),
            "card_used": money(bureau.card_used[cell]),
            "worst_class": named(CLASSES, bureau.worst_class[cell]),
            "months_of_history": bureau.history[cell],
        },
    )


def _monthly_means(world: World) -> tuple[Ints, Flags]:
    """Each firm's mean balance by month (cents), and in which months it had one."""
    settlement, line = world.settlement, world.line
    starts = line.day_of_month_first[:-1]
    held = np.where(settlement.open, settlement.balance, 0)
    total = np.add.reduceat(held, starts, axis=1)
    days = np.add.reduceat(settlement.open.astype(np.int64), starts, axis=1)
    return np.maximum(total, 0) // np.maximum(days, 1), days > 0


def _financial_assets(world: World) -> pa.Table:
    firms, homes = world.firms, world.households
    means, held = _monthly_means(world)
    taste = np.argsort(np.argsort(firms.customers * 7919 % 1009)) / firms.count
    share = np.where(taste < 0.35, 0.6 * taste + 0.1, 0.0)
    wealth = (means * share[:, None]).astype(np.int64) * (world.health.firm_months() > -0.5)
    firm, month = np.nonzero(held)
    person, person_month = _grid(homes.deposits.shape)
    subject = np.concatenate([firm, person + firms.count])
    months = np.concatenate([month, person_month])
    return table(
        "financial_assets",
        {
            "subject": named([*firms.uscc, *world.people.person_id], subject),
            "month": dates(world.line.month_first[months]),
            "known_on": _known(world, months),
            "deposits_average": money(
                np.concatenate([means[firm, month], homes.deposits[person, person_month]])
            ),
            "wealth_average": money(
                np.concatenate([wealth[firm, month], homes.wealth[person, person_month]])
            ),
        },
    )


def _household(world: World, dataset: str, columns: dict[str, AnyArray], count: str) -> pa.Table:
    person, month = _grid(world.households.deposits.shape)
    values = {
        name: grid[person, month] if name == count else money(grid[person, month])
        for name, grid in columns.items()
    }
    return table(
        dataset,
        {
            "person_id": named(world.people.person_id, person),
            "month": dates(world.line.month_first[month]),
            "known_on": _known(world, month),
            **values,
        },
    )


def _owner_assets(world: World) -> pa.Table:
    homes = world.households
    columns = {
        "property_value": homes.property_value,
        "mortgage_balance": homes.mortgage,
        "mortgage_months_paid": homes.mortgage_months,
    }
    return _household(world, "owner_assets", columns, "mortgage_months_paid")


def _owner_credit(world: World) -> pa.Table:
    homes = world.households
    columns = {
        "card_limit": homes.card_limit,
        "card_balance": homes.card_balance,
        "consumer_balance": homes.consumer,
        "max_dpd": homes.dpd_here,
    }
    return _household(world, "owner_credit", columns, "max_dpd")
