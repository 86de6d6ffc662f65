"""Health drives what is seen: a fitted model finds signal, but not perfection."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

OUTCOME_MONTHS = 12
OUT_OF_TIME_MONTHS = 6

_SAMPLE = """
with obs as (
    select loan_no, l.uscc, person_id, date_trunc('month', granted_on)::date as obs, granted_on
    from loans l join owners o on o.uscc = l.uscc and role = 'legal_representative'
    where granted_on + interval 12 month <= date '2026-10-31'),
outcome as (
    select o.loan_no, max(days_past_due >= 60)::int as bad
    from obs o join loan_months m on m.loan_no = o.loan_no
     and m.month_end <= o.granted_on + interval 12 month group by 1),
month as (
    select uscc, date_trunc('month', booked_on)::date as month,
           sum(amount) filter (purpose = 'sales') as sales,
           sum(amount) filter (purpose = 'cash') as cash,
           sum(amount) filter (purpose = 'transfer_own' and direction = 'credit') as put_in,
           count(*) filter (purpose = 'returned') as returned
    from transactions group by 1, 2),
account as (
    select loan_no, sum(sales) as sales, stddev(sales) / avg(sales) as cv,
           sum(cash) / sum(sales) as cash_share, sum(put_in) / sum(sales) as put_in,
           sum(returned) as returned, sum(sales) filter (month >= obs - interval 3 month)
             / nullif(sum(sales) filter (month < obs - interval 9 month), 0) as trend
    from obs join month on month.uscc = obs.uscc
     and month >= obs - interval 12 month and month < obs group by 1),
balance as (
    select loan_no, avg(balance) as balance, min(balance) as lowest
    from obs join daily_balances b on b.uscc = obs.uscc
     and balance_on >= obs - interval 6 month and balance_on < obs group by 1),
tax as (
    select loan_no, sum(tax_paid) as tax, max(arrears) as arrears, sum((filed_on > due_on)::int) as late
    from obs join tax_filings t on t.uscc = obs.uscc
     and period >= obs - interval 13 month and filed_on < obs group by 1)
select o.obs, bad, sales, cv, cash_share, coalesce(put_in, 0) as put_in, returned, trend,
       balance / nullif(sales, 0) as balance_ratio, lowest / nullif(sales, 0) as lowest_ratio,
       tax, arrears, late, f.queries_6m as firm_queries, f.other_lenders,
       f.credit_outstanding / nullif(sales, 0) as debt, f.overdue_months_24m as firm_overdue,
       p.queries_6m as owner_queries, p.max_dpd_24m as owner_dpd,
       p.card_used / nullif(p.card_limit, 0) as card_use, p.nonbank_outstanding as nonbank
from obs o join outcome using (loan_no) left join account using (loan_no)
left join balance using (loan_no) left join tax using (loan_no)
asof join bureau_enterprise f on f.uscc = o.uscc and f.report_on < o.obs
asof join bureau_owner p on p.person_id = o.person_id and p.report_on < o.obs
order by o.obs, o.loan_no
"""


@pytest.fixture(scope="module")
def sample(sql: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = sql.execute(_SAMPLE).df()
    figures = frame.columns.difference(["obs"])
    frame[figures] = frame[figures].astype(float)
    return frame


def test_enough_loans_have_a_known_outcome(sample: pd.DataFrame) -> None:
    assert len(sample) >= 700
    assert 0.08 <= sample["bad"].mean() <= 0.15


def test_a_logistic_model_finds_signal_but_not_perfection(sample: pd.DataFrame) -> None:
    figures = sample.drop(columns=["obs", "bad"])
    figures = figures.fillna(figures.median())
    late = sample["obs"] >= np.sort(sample["obs"].unique())[-OUT_OF_TIME_MONTHS]
    model = make_pipeline(
        QuantileTransformer(n_quantiles=50, output_distribution="normal"),
        LogisticRegression(C=0.02, max_iter=2000),
    )

    model.fit(figures[~late], sample["bad"][~late])
    chances = model.predict_proba(figures[late])[:, 1]

    assert 0.70 <= roc_auc_score(sample["bad"][late], chances) <= 0.90


def _by_health(sql: duckdb.DuckDBPyConnection, figure: str) -> tuple[float, float]:
    """A figure's mean over the firm-months of the weakest and the strongest tenth by health."""
    rows = sql.execute(
        f"""
        with ranked as (select uscc, month, ntile(10) over (order by health) as tenth from truth),
        figure as ({figure})
        select tenth, avg(value) from ranked join figure using (uscc, month)
        where tenth in (1, 10) group by 1 order by 1
        """
    ).fetchall()
    return float(rows[0][1]), float(rows[1][1])


@pytest.mark.parametrize(
    "figure",
    [
        """select uscc, date_trunc('month', booked_on)::date as month,
                  count(*) filter (purpose = 'returned') as value from transactions group by 1, 2""",
        "select uscc, period as month, (arrears > 0)::int as value from tax_filings",
        """select uscc, date_trunc('month', report_on)::date as month, overdue_months_24m as value
           from bureau_enterprise""",
        """select uscc, date_trunc('month', report_on)::date as month, queries_6m as value
           from bureau_enterprise""",
        """select uscc, date_trunc('month', month_end)::date as month,
                  (days_past_due >= 60)::int as value from loan_months""",
        """select o.uscc, month, card_balance / nullif(card_limit, 0) as value
           from owner_credit join owners o using (person_id) where role = 'legal_representative'""",
    ],
    ids=[
        "returned debits",
        "tax arrears",
        "overdue elsewhere",
        "queries",
        "overdue here",
        "card use",
    ],
)
def test_the_weak_are_in_more_trouble(sql: duckdb.DuckDBPyConnection, figure: str) -> None:
    weakest, strongest = _by_health(sql, figure)
    assert weakest > 1.5 * strongest


@pytest.mark.parametrize(
    "figure",
    [
        """select uscc, month, deposits_average / 1e5 as value from financial_assets
           join owners on uscc = subject where role = 'legal_representative'""",
        """select o.uscc, month, deposits_average + wealth_average as value from financial_assets
           join owners o on person_id = subject where role = 'legal_representative'""",
        """select uscc, date_trunc('month', booked_on)::date as month, sum(amount) as value
           from transactions where purpose = 'sales' group by 1, 2""",
    ],
    ids=["balances", "owner's assets", "sales"],
)
def test_the_strong_have_more(sql: duckdb.DuckDBPyConnection, figure: str) -> None:
    weakest, strongest = _by_health(sql, figure)
    assert strongest > 1.5 * weakest
