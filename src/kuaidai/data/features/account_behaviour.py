"""Account behaviour: balances, payroll, loans at this bank."""

from __future__ import annotations

import ibis

from kuaidai.data.features.rollups import Rollup, grouped
from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import aged, known_before, number, ratio

LOW_BALANCE = 1000.0
"""A day's balance below this many yuan counts as low."""

_FAMILY = Family(
    "account_behaviour",
    ("daily_balances", "payroll_runs", "loans", "loan_months"),
    "No balance, payroll or loan at the bank in the window.",
    "窗口期内无余额、代发或贷款记录。",
)
_s = _FAMILY.spec
SPECS = (
    _s("balance_average_3m", "Average balance, 3 months", "近3个月日均余额", "3m", "CNY", SAFER),
    _s("balance_average_6m", "Average balance, 6 months", "近6个月日均余额", "6m", "CNY", SAFER),
    _s(
        "balance_average_12m", "Average balance, 12 months", "近12个月日均余额", "12m", "CNY", SAFER
    ),
    _s(
        "balance_trend_3m_12m",
        "Balance of 3 months against 12",
        "近3个月与12个月余额之比",
        "12m",
        "ratio",
        SAFER,
    ),
    _s("balance_minimum_6m", "Lowest balance, 6 months", "近6个月最低余额", "6m", "CNY", SAFER),
    _s(
        "low_balance_days_6m",
        "Days of low balance, 6 months",
        "近6个月低余额天数",
        "6m",
        "days",
        RISKIER,
    ),
    _s(
        "overdraft_months_6m",
        "Months with an overdraft, 6 months",
        "近6个月透支月数",
        "6m",
        "months",
        RISKIER,
    ),
    _s(
        "payroll_monthly_mean_6m",
        "Payroll a month, 6 months",
        "近6个月月均代发工资",
        "6m",
        "CNY",
        SAFER,
    ),
    _s(
        "payroll_months_6m",
        "Months with payroll, 6 months",
        "近6个月代发月数",
        "6m",
        "months",
        SAFER,
    ),
    _s(
        "payroll_heads_3m",
        "Employees paid, 3 months' mean",
        "近3个月平均代发人数",
        "3m",
        "heads",
        SAFER,
    ),
    _s(
        "payroll_trend_3m_12m",
        "Payroll of 3 months against 12",
        "近3个月与12个月代发之比",
        "12m",
        "ratio",
        SAFER,
    ),
    _s(
        "loans_here",
        "Loans ever granted by this bank",
        "本行历史贷款笔数",
        "ever",
        "count",
        NEUTRAL,
    ),
    _s(
        "debt_outstanding_here",
        "Principal outstanding at this bank",
        "本行贷款余额",
        "latest",
        "CNY",
        NEUTRAL,
    ),
    _s(
        "monthly_debt_due_here",
        "Due a month at this bank",
        "本行月应还款",
        "latest",
        "CNY",
        NEUTRAL,
    ),
    _s(
        "max_dpd_here_12m",
        "Most days past due here, 12 months",
        "近12个月本行最大逾期天数",
        "12m",
        "days",
        RISKIER,
    ),
)


def monthly_balances(balances: ibis.Table) -> ibis.Table:
    """One row per firm and month over the firm's summed end-of-day balances."""
    by_day = grouped(balances, "uscc", "month", "balance_on")
    day = balances.group_by(by_day).agg(total=balances.balance.sum())
    return day.group_by(grouped(day, "uscc", "month")).agg(
        total=number(day.total.sum()),
        days=day.count(),
        least=number(day.total.min()),
        low_days=day.count(where=day.total < LOW_BALANCE),
        overdraft_days=day.count(where=day.total < 0),
    )


def monthly_payroll(runs: ibis.Table) -> ibis.Table:
    """One row per firm and month."""
    return runs.group_by(grouped(runs, "uscc", "month")).agg(
        paid=number(runs.amount.sum()), heads=runs.heads.max()
    )


BALANCES = Rollup("monthly_balances", "daily_balances", monthly_balances)
PAYROLL = Rollup("monthly_payroll", "payroll_runs", monthly_payroll)


def _balances(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = aged(subjects, BALANCES.of(tables), key="uscc")
    year, half, quarter = m.age <= 12, m.age <= 6, m.age <= 3
    s = m.group_by("subject").agg(
        balance_average_3m=m.total.sum(where=quarter) / m.days.sum(where=quarter),
        balance_average_6m=m.total.sum(where=half) / m.days.sum(where=half),
        balance_average_12m=m.total.sum(where=year) / m.days.sum(where=year),
        balance_minimum_6m=m.least.min(where=half),
        low_balance_days_6m=m.low_days.sum(where=half),
        overdraft_months_6m=m.count(where=half & (m.overdraft_days > 0)),
    )
    return s.mutate(balance_trend_3m_12m=ratio(s.balance_average_3m, s.balance_average_12m))


def _payroll(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = aged(subjects, PAYROLL.of(tables), key="uscc")
    s = m.group_by("subject").agg(
        payroll_monthly_mean_6m=m.paid.sum(where=m.age <= 6).fill_null(0.0) / 6,
        payroll_months_6m=m.count(where=m.age <= 6),
        payroll_heads_3m=m.heads.mean(where=m.age <= 3),
        _paid_3=m.paid.sum(where=m.age <= 3).fill_null(0.0) / 3,
        _paid_12=m.paid.sum(where=m.age <= 12) / 12,
    )
    return s.mutate(payroll_trend_3m_12m=ratio(s["_paid_3"], s["_paid_12"])).drop(
        "_paid_3", "_paid_12"
    )


def _loans(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ibis.Table]:
    granted = known_before(subjects, tables["loans"], key="uscc", dated="granted_on")
    counts = granted.group_by("subject").agg(loans_here=granted.count())
    panel = tables["loan_months"].mutate(month=tables["loan_months"].month_end.truncate("M"))
    m = aged(subjects, panel, key="uscc")
    last = m.age == 1
    performance = m.group_by("subject").agg(
        debt_outstanding_here=number(m.outstanding).sum(where=last).fill_null(0.0),
        monthly_debt_due_here=number(m.monthly_due).sum(where=last).fill_null(0.0),
        max_dpd_here_12m=m.days_past_due.max(where=m.age <= 12),
    )
    return counts, performance


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    return (_balances(subjects, tables), _payroll(subjects, tables), *_loans(subjects, tables))
