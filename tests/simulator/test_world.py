"""The world: deterministic, true to the dataset contracts, consistent across datasets."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from kuaidai.data.lake.contract import ColumnType
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.kernel.identifiers import birth_date, parse_phone, parse_resident_id, parse_uscc
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.population import LARGEST_TURNOVER, SMALLEST_TURNOVER
from kuaidai.simulator.world import World, build_world

ENDS_ON = date(2026, 10, 31)
EMITTED = sorted(DATASETS)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("first", 11), ("again", 11), ("other", 12)):
        world = build_world(firms=40, months=6, seed=seed, ends_on=date(2026, 6, 30))
        write_drop(world, tmp_path / name)

    first = _hashes(tmp_path / "first")
    assert first == _hashes(tmp_path / "again")
    assert first["transactions.parquet"] != _hashes(tmp_path / "other")["transactions.parquet"]
    assert _hashes(tmp_path / "first-truth") == _hashes(tmp_path / "again-truth")


@pytest.mark.parametrize("name", EMITTED)
def test_every_dataset_keeps_its_contract(drop: Path, name: str) -> None:
    contract = DATASETS[name]
    table = pq.read_table(drop / f"{name}.parquet")

    assert table.schema.equals(arrow_schema(contract))
    assert table.num_rows > 0
    assert pc.max(table[contract.event_date]).as_py() <= ENDS_ON
    keys = table.select(contract.key)
    assert keys.group_by(list(contract.key)).aggregate([]).num_rows == table.num_rows
    for column in contract.columns:
        values = table[column.name]
        assert not column.required or values.null_count == 0, column.name
        if column.allowed:
            assert set(pc.unique(values).to_pylist()) - {None} <= set(column.allowed)
        if column.least is not None and column.type is not ColumnType.TEXT:
            assert float(pc.min(values).as_py()) >= column.least, column.name
        if column.most is not None:
            assert float(pc.max(values).as_py()) <= column.most, column.name


def test_nothing_is_written_but_datasets_cast_and_truth_apart(drop: Path) -> None:
    assert sorted(path.name for path in drop.iterdir()) == sorted(
        ["cast.json", "drop.json", *(f"{name}.parquet" for name in EMITTED)]
    )


def test_identifiers_are_valid_and_nobodys(drop: Path) -> None:
    owners = pq.read_table(drop / "owners.parquet").to_pylist()
    firms = pq.read_table(drop / "enterprises.parquet", columns=["uscc", "name"]).to_pylist()

    for row in owners:
        assert parse_resident_id(row["resident_id"])[14:17] == "000"
        assert birth_date(row["resident_id"]) == row["birth_date"]
        assert parse_phone(row["phone"]).startswith("1990")
        assert row["name"].startswith("测试")
    for row in firms:
        assert parse_uscc(row["uscc"])[8:10] == "KD"
        assert row["name"].startswith("模拟")
    people = {row["person_id"]: (row["resident_id"], row["phone"]) for row in owners}
    assert len(set(people.values())) == len(people)


def test_firms_are_micro_and_small(world: World) -> None:
    turnover = world.firms.turnover
    assert turnover.min() >= SMALLEST_TURNOVER
    assert turnover.max() <= LARGEST_TURNOVER
    assert 1e6 < np.median(turnover) < 5e6


def test_a_history_that_ends_inside_a_month_knows_nothing_later() -> None:
    from kuaidai.simulator.files import dataset_tables

    world = build_world(firms=20, months=3, seed=1, ends_on=date(2026, 10, 14))
    tables = dict(dataset_tables(world))

    latest = pc.max(tables["daily_balances"]["balance_on"]).as_py()
    assert latest == date(2026, 10, 14)
    for name, table in tables.items():
        if table.num_rows:
            assert pc.max(table[DATASETS[name].event_date]).as_py() <= date(2026, 10, 14), name


@pytest.mark.parametrize(("firms", "months"), [(0, 24), (1_000_001, 24), (10, 0)])
def test_sizes_the_simulator_cannot_build_are_refused(firms: int, months: int) -> None:
    with pytest.raises(ValueError, match=r"not (0|1000001)"):
        build_world(firms=firms, months=months, seed=1, ends_on=ENDS_ON)


def _none(sql: duckdb.DuckDBPyConnection, query: str) -> None:
    assert sql.execute(query).fetchall() == []


def test_balances_move_by_the_days_transactions_to_the_cent(sql: duckdb.DuckDBPyConnection) -> None:
    _none(
        sql,
        """
        with moved as (
            select account_no, booked_on,
                   sum(case direction when 'credit' then amount else -amount end) as net
            from transactions group by 1, 2),
        steps as (
            select b.account_no, b.balance_on,
                   balance - lag(balance) over (partition by b.account_no order by balance_on) as step,
                   coalesce(net, 0) as net
            from daily_balances b left join moved m
              on m.account_no = b.account_no and m.booked_on = b.balance_on)
        select * from steps where step is not null and step <> net limit 3
        """,
    )
    _none(sql, "select * from daily_balances where balance < 0 limit 3")


def test_an_account_is_overdrawn_only_by_a_debit_that_was_given_back(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    _none(
        sql,
        """select * from transactions t where balance_after < 0 and not exists (
             select 1 from transactions r where r.account_no = t.account_no
               and r.booked_on = t.booked_on and r.purpose = 'returned') limit 3""",
    )


def test_every_day_has_a_balance_and_every_transaction_a_day(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    _none(
        sql,
        """select account_no from daily_balances group by 1
           having count(*) <> date_diff('day', min(balance_on), max(balance_on)) + 1 limit 3""",
    )
    _none(
        sql,
        """select * from transactions t anti join daily_balances b
           on b.account_no = t.account_no and b.balance_on = t.booked_on limit 3""",
    )
    _none(
        sql,
        "select * from transactions t join accounts a using (account_no) where booked_on < opened_on",
    )


def test_payroll_runs_are_the_accounts_payroll_payments(sql: duckdb.DuckDBPyConnection) -> None:
    _none(
        sql,
        """
        (select uscc, paid_on, amount from payroll_runs
         except select uscc, booked_on, amount from transactions where purpose = 'payroll')
        union all
        (select uscc, booked_on, amount from transactions where purpose = 'payroll'
         except select uscc, paid_on, amount from payroll_runs)
        """,
    )


def test_tax_paid_leaves_the_account_and_never_exceeds_what_was_due(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    _none(
        sql,
        """
        select uscc, sum(f) from (
            select uscc, tax_paid as f from tax_filings
            union all select uscc, -amount from transactions where purpose = 'tax')
        group by 1 having sum(f) <> 0
        """,
    )
    _none(
        sql,
        """
        select * from (
            select *, sum(vat_declared + cit_declared - tax_relieved - tax_paid)
                      over (partition by uscc order by period) as owed from tax_filings)
        where owed <> arrears or owed < 0 limit 3
        """,
    )
    _none(sql, "select * from tax_filings where filed_on <= period or filed_on > period + 62")


def test_loans_are_paid_out_and_back_through_the_account(sql: duckdb.DuckDBPyConnection) -> None:
    _none(
        sql,
        """
        select * from loans l anti join transactions t
        on t.uscc = l.uscc and t.booked_on = granted_on and amount = principal and purpose = 'loan_in'
        """,
    )
    _none(
        sql,
        """
        with repaid as (
            select uscc, sum(amount) as paid from transactions
            where purpose = 'loan_repayment' group by 1),
        owed as (
            select uscc, sum(principal) - coalesce(any_value(l.out), 0) as principal_repaid from loans
            left join (select uscc, sum(outstanding) as out from loan_months
                       where month_end = date '2026-10-31' group by 1) l using (uscc)
            group by 1)
        select * from owed left join repaid using (uscc)
        where coalesce(paid, 0) < principal_repaid or coalesce(paid, 0) > principal_repaid * 1.2
        """,
    )


def test_the_delinquency_panel_runs_without_gaps_from_grant_to_settlement(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    _none(
        sql,
        """
        select loan_no from loan_months join loans using (loan_no)
        group by loan_no having count(*) <> date_diff('month', min(month_end), max(month_end)) + 1
            or min(month_end) <> last_day(any_value(granted_on))
            or (max(month_end) < date '2026-10-31' and min(outstanding) <> 0)
        """,
    )
    _none(
        sql,
        """
        with steps as (
            select *, lag(outstanding) over w as before, lag(days_past_due) over w as late_before
            from loan_months window w as (partition by loan_no order by month_end))
        select * from steps where outstanding > before
           or (days_past_due > 0 and days_past_due > late_before + 31) limit 3
        """,
    )


def test_firm_deposits_are_the_mean_of_its_balances(sql: duckdb.DuckDBPyConnection) -> None:
    _none(
        sql,
        """
        with means as (
            select uscc as subject, date_trunc('month', balance_on)::date as month,
                   avg(balance) as mean from daily_balances group by 1, 2)
        select * from financial_assets join means using (subject, month)
        where abs(deposits_average - mean) > 0.01 limit 3
        """,
    )


def test_the_bureau_knows_at_least_what_the_bank_knows_of_the_owner(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    _none(
        sql,
        """
        select * from owner_credit c join bureau_owner b
          on b.person_id = c.person_id and b.report_on = c.known_on
        where b.card_limit < c.card_limit or b.card_used < c.card_balance
           or b.max_dpd_24m < c.max_dpd limit 3
        """,
    )


def test_lifted_listings_follow_listings_and_lists_follow_enforcement(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    _none(
        sql,
        """
        select * from registry_events l where kind = 'abnormal_lifted' and not exists (
            select 1 from registry_events p where p.uscc = l.uscc
              and p.kind = 'abnormal_listed' and p.event_on < l.event_on)
        """,
    )
    _none(
        sql,
        """
        select * from court_cases d where kind = 'dishonest' and not exists (
            select 1 from court_cases e where e.subject = d.subject
              and e.kind = 'enforcement' and e.filed_on < d.filed_on)
        """,
    )


def test_the_cast_is_what_its_facts_say(drop: Path) -> None:
    cast = json.loads((drop / "cast.json").read_text("utf-8"))

    approved, declined, referred = cast["approved"], cast["declined"], cast["referred"]
    assert approved["facts"]["age_months"] >= 24
    assert approved["facts"]["grade"] in {"A", "B", "M"}
    assert approved["facts"]["tax_12m"] >= 5_000
    assert approved["facts"]["other_lenders"] <= 2
    assert approved["facts"]["credit_elsewhere"] <= 5_000_000
    assert 18 <= approved["facts"]["owner_age"] <= 65
    assert approved["facts"]["clean_classes"] is True
    assert declined["facts"]["dishonest"] > 0 or declined["facts"]["grade"] == "D"
    assert referred["facts"]["owner_dpd"] > 30 or referred["facts"]["other_lenders"] == 3
    players = [
        approved,
        declined,
        referred,
        *(p for group in cast["spares"].values() for p in group),
    ]
    assert len(cast["spares"]["approved"]) >= 3
    assert len({player["uscc"] for player in players}) == len(players)
    assert len({player["phone"] for player in players}) == len(players)
