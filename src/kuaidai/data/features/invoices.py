"""Features of a firm's VAT invoices: what it sells and buys, to whom, how steadily.

Void invoices count only in the share of void ones; negative invoices are credit notes (goods
returned). The window is the last `MONTHS` whole months before the observation.
"""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import (
    NEUTRAL,
    RISKIER,
    SAFER,
    Direction,
    Family,
    FeatureSpec,
    Tables,
)
from kuaidai.data.features.windows import aged, number, ratio

MONTHS = 24

_FAMILY = Family("tax", ("invoices",), "No invoice in the window.", "窗口期内无发票。")


def _s(
    name: str, title_en: str, title_zh: str, window: str, unit: str, direction: Direction
) -> FeatureSpec:
    """A feature whose title says that it comes from invoices."""
    titles = f"{title_en} (invoices)", f"{title_zh}（发票）"
    return _FAMILY.spec(name, *titles, window, unit, direction)


SPECS: tuple[FeatureSpec, ...] = (
    _s("invoice_sales_monthly_mean", "Sales a month", "月均销售额", "24m", "CNY", SAFER),
    _s("invoice_purchases_monthly_mean", "Purchases a month", "月均采购额", "24m", "CNY", SAFER),
    _s("invoice_margin", "Sales less purchases against sales", "毛差率", "24m", "ratio", SAFER),
    _s("invoice_sales_cv", "Variation of monthly sales", "月销售变异系数", "24m", "ratio", RISKIER),
    _s("invoice_active_sales_months", "Months with sales", "有销售月数", "24m", "months", SAFER),
    _s(
        "invoice_sales_growth",
        "Sales of the last 12 months against the 12 before",
        "销售同比",
        "24m",
        "ratio",
        SAFER,
    ),
    _s(
        "invoice_void_share_sales",
        "Share of sales invoices made void",
        "销项作废率",
        "24m",
        "share",
        RISKIER,
    ),
    _s(
        "invoice_void_share_purchases",
        "Share of purchase invoices made void",
        "进项作废率",
        "24m",
        "share",
        RISKIER,
    ),
    _s(
        "invoice_returned_share",
        "Credit notes against sales",
        "红字发票占比",
        "24m",
        "share",
        RISKIER,
    ),
    _s("invoice_customers", "Distinct customers", "客户数", "24m", "count", SAFER),
    _s("invoice_suppliers", "Distinct suppliers", "供应商数", "24m", "count", SAFER),
    _s(
        "invoice_top_customer_share",
        "Share of the largest customer",
        "第一大客户占比",
        "24m",
        "share",
        RISKIER,
    ),
    _s("invoices_monthly_mean", "Sales invoices a month", "月均开票数", "24m", "count", SAFER),
    _s("invoice_tax_rate", "Tax against sales", "税负率", "24m", "ratio", NEUTRAL),
    _s(
        "invoice_months_since_sale",
        "Months since the last sale",
        "距最近销售月数",
        "24m",
        "months",
        RISKIER,
    ),
)


def _windowed(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    """Each subject's invoices with their `age` in months (1 = last whole month), 1 to MONTHS."""
    invoices = tables["invoices"]
    return aged(
        subjects, invoices.mutate(month=invoices.issued_on.truncate("M")), key="uscc", oldest=MONTHS
    )


def _monthly(valid: ibis.Table) -> ibis.Table:
    """Sums per firm and month, added up exactly: a float sum differs from run to run."""
    sold, bought = valid.side == "out", valid.side == "in"
    return valid.group_by(["subject", "age"]).agg(
        sales=valid.amount.sum(where=sold).fill_null(0),
        purchases=valid.amount.sum(where=bought).fill_null(0),
        invoices=valid.count(where=sold),
        sale_tax=valid.tax.sum(where=sold).fill_null(0),
        returned=-valid.amount.sum(where=sold & (valid.amount < 0)).fill_null(0),
        gross=valid.amount.sum(where=sold & (valid.amount > 0)).fill_null(0),
    )


def _totals(valid: ibis.Table) -> ibis.Table:
    m = _monthly(valid)
    s = m.group_by("subject").agg(
        sales=number(m.sales.sum()),
        purchases=number(m.purchases.sum()),
        squares=(number(m.sales) * number(m.sales)).sum(),
        recent=number(m.sales.sum(where=m.age <= 12)).fill_null(0.0),
        before=number(m.sales.sum(where=m.age > 12)).fill_null(0.0),
        invoice_active_sales_months=m.count(where=m.sales > 0),
        invoice_months_since_sale=m.age.min(where=m.sales > 0),
        sale_tax=number(m.sale_tax.sum()),
        returned=number(m.returned.sum()),
        gross=number(m.gross.sum()),
        invoices=m.invoices.sum(),
    )
    mean = s.sales / MONTHS
    spread = (s.squares / MONTHS - mean * mean).clip(lower=0).sqrt()
    return s.select(
        "subject",
        "invoice_active_sales_months",
        "invoice_months_since_sale",
        invoice_sales_monthly_mean=mean,
        invoice_purchases_monthly_mean=s.purchases / MONTHS,
        invoice_margin=ratio(s.sales - s.purchases, s.sales),
        invoice_sales_cv=ratio(spread, mean),
        invoice_sales_growth=ratio(s.recent, s.before),
        invoice_returned_share=ratio(s.returned, s.gross),
        invoices_monthly_mean=s.invoices / MONTHS,
        invoice_tax_rate=ratio(s.sale_tax, s.sales),
    )


def _counterparties(valid: ibis.Table) -> ibis.Table:
    by = valid.group_by(["subject", "side", "counterparty"]).agg(paid=valid.amount.sum())
    sold = (by.side == "out") & (by.paid > 0)
    s = by.group_by("subject").agg(
        invoice_customers=by.count(where=sold),
        invoice_suppliers=by.count(where=by.side == "in"),
        largest=number(by.paid.max(where=sold)),
        total=number(by.paid.sum(where=sold)),
    )
    return s.select(
        "subject",
        "invoice_customers",
        "invoice_suppliers",
        invoice_top_customer_share=ratio(s.largest, s.total),
    )


def _void_shares(rows: ibis.Table) -> ibis.Table:
    sold, void = rows.side == "out", rows.status == "void"
    s = rows.group_by("subject").agg(
        sold_void=rows.count(where=sold & void),
        sold=rows.count(where=sold),
        bought_void=rows.count(where=~sold & void),
        bought=rows.count(where=~sold),
    )
    return s.select(
        "subject",
        invoice_void_share_sales=ratio(s.sold_void * 1.0, s.sold),
        invoice_void_share_purchases=ratio(s.bought_void * 1.0, s.bought),
    )


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of these features, keyed by `subject`."""
    rows = _windowed(subjects, tables)
    valid = rows.filter(rows.status == "valid")
    return (_totals(valid), _counterparties(valid), _void_shares(rows))
