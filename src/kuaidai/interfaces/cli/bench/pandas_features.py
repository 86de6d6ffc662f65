"""The yardstick: settlement and account features in plain pandas, as an analyst would write them.

All firms on one day of observation, straight from the raw tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

_NOT_INCOME = ["loan_in", "transfer_own", "returned"]
_NOT_SPENDING = ["transfer_own", "loan_repayment"]
LOW_BALANCE = 1000


def _aged(rows: pd.DataFrame, dated: str, observed_on: date) -> pd.DataFrame:
    day = pd.to_datetime(rows[dated])
    rows = rows.assign(
        age=(observed_on.year - day.dt.year) * 12 + observed_on.month - day.dt.month, day=day
    )
    return rows[(rows["age"] >= 1) & (rows["age"] <= 24)]


def settlement(transactions: pd.DataFrame, observed_on: date) -> pd.DataFrame:
    """Flows by firm over 3, 6 and 12 months."""
    t = _aged(transactions, "booked_on", observed_on)
    t = t.assign(amount=t["amount"].astype(float))
    credit = t["direction"] == "credit"
    monthly = pd.DataFrame(
        {
            "inflow": t["amount"].where(credit & ~t["purpose"].isin(_NOT_INCOME), 0.0),
            "outflow": t["amount"].where(~credit & ~t["purpose"].isin(_NOT_SPENDING), 0.0),
            "cash": t["amount"].where(~credit & (t["purpose"] == "cash"), 0.0),
            "repaid": t["amount"].where(~credit & (t["purpose"] == "loan_repayment"), 0.0),
            "returned": t["purpose"] == "returned",
            "transactions": 1,
        }
    )
    m = monthly.groupby([t["uscc"], t["age"]]).sum().reset_index()
    year = m[m["age"] <= 12].groupby("uscc")
    half = m[m["age"] <= 6].groupby("uscc")
    quarter = m[m["age"] <= 3].groupby("uscc")
    before = m[(m["age"] > 12) & (m["age"] <= 15)].groupby("uscc")["inflow"].sum()
    out = pd.DataFrame({"credit_turnover_12m": year["inflow"].sum()})
    mean = out["credit_turnover_12m"] / 12
    out["credit_turnover_monthly_mean_12m"] = mean
    out["credit_turnover_monthly_mean_3m"] = quarter["inflow"].sum() / 3
    out["transactions_12m"] = year["transactions"].sum()
    squares = (m["inflow"] ** 2).where(m["age"] <= 12, 0.0).groupby(m["uscc"]).sum()
    out["inflow_cv_12m"] = ((squares / 12 - mean**2).clip(lower=0) ** 0.5) / mean
    out["inflow_trend_3m_12m"] = out["credit_turnover_monthly_mean_3m"] / mean
    out["inflow_yoy_3m"] = quarter["inflow"].sum() / before
    active = (m["inflow"] > 0) & (m["age"] <= 12)
    out["zero_inflow_months_12m"] = 12 - active.groupby(m["uscc"]).sum()
    out["outflow_to_inflow_6m"] = half["outflow"].sum() / half["inflow"].sum()
    out["cash_share_6m"] = half["cash"].sum() / half["outflow"].sum()
    out["returned_debits_6m"] = half["returned"].sum()
    out["loan_repayments_monthly_mean_6m"] = half["repaid"].sum() / 6
    return out.join(_payers(t[credit & (t["purpose"] == "sales") & (t["age"] <= 12)]))


def _payers(sales: pd.DataFrame) -> pd.DataFrame:
    paid = sales.groupby(["uscc", "counterparty"])["amount"].sum().reset_index()
    total = paid.groupby("uscc")["amount"].sum()
    ranked = paid.sort_values(["uscc", "amount"], ascending=[True, False])
    return pd.DataFrame(
        {
            "payers_12m": paid.groupby("uscc").size(),
            "top1_payer_share_12m": ranked.groupby("uscc").head(1).groupby("uscc")["amount"].sum() / total,
            "top5_payer_share_12m": ranked.groupby("uscc").head(5).groupby("uscc")["amount"].sum() / total,
        }
    )  # fmt: skip


def account_behaviour(balances: pd.DataFrame, observed_on: date) -> pd.DataFrame:
    """Balances by firm over 3, 6 and 12 months."""
    b = _aged(balances, "balance_on", observed_on)
    b = b.assign(balance=b["balance"].astype(float))
    day = b.groupby(["uscc", "age", "day"])["balance"].sum().reset_index()
    year, half, quarter = (day[day["age"] <= months].groupby("uscc") for months in (12, 6, 3))
    out = pd.DataFrame({"balance_average_3m": quarter["balance"].mean()})
    out["balance_average_6m"] = half["balance"].mean()
    out["balance_average_12m"] = year["balance"].mean()
    out["balance_minimum_6m"] = half["balance"].min()
    low = (day["balance"] < LOW_BALANCE) & (day["age"] <= 6)
    out["low_balance_days_6m"] = low.groupby(day["uscc"]).sum()
    overdrawn = day[(day["balance"] < 0) & (day["age"] <= 6)]
    out["overdraft_months_6m"] = overdrawn.groupby("uscc")["age"].nunique()
    out["balance_trend_3m_12m"] = out["balance_average_3m"] / out["balance_average_12m"]
    return out


def payroll(runs: pd.DataFrame, observed_on: date) -> pd.DataFrame:
    """Payroll by firm over 3, 6 and 12 months."""
    p = _aged(runs, "paid_on", observed_on)
    p = p.assign(amount=p["amount"].astype(float))
    year, half, quarter = (p[p["age"] <= months].groupby("uscc") for months in (12, 6, 3))
    out = pd.DataFrame({"payroll_monthly_mean_6m": half["amount"].sum() / 6})
    out["payroll_months_6m"] = half["age"].nunique()
    out["payroll_heads_3m"] = quarter["heads"].mean()
    out["payroll_trend_3m_12m"] = (quarter["amount"].sum() / 3) / (year["amount"].sum() / 12)
    return out


def compute(tables: Mapping[str, pd.DataFrame], observed_on: date) -> pd.DataFrame:
    """All of them, a row a firm."""
    return settlement(tables["transactions"], observed_on).join(
        [
            account_behaviour(tables["daily_balances"], observed_on),
            payroll(tables["payroll_runs"], observed_on),
        ]
    )
