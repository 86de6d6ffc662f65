"""Tax: filings by tax month, and the yearly credit grade.

A tax month is filed in the month after it, so windows over filings end one month before the last
closed month: the twelve tax months of `age` 2 to 13 are always all filed when due.
"""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import aged, latest, months_back, number, ratio

_FAMILY = Family(
    "tax", ("tax_filings", "tax_ratings"), "Nothing filed in the window.", "窗口期内无申报。"
)
_s = _FAMILY.spec
SPECS = (
    _s(
        "tax_grade_latest",
        "Latest tax credit grade",
        "最新纳税信用等级",
        "latest",
        "grade",
        NEUTRAL,
    ),
    _s(
        "tax_grade_score",
        "Latest grade as a number (A 4, B 3, M 2, C 1, D 0)",
        "纳税信用等级分值",
        "latest",
        "grade",
        SAFER,
    ),
    _s(
        "tax_paid_12m",
        "Tax paid or relieved, 12 tax months",
        "近12期纳税额（含减免退）",
        "12m",
        "CNY",
        SAFER,
    ),
    _s(
        "vat_annual_mean_24m",
        "VAT a year, mean of 24 tax months",
        "近24期年均增值税",
        "24m",
        "CNY",
        SAFER,
    ),
    _s(
        "cit_annual_mean_24m",
        "Income tax a year, mean of 24 tax months",
        "近24期年均企业所得税",
        "24m",
        "CNY",
        SAFER,
    ),
    _s(
        "tax_months_paid_12m",
        "Tax months with a payment, 12",
        "近12期有缴税月数",
        "12m",
        "months",
        SAFER,
    ),
    _s(
        "tax_months_since_payment",
        "Months since the last payment",
        "距最近缴税月数",
        "24m",
        "months",
        RISKIER,
    ),
    _s(
        "tax_growth_6m",
        "Tax of 6 months against the 6 before",
        "近6期与前6期纳税之比",
        "12m",
        "ratio",
        SAFER,
    ),
    _s(
        "sales_declared_12m",
        "Sales declared, 12 tax months",
        "近12期申报销售额",
        "12m",
        "CNY",
        SAFER,
    ),
    _s(
        "sales_growth_3m_12m",
        "Declared sales, 3 months against 12",
        "近3期与12期申报销售之比",
        "12m",
        "ratio",
        SAFER,
    ),
    _s("sales_cv_12m", "Variation of declared sales", "申报销售变异系数", "12m", "ratio", RISKIER),
    _s(
        "late_filings_12m",
        "Late filings, 12 tax months",
        "近12期逾期申报次数",
        "12m",
        "count",
        RISKIER,
    ),
    _s(
        "zero_filings_12m",
        "Filings of zero sales, 12 tax months",
        "近12期零申报次数",
        "12m",
        "count",
        RISKIER,
    ),
    _s(
        "tax_arrears_latest", "Arrears in the last filing", "最新欠税余额", "latest", "CNY", RISKIER
    ),
    _s(
        "tax_paid_to_declared_12m",
        "Tax paid or relieved against declared",
        "实缴与申报税额之比",
        "12m",
        "ratio",
        SAFER,
    ),
)


def _filings(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    f = tables["tax_filings"].mutate(month=tables["tax_filings"].period)
    m = aged(subjects, f, key="uscc", oldest=25)
    m = m.filter(m.filed_on < m.observed_on)
    m = m.mutate(
        paid=number(m.tax_paid) + number(m.tax_relieved),
        declared=number(m.vat_declared) + number(m.cit_declared),
        sales=number(m.sales_declared),
    )
    year = (m.age >= 2) & (m.age <= 13)
    half, half_before = (m.age >= 2) & (m.age <= 7), (m.age >= 8) & (m.age <= 13)
    quarter = (m.age >= 2) & (m.age <= 4)
    s = m.group_by("subject").agg(
        tax_paid_12m=m.paid.sum(where=year).fill_null(0.0),
        _periods=m.count(where=m.age >= 2),
        _vat=number(m.vat_declared).sum(where=m.age >= 2),
        _cit=number(m.cit_declared).sum(where=m.age >= 2),
        tax_months_paid_12m=m.count(where=year & (m.paid > 0)),
        tax_months_since_payment=m.age.min(where=m.paid > 0),
        _half=m.paid.sum(where=half).fill_null(0.0),
        _half_before=m.paid.sum(where=half_before).fill_null(0.0),
        sales_declared_12m=m.sales.sum(where=year).fill_null(0.0),
        _sales_3=m.sales.sum(where=quarter).fill_null(0.0),
        _squares=(m.sales * m.sales).sum(where=year),
        late_filings_12m=m.count(where=year & (m.filed_on > m.due_on)),
        zero_filings_12m=m.count(where=year & (m.sales == 0)),
        _declared=m.declared.sum(where=year),
    )
    mean = s.sales_declared_12m / 12
    spread = (s["_squares"] / 12 - mean * mean).clip(lower=0).sqrt()
    return s.select(
        "subject",
        "tax_paid_12m",
        "tax_months_paid_12m",
        "tax_months_since_payment",
        "sales_declared_12m",
        "late_filings_12m",
        "zero_filings_12m",
        vat_annual_mean_24m=ratio(s["_vat"] * 12.0, s["_periods"]),
        cit_annual_mean_24m=ratio(s["_cit"] * 12.0, s["_periods"]),
        tax_growth_6m=ratio(s["_half"], s["_half_before"]),
        sales_growth_3m_12m=ratio(s["_sales_3"] / 3, mean),
        sales_cv_12m=ratio(spread, mean),
        tax_paid_to_declared_12m=ratio(s.tax_paid_12m, s["_declared"]),
    )


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    last = latest(subjects, tables["tax_filings"], key="uscc", dated="filed_on", then="period")
    fresh = last.filter(months_back(last.period, last.cut) <= 24)
    arrears = fresh.select("subject", tax_arrears_latest=number(fresh.arrears))
    rating = latest(subjects, tables["tax_ratings"], key="uscc", dated="published_on", then="year")
    score = rating.grade.cases(("A", 4), ("B", 3), ("M", 2), ("C", 1), ("D", 0), else_=None)
    grades = rating.select("subject", tax_grade_latest=rating.grade, tax_grade_score=score)
    return _filings(subjects, tables), arrears, grades
