"""Settlement: what flows through the firm's accounts. One scan makes monthly rollups."""

from __future__ import annotations

import ibis

from kuaidai.data.features.rollups import Rollup, grouped
from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import aged, known_before, number, ratio, whole_months

_FAMILY = Family(
    "settlement",
    ("transactions", "accounts"),
    "No settlement at the bank in 24 months.",
    "近24个月在本行无结算。",
)
_s = _FAMILY.spec
SPECS = (
    _s(
        "settlement_months",
        "Months since the first account was opened",
        "开户月数",
        "ever",
        "months",
        SAFER,
    ),
    _s(
        "credit_turnover_12m",
        "Credit turnover, 12 months",
        "近12个月贷方发生额",
        "12m",
        "CNY",
        SAFER,
    ),
    _s(
        "credit_turnover_monthly_mean_12m",
        "Mean monthly inflow, 12 months",
        "近12个月月均流入",
        "12m",
        "CNY",
        SAFER,
    ),
    _s(
        "credit_turnover_monthly_mean_3m",
        "Mean monthly inflow, 3 months",
        "近3个月月均流入",
        "3m",
        "CNY",
        SAFER,
    ),
    _s("transactions_12m", "Transactions, 12 months", "近12个月交易笔数", "12m", "count", SAFER),
    _s(
        "inflow_cv_12m",
        "Variation of monthly inflow, 12 months",
        "近12个月流入变异系数",
        "12m",
        "ratio",
        RISKIER,
    ),
    _s(
        "inflow_trend_3m_12m",
        "Inflow of 3 months against 12",
        "近3个月与12个月流入之比",
        "12m",
        "ratio",
        SAFER,
    ),
    _s(
        "inflow_yoy_3m",
        "Inflow of 3 months against a year before",
        "近3个月流入同比",
        "15m",
        "ratio",
        SAFER,
    ),
    _s(
        "zero_inflow_months_12m",
        "Months without inflow, 12 months",
        "近12个月无流入月数",
        "12m",
        "months",
        RISKIER,
    ),
    _s(
        "outflow_to_inflow_6m",
        "Outflow against inflow, 6 months",
        "近6个月流出流入比",
        "6m",
        "ratio",
        RISKIER,
    ),
    _s(
        "cash_share_6m",
        "Share of outflow in cash, 6 months",
        "近6个月取现占比",
        "6m",
        "share",
        RISKIER,
    ),
    _s(
        "returned_debits_6m",
        "Returned debits, 6 months",
        "近6个月退票扣款失败次数",
        "6m",
        "count",
        RISKIER,
    ),
    _s("payers_12m", "Distinct payers, 12 months", "近12个月付款方数", "12m", "count", SAFER),
    _s(
        "top1_payer_share_12m",
        "Share of the largest payer, 12 months",
        "第一大付款方占比",
        "12m",
        "share",
        RISKIER,
    ),
    _s(
        "top5_payer_share_12m",
        "Share of the five largest payers",
        "前五大付款方占比",
        "12m",
        "share",
        NEUTRAL,
    ),
    _s(
        "loan_repayments_monthly_mean_6m",
        "Loan repayments a month, 6 months",
        "近6个月月均还贷",
        "6m",
        "CNY",
        NEUTRAL,
    ),
)


def monthly_flows(transactions: ibis.Table) -> ibis.Table:
    """One row per firm and month: flows by direction and purpose."""
    t = transactions
    credit, debit = t.direction == "credit", t.direction == "debit"
    income = credit & ~t.purpose.isin(["loan_in", "transfer_own", "returned"])
    spending = debit & ~t.purpose.isin(["transfer_own", "loan_repayment"])
    return t.group_by(grouped(t, "uscc", "month")).agg(
        inflow=number(t.amount.sum(where=income).fill_null(0)),
        outflow=number(t.amount.sum(where=spending).fill_null(0)),
        cash=number(t.amount.sum(where=debit & (t.purpose == "cash")).fill_null(0)),
        repaid=number(t.amount.sum(where=debit & (t.purpose == "loan_repayment")).fill_null(0)),
        returned=t.count(where=t.purpose == "returned"),
        transactions=t.count(),
    )


