"""Business registry and courts, of the firm and of its owner. No record means zero, not missing."""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import (
    known_before,
    latest,
    months_back,
    number,
    ratio,
    whole_months,
)

_FAMILY = Family(
    "registry_and_courts",
    ("enterprises", "registry_events", "court_cases"),
    "The firm has no registry extract.",
    "无企业登记信息。",
)
_s = _FAMILY.spec
SPECS = (
    _s(
        "firm_age_months",
        "Months since the firm was established",
        "成立月数",
        "latest",
        "months",
        SAFER,
    ),
    _s("registered_capital", "Registered capital", "注册资本", "latest", "CNY", SAFER),
    _s(
        "paid_in_share",
        "Paid-in against registered capital",
        "实缴资本比例",
        "latest",
        "share",
        SAFER,
    ),
    _s("employees", "Employees in the annual report", "从业人数", "latest", "heads", SAFER),
    _s("industry_code", "Industry division", "行业大类", "latest", "code", NEUTRAL),
    _s("registration_status", "Registration status", "登记状态", "latest", "status", NEUTRAL),
    _s(
        "legal_representative_changes_24m",
        "Changes of legal representative, 24 months",
        "近24个月法定代表人变更次数",
        "24m",
        "count",
        RISKIER,
    ),
    _s(
        "controller_changes_24m",
        "Changes of controller, 24 months",
        "近24个月控制人变更次数",
        "24m",
        "count",
        RISKIER,
    ),
    _s(
        "registry_changes_24m",
        "All registry changes, 24 months",
        "近24个月工商变更次数",
        "24m",
        "count",
        RISKIER,
    ),
    _s(
        "penalties_24m",
        "Administrative penalties, 24 months",
        "近24个月行政处罚次数",
        "24m",
        "count",
        RISKIER,
    ),
    _s(
        "abnormal_listed_now",
        "Listed as operating abnormally",
        "是否在经营异常名录",
        "latest",
        "flag",
        RISKIER,
    ),
    _s(
        "serious_violation_listed",
        "Listed for serious violations",
        "是否严重违法失信",
        "ever",
        "flag",
        RISKIER,
    ),
    _s(
        "dishonest_open_count",
        "Open dishonest-debtor listings",
        "未结失信被执行记录数",
        "latest",
        "count",
        RISKIER,
    ),
    _s(
        "enforcement_open_count",
        "Open enforcement cases",
        "未结被执行案件数",
        "latest",
        "count",
        RISKIER,
    ),
    _s(
        "enforcement_open_amount",
        "Amount under enforcement",
        "未结被执行金额",
        "latest",
        "CNY",
        RISKIER,
    ),
    _s("court_cases_24m", "Court cases, 24 months", "近24个月司法案件数", "24m", "count", RISKIER),
)


def _extract(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    e = latest(subjects, tables["enterprises"], key="uscc", dated="as_of")
    capital, paid_in = number(e.registered_capital), number(e.paid_in_capital)
    return e.select(
        "subject",
        "employees",
        "industry_code",
        firm_age_months=whole_months(e.established_on, e.observed_on),
        registered_capital=capital,
        paid_in_share=ratio(paid_in, capital),
        registration_status=e.status,
    )


def _events(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    k = known_before(subjects, tables["registry_events"], key="uscc", dated="event_on")
    recent = months_back(k.event_on, k.cut) <= 24
    changes = k.kind.endswith("_change")
    s = k.group_by("subject").agg(
        legal_representative_changes_24m=k.count(
            where=recent & (k.kind == "legal_representative_change")
        ),
        controller_changes_24m=k.count(where=recent & (k.kind == "controller_change")),
        registry_changes_24m=k.count(where=recent & changes),
        penalties_24m=k.count(where=recent & (k.kind == "penalty")),
        _listed=k.count(where=k.kind == "abnormal_listed"),
        _lifted=k.count(where=k.kind == "abnormal_lifted"),
        serious_violation_listed=(k.kind == "serious_violation_listed").any().cast("int64"),
    )
    return s.mutate(abnormal_listed_now=(s["_listed"] > s["_lifted"]).cast("int64")).drop(
        "_listed", "_lifted"
    )


def _cases(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    cases = tables["court_cases"]
    firm = known_before(subjects, cases, key="subject", dated="filed_on")
    owner = known_before(subjects, cases, key="subject", dated="filed_on", on="person_id")
    k = firm.union(owner)
    is_open = k.closed_on.isnull() | (k.closed_on >= k.observed_on)
    return k.group_by("subject").agg(
        dishonest_open_count=k.count(where=is_open & (k.kind == "dishonest")),
        enforcement_open_count=k.count(where=is_open & (k.kind == "enforcement")),
        enforcement_open_amount=number(k.amount)
        .sum(where=is_open & (k.kind == "enforcement"))
        .fill_null(0.0),
        court_cases_24m=k.count(where=months_back(k.filed_on, k.cut) <= 24),
    )


def _or_zero(subjects: ibis.Table, counts: ibis.Table) -> ibis.Table:
    """Counts for every subject: zero where there is no record."""
    names = [name for name in counts.columns if name != "subject"]
    slim = counts.rename({"_s": "subject"})
    joined = subjects.select("subject").left_join(slim, subjects.subject == slim["_s"])
    return joined.select("subject", **{name: joined[name].fill_null(0) for name in names})


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    return (
        _extract(subjects, tables),
        _or_zero(subjects, _events(subjects, tables)),
        _or_zero(subjects, _cases(subjects, tables)),
    )
