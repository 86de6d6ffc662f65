"""The truth is about every firm, agrees with what is seen, and is not in the drop."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

from kuaidai.simulator.truth import truth_table
from kuaidai.simulator.world import World


def _one(sql: duckdb.DuckDBPyConnection, query: str) -> tuple[float, ...]:
    row = sql.execute(query).fetchone()
    assert row is not None
    return tuple(float(value) for value in row)


def test_every_firm_has_a_truth_in_every_month(world: World) -> None:
    truth = truth_table(world)

    assert truth.num_rows == world.firms.count * world.line.months
    assert set(truth["uscc"].unique().to_pylist()) == set(world.firms.uscc)
    assert sum(column.null_count for column in truth.columns) == sum(
        truth[name].null_count for name in ("defaults_on", "fraud")
    )
    lenders = set(world.loans.firm)
    assert len(lenders) < world.firms.count


def test_the_drop_states_nothing_of_the_truth(world: World, drop: Path) -> None:
    hidden = set(truth_table(world).column_names) - {"uscc", "month"}
    for path in drop.glob("*.parquet"):
        assert not hidden & set(pq.read_schema(path).names), path.name
    assert not list(drop.rglob("*truth*"))


def test_loans_in_the_drop_turn_out_as_the_truth_says(sql: duckdb.DuckDBPyConnection) -> None:
    loans, differ = _one(
        sql,
        """
        with outcome as (
            select loan_no, max(days_past_due >= 60) as bad,
                   min(month_end) filter (days_past_due >= 60) as seen_on
            from loans join loan_months using (loan_no)
            where month_end <= last_day(granted_on + interval 12 month) group by 1)
        select count(*), count(*) filter (bad <> defaults_12m
            or bad and seen_on <> last_day(defaults_on))
        from loans l join outcome using (loan_no)
        join truth t on t.uscc = l.uscc and t.month = date_trunc('month', granted_on)
        where granted_on < date '2025-10-01'
        """,
    )
    assert loans > 500
    assert differ == 0


def test_only_approved_applications_became_loans(sql: duckdb.DuckDBPyConnection) -> None:
    asked, approved, loans = _one(
        sql,
        """select count(*) filter (asked), count(*) filter (asked and approved),
                  (select count(*) from loans) from truth""",
    )
    assert approved == loans
    assert 0.5 * asked < approved < 0.9 * asked
    strangers = sql.execute(
        """select * from loans l anti join truth t
           on t.uscc = l.uscc and t.month = date_trunc('month', granted_on) and approved"""
    ).fetchall()
    assert strangers == []


def test_the_past_policy_chose_the_better_but_not_all_of_them(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    kept, turned_down, chosen, good_lost = _one(
        sql,
        """select avg(defaults_12m::int) filter (approved),
                  avg(defaults_12m::int) filter (not approved),
                  avg(defaults_12m::int),
                  avg((not defaults_12m)::int) filter (not approved)
           from truth where asked""",
    )
    assert kept < chosen < turned_down
    assert turned_down > 1.5 * kept
    assert good_lost > 0.2


def test_the_true_probability_is_calibrated(world: World) -> None:
    truth = truth_table(world)
    chance = truth["pd_12m"].to_numpy()
    bad = truth["defaults_12m"].to_numpy(zero_copy_only=False)

    assert ((chance >= 0) & (chance <= 1)).all()
    for part in np.array_split(np.argsort(chance, kind="stable"), 5)[1:]:
        # months of one firm overlap, hence the width
        assert abs(chance[part].mean() - bad[part].mean()) < 0.02 + 0.15 * chance[part].mean()


def test_running_balances_end_each_day_at_the_days_balance(sql: duckdb.DuckDBPyConnection) -> None:
    wrong = sql.execute(
        """
        with steps as (
            select *, case direction when 'credit' then amount else -amount end as signed,
                   row_number() over day as place, count(*) over (partition by account_no, booked_on) as n,
                   lag(balance_after) over account as before
            from transactions window day as (partition by account_no, booked_on order by sequence),
                 account as (partition by account_no order by booked_on, sequence))
        select * from steps left join daily_balances b
          on b.account_no = steps.account_no and b.balance_on = booked_on
        where sequence <> place or balance_after <> before + signed
           or place = n and balance is distinct from balance_after limit 3
        """
    ).fetchall()
    assert wrong == []
    assert _one(sql, "select count(*) from accounts where held_at is distinct from 'here'") == (
        0.0,
    )


def test_the_dead_trade_no_more_and_pay_nothing_back(sql: duckdb.DuckDBPyConnection) -> None:
    late_trade, = _one(
        sql,
        """with gone as (select uscc, min(month) as since from truth where ended group by 1)
           select count(*) from transactions join gone using (uscc)
           where purpose in ('sales', 'purchase', 'payroll') and booked_on >= since""",
    )  # fmt: skip
    assert late_trade == 0
    paid_back, owing = _one(
        sql,
        """with gone as (select uscc, min(month) as since from truth where ended group by 1),
           owed as (select loan_no, uscc, month_end, outstanding,
                           lag(outstanding) over (partition by loan_no order by month_end) as before
                    from loan_months)
           select count(*) filter (outstanding < before), count(*) from owed join gone using (uscc)
           where month_end >= since + interval 1 month and outstanding > 0""",
    )
    assert owing > 0
    assert paid_back == 0