def monthly_payers(transactions: ibis.Table) -> ibis.Table:
    """One row per firm, month and payer: business income."""
    t = transactions.filter(
        transactions.direction == "credit",
        transactions.purpose == "sales",
        transactions.counterparty.notnull(),
    )
    return t.group_by(grouped(t, "uscc", "month", "counterparty")).agg(paid=number(t.amount.sum()))


FLOWS = Rollup("monthly_flows", "transactions", monthly_flows)
PAYERS = Rollup("monthly_payers", "transactions", monthly_payers)


def _flow_features(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = aged(subjects, FLOWS.of(tables), key="uscc")
    year, half, quarter = m.age <= 12, m.age <= 6, m.age <= 3
    sums = m.group_by("subject").agg(
        credit_turnover_12m=m.inflow.sum(where=year).fill_null(0.0),
        _in_3=m.inflow.sum(where=quarter).fill_null(0.0),
        _in_3_before=m.inflow.sum(where=(m.age > 12) & (m.age <= 15)),
        _in_6=m.inflow.sum(where=half),
        _out_6=m.outflow.sum(where=half),
        _cash_6=m.cash.sum(where=half),
        _squares=(m.inflow * m.inflow).sum(where=year),
        _months_in=m.count(where=year & (m.inflow > 0)),
        transactions_12m=m.transactions.sum(where=year).fill_null(0),
        returned_debits_6m=m.returned.sum(where=half).fill_null(0),
        loan_repayments_monthly_mean_6m=m.repaid.sum(where=half).fill_null(0.0) / 6,
    )
    mean = sums.credit_turnover_12m / 12
    spread = (sums["_squares"] / 12 - mean * mean).clip(lower=0).sqrt()
    return sums.select(
        "subject",
        "credit_turnover_12m",
        "transactions_12m",
        "returned_debits_6m",
        "loan_repayments_monthly_mean_6m",
        credit_turnover_monthly_mean_12m=mean,
        credit_turnover_monthly_mean_3m=sums["_in_3"] / 3,
        inflow_cv_12m=ratio(spread, mean),
        inflow_trend_3m_12m=ratio(sums["_in_3"] / 3, mean),
        inflow_yoy_3m=ratio(sums["_in_3"], sums["_in_3_before"]),
        zero_inflow_months_12m=12 - sums["_months_in"],
        outflow_to_inflow_6m=ratio(sums["_out_6"], sums["_in_6"]),
        cash_share_6m=ratio(sums["_cash_6"], sums["_out_6"]),
    )


def _payer_features(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = aged(subjects, PAYERS.of(tables), key="uscc")
    year = m.filter(m.age <= 12)
    totals = year.group_by(["subject", "counterparty"]).agg(paid=year.paid.sum())
    place = ibis.row_number().over(
        ibis.window(group_by=totals.subject, order_by=[ibis.desc(totals.paid), totals.counterparty])
    )
    ranked = totals.mutate(place=place)
    sums = ranked.group_by("subject").agg(
        payers_12m=ranked.count(),
        _all=ranked.paid.sum(),
        _first=ranked.paid.sum(where=ranked.place < 1),
        _five=ranked.paid.sum(where=ranked.place < 5),
    )
    return sums.select(
        "subject",
        "payers_12m",
        top1_payer_share_12m=ratio(sums["_first"], sums["_all"]),
        top5_payer_share_12m=ratio(sums["_five"], sums["_all"]),
    )


def _account_age(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    k = known_before(subjects, tables["accounts"], key="uscc", dated="opened_on")
    k = k.mutate(months=whole_months(k.opened_on, k.observed_on))
    return k.group_by("subject").agg(settlement_months=k.months.max())


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    return (
        _flow_features(subjects, tables),
        _payer_features(subjects, tables),
        _account_age(subjects, tables),
    )
