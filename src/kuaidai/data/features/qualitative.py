"""Qualitative: what account managers saw and typed in, as long as it is not older than 400 days."""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import latest

VALID_DAYS = 400

_FAMILY = Family(
    "qualitative",
    ("qualitative_assessments",),
    "No assessment in the last 400 days.",
    "近400天无定性评价。",
)
_s = _FAMILY.spec
SPECS = (
    _s("owner_industry_years", "Owner's years in the industry", "企业主从业年限", "400d", "years", SAFER),
    _s("premises_kind", "Premises", "经营场所", "400d", "category", NEUTRAL),
    _s("customers_standing", "Standing of the main customers", "主要客户稳定性", "400d", "category", NEUTRAL),
    _s("suppliers_standing", "Standing of the main suppliers", "主要供应商稳定性", "400d", "category", NEUTRAL),
    _s("record_keeping", "Book-keeping", "财务记录", "400d", "category", NEUTRAL),
    _s("site_condition", "Condition of the site", "现场状况", "400d", "category", NEUTRAL),
    _s("qualitative_concerns", "Answers that give concern (of five)", "负面评价项数", "400d", "count", RISKIER),
    _s("assessment_age_days", "Days since the assessment", "距评价天数", "400d", "days", NEUTRAL),
)  # fmt: skip

_CONCERNS = {
    "premises": ("none",),
    "customers": ("changing", "lost"),
    "suppliers": ("changing", "lost"),
    "record_keeping": ("poor",),
    "site": ("idle", "closed"),
}
"""The answers to each question that give concern."""


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    last = latest(subjects, tables["qualitative_assessments"], key="uscc", dated="assessed_on")
    age = last.observed_on.delta(last.assessed_on, unit="day")
    last = last.mutate(age_days=age)
    valid = last.filter(last.age_days <= VALID_DAYS)
    concerns = sum(
        (valid[name].isin(answers).cast("int64") for name, answers in _CONCERNS.items()),
        start=ibis.literal(0, "int64"),
    )
    return (
        valid.select(
            "subject",
            "owner_industry_years",
            "record_keeping",
            premises_kind=valid.premises,
            customers_standing=valid.customers,
            suppliers_standing=valid.suppliers,
            site_condition=valid.site,
            qualitative_concerns=concerns,
            assessment_age_days=valid.age_days,
        ),
    )
