"""Credit bureaus: the latest report on the firm and on its owner."""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import latest, number, ratio

_FAMILY = Family(
    "bureau", ("bureau_enterprise", "bureau_owner"), "No bureau report.", "无征信报告。"
)
_s = _FAMILY.spec
SPECS = (
    _s(
        "other_lenders",
        "Other banks lending to the firm",
        "他行授信机构数",
        "latest",
        "count",
        RISKIER,
    ),
    _s(
        "credit_outstanding_elsewhere",
        "Firm's credit elsewhere",
        "企业他行信贷余额",
        "latest",
        "CNY",
        RISKIER,
    ),
    _s(
        "mortgage_outstanding_elsewhere",
        "Of it secured by mortgage",
        "其中抵押贷款",
        "latest",
        "CNY",
        NEUTRAL,
    ),
    _s(
        "worst_open_class",
        "Worst class of open loans",
        "未结清最差分类",
        "latest",
        "class",
        NEUTRAL,
    ),
    _s(
        "worst_settled_class",
        "Worst class of settled loans",
        "已结清最差分类",
        "latest",
        "class",
        NEUTRAL,
    ),
    _s(
        "overdue_amount_firm", "Firm's overdue amount", "企业当前逾期金额", "latest", "CNY", RISKIER
    ),
    _s(
        "overdue_months_firm_24m",
        "Firm's months overdue, 24",
        "企业近24个月逾期月数",
        "24m",
        "months",
        RISKIER,
    ),
    _s("guarantees_given", "Guarantees given", "对外担保余额", "latest", "CNY", RISKIER),
    _s(
        "queries_6m_firm",
        "Loan queries on the firm, 6 months",
        "企业近6个月查询次数",
        "6m",
        "count",
        RISKIER,
    ),
    _s("written_off_ever", "Debt ever written off", "是否有核销", "ever", "flag", RISKIER),
    _s(
        "owner_max_dpd_24m",
        "Owner's most days past due, 24 months",
        "企业主近24个月最大逾期天数",
        "24m",
        "days",
        RISKIER,
    ),
    _s(
        "overdue_months_owner_24m",
        "Owner's months overdue, 24",
        "企业主近24个月逾期月数",
        "24m",
        "months",
        RISKIER,
    ),
    _s(
        "overdue_amount_owner",
        "Owner's overdue amount",
        "企业主当前逾期金额",
        "latest",
        "CNY",
        RISKIER,
    ),
    _s(
        "queries_6m_owner",
        "Queries on the owner, 6 months",
        "企业主近6个月查询次数",
        "6m",
        "count",
        RISKIER,
    ),
    _s(
        "open_lenders_owner", "Lenders of the owner", "企业主在贷机构数", "latest", "count", RISKIER
    ),
    _s(
        "nonbank_outstanding_owner",
        "Owner owes non-banks",
        "企业主非银贷款余额",
        "latest",
        "CNY",
        RISKIER,
    ),
    _s(
        "business_outstanding_owner",
        "Owner's business loans",
        "企业主经营贷款余额",
        "latest",
        "CNY",
        RISKIER,
    ),
    _s(
        "card_utilisation_owner",
        "Use of the owner's cards",
        "企业主信用卡使用率",
        "latest",
        "share",
        RISKIER,
    ),
    _s(
        "worst_class_owner",
        "Worst class of the owner's loans",
        "企业主最差分类",
        "latest",
        "class",
        NEUTRAL,
    ),
    _s(
        "credit_history_months_owner",
        "Owner's months of credit history",
        "企业主信用历史月数",
        "latest",
        "months",
        SAFER,
    ),
)


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    f = latest(subjects, tables["bureau_enterprise"], key="uscc", dated="report_on")
    firm = f.select(
        "subject",
        "other_lenders",
        "worst_open_class",
        "worst_settled_class",
        credit_outstanding_elsewhere=number(f.credit_outstanding),
        mortgage_outstanding_elsewhere=number(f.mortgage_outstanding),
        overdue_amount_firm=number(f.overdue_amount),
        overdue_months_firm_24m=f.overdue_months_24m,
        guarantees_given=number(f.guarantees_given),
        queries_6m_firm=f.queries_6m,
        written_off_ever=f.written_off.cast("int64"),
    )
    o = latest(subjects, tables["bureau_owner"], key="person_id", dated="report_on", on="person_id")
    owner = o.select(
        "subject",
        owner_max_dpd_24m=o.max_dpd_24m,
        overdue_months_owner_24m=o.overdue_months_24m,
        overdue_amount_owner=number(o.overdue_amount),
        queries_6m_owner=o.queries_6m,
        open_lenders_owner=o.open_lenders,
        nonbank_outstanding_owner=number(o.nonbank_outstanding),
        business_outstanding_owner=number(o.business_outstanding),
        card_utilisation_owner=ratio(number(o.card_used), number(o.card_limit)),
        worst_class_owner=o.worst_class,
        credit_history_months_owner=o.months_of_history,
    )
    return firm, owner
