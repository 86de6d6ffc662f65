"""Features of a firm's VAT invoices: what it sells and buys, to whom, how steadily.

For firms about which nothing but invoices is known. Void invoices count only in the share of void
ones; negative invoices are credit notes (goods returned). The window is the last `MONTHS` whole months
before the firm's observation day.
"""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, FeatureSpec
from kuaidai.data.features.windows import months_back, number, ratio
from kuaidai.data.lake import Lake

MONTHS = 24

_s = Family("invoices", ("invoices",), "No invoice in the window.", "窗口期内无发票。").spec
SPECS: tuple[FeatureSpec, ...] = (
    _s("sales_monthly_mean", "Sales a month", "月均销售额", "24m", "CNY", SAFER),
    _s("purchases_monthly_mean", "Purchases a month", "月均采购额", "24m", "CNY", SAFER),
    _s("margin", "Sales less purchases against sales", "毛差率", "24m", "ratio", SAFER),
    _s("sales_cv", "Variation of monthly sales", "月销售变异系数", "24m", "ratio", RISKIER),
    _s("active_sales_months", "Months with sales", "有销售月数", "24m", "months", SAFER),
    _s(
        "sales_growth",
        "Sales of the last 12 months against the 12 before",
        "销售同比",
        "24m",
        "ratio",
        SAFER,
    ),
    _s(
        "void_share_sales",
        "Share of sales invoices made void",
        "销项作废率",
        "24m",
        "share",
        RISKIER,
    ),
    _s(
        "void_share_purchases",
        "Share of purchase invoices made void",
        "进项作废率",
        "24m",
        "share",
        RISKIER,
    ),
    _s("returned_share", "Credit notes against sales", "红字发票占比", "24m", "share", RISKIER),
    _s("customers", "Distinct customers", "客户数", "24m", "count", SAFER),
    _s("suppliers", "Distinct suppliers", "供应商数", "24m", "count", SAFER),
    _s(
        "top_customer_share",
        "Share of the largest customer",
        "第一大客户占比",
        "24m",
        "share",
        RISKIER,
    ),
    _s("invoices_monthly_mean", "Sales invoices a month", "月均开票数", "24m", "count", SAFER),
    _s("tax_rate", "Tax against sales", "税负率", "24m", "ratio", NEUTRAL),
    _s(
        "months_since_sale",
        "Months since the last sale",
        "距最近销售月数",
        "24m",
        "months",
        RISKIER,
    ),
)


def _windowed(invoices: ibis.Table, observed_on: date | None) -> ibis.Table:
    """Invoices with `age` in months (1 = last whole month), 1 to MONTHS."""
    if observed_on is None:
        month = invoices.issued_on.truncate("M")
        cut = month.max().over(ibis.window())
    else:
        cut = ibis.date(observed_on.replace(day=1))
    rows = invoices.mutate(month=invoices.issued_on.truncate("M"), cut=cut)
    rows = rows.mutate(age=months_back(rows.month, rows.cut))
    return rows.filter(rows.age >= 1, rows.age <= MONTHS)


def _monthly(valid: ibis.Table) -> ibis.Table:
    """Sums per firm and month, added up exactly: a float sum differs from run to run."""
    sold, bought = valid.side == "out", valid.side == "in"
    return valid.group_by(["company_id", "age"]).agg(
        sales=valid.amount.sum(where=sold).fill_null(0),
        purchases=valid.amount.sum(where=bought).fill_null(0),
        invoices=valid.count(where=sold),
        sale_tax=valid.tax.sum(where=sold).fill_null(0),
        returned=-valid.amount.sum(where=sold & (valid.amount < 0)).fill_null(0),
        gross=valid.amount.sum(where=sold & (valid.amount > 0)).fill_null(0),
    )


def _totals(valid: ibis.Table) -> ibis.Table:
    m = _monthly(valid)
    s = m.group_by("company_id").agg(
        sales=number(m.sales.sum()),
        purchases=number(m.purchases.sum()),
        squares=(number(m.sales) * number(m.sales)).sum(),
        recent=number(m.sales.sum(where=m.age <= 12)).fill_null(0.0),
        before=number(m.sales.sum(where=m.age > 12)).fill_null(0.0),
        active_sales_months=m.count(where=m.sales > 0),
        months_since_sale=m.age.min(where=m.sales > 0),
        sale_tax=number(m.sale_tax.sum()),
        returned=number(m.returned.sum()),
        gross=number(m.gross.sum()),
        invoices=m.invoices.sum(),
    )
    mean = s.sales / MONTHS
    spread = (s.squares / MONTHS - mean * mean).clip(lower=0).sqrt()
    return s.select(
        "company_id",
        "active_sales_months",
        "months_since_sale",
        sales_monthly_mean=mean,
        purchases_monthly_mean=s.purchases / MONTHS,
        margin=ratio(s.sales - s.purchases, s.sales),
        sales_cv=ratio(spread, mean),
        sales_growth=ratio(s.recent, s.before),
        returned_share=ratio(s.returned, s.gross),
        invoices_monthly_mean=s.invoices / MONTHS,
        tax_rate=ratio(s.sale_tax, s.sales),
    )


def _counterparties(valid: ibis.Table) -> ibis.Table:
    by = valid.group_by(["company_id", "side", "counterparty"]).agg(paid=valid.amount.sum())
    sold = (by.side == "out") & (by.paid > 0)
    s = by.group_by("company_id").agg(
        customers=by.count(where=sold),
        suppliers=by.count(where=by.side == "in"),
        largest=number(by.paid.max(where=sold)),
        total=number(by.paid.sum(where=sold)),
    )
    return s.select(
        "company_id", "customers", "suppliers", top_customer_share=ratio(s.largest, s.total)
    )


def _void_shares(rows: ibis.Table) -> ibis.Table:
    sold, void = rows.side == "out", rows.status == "void"
    s = rows.group_by("company_id").agg(
        sold_void=rows.count(where=sold & void),
        sold=rows.count(where=sold),
        bought_void=rows.count(where=~sold & void),
        bought=rows.count(where=~sold),
    )
    return s.select(
        "company_id",
        void_share_sales=ratio(s.sold_void * 1.0, s.sold),
        void_share_purchases=ratio(s.bought_void * 1.0, s.bought),
    )


def compute_invoice_features(lake: Lake, observed_on: date | None = None) -> pa.Table:
    """One row per firm in the `invoices` dataset, by `company_id`; missing where nothing is known.

    `observed_on` None observes all firms at the start of the newest month in the data.
    """
    invoices = lake.table("invoices")
    rows = _windowed(invoices, observed_on)
    valid = rows.filter(rows.status == "valid")
    joined = invoices.select("company_id").distinct()
    for part in (_totals(valid), _counterparties(valid), _void_shares(rows)):
        named = part.rename({"_company": "company_id"})
        joined = joined.left_join(named, joined.company_id == named["_company"]).drop("_company")
    names = [spec.name for spec in SPECS]
    return joined.select("company_id", *names).order_by("company_id").to_pyarrow()
