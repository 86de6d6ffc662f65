"""The owner: age, home, credit at this bank. Age serves legal checks only and is never scored."""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, Tables
from kuaidai.data.features.windows import aged, known_before, latest, number, ratio, whole_months

_FAMILY = Family(
    "owner",
    ("owners", "owner_assets", "owner_credit"),
    "Nothing known of the owner.",
    "无企业主信息。",
)
_s = _FAMILY.spec
SPECS = (
    _s("owner_age_years", "Owner's age", "企业主年龄", "latest", "years", NEUTRAL),
    _s("owner_share", "Owner's share of the firm", "企业主持股比例", "latest", "share", NEUTRAL),
    _s("owner_tenure_months", "Months as owner of the firm", "任职月数", "latest", "months", SAFER),
    _s("owner_property_value", "Owner's property", "企业主房产价值", "latest", "CNY", SAFER),
    _s(
        "owner_mortgage_balance",
        "Owner's home mortgage",
        "企业主按揭余额",
        "latest",
        "CNY",
        NEUTRAL,
    ),
    _s(
        "owner_home_equity",
        "Owner's property less mortgage",
        "企业主房产净值",
        "latest",
        "CNY",
        SAFER,
    ),
    _s(
        "owner_mortgage_months_paid",
        "Mortgage months paid on time",
        "按揭正常还款月数",
        "latest",
        "months",
        SAFER,
    ),
    _s(
        "owner_card_use_here",
        "Use of the owner's card here",
        "企业主本行信用卡使用率",
        "latest",
        "share",
        RISKIER,
    ),
    _s(
        "owner_consumer_balance_here",
        "Owner's consumer loans here",
        "企业主本行消费贷余额",
        "latest",
        "CNY",
        RISKIER,
    ),
    _s(
        "owner_max_dpd_here_12m",
        "Owner's most days past due here",
        "企业主近12个月本行最大逾期天数",
        "12m",
        "days",
        RISKIER,
    ),
)


def _person(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    owners = tables["owners"].select("uscc", "person_id", "birth_date", "share", "since")
    k = known_before(subjects, owners.rename({"_person": "person_id"}), key="uscc", dated="since")
    mine = subjects.select(_subject=subjects.subject, _mine=subjects.person_id)
    k = k.join(mine, (k.subject == mine["_subject"]) & (k["_person"] == mine["_mine"]))
    had_birthday = (k.observed_on.month() * 100 + k.observed_on.day()) >= (
        k.birth_date.month() * 100 + k.birth_date.day()
    )
    age = k.observed_on.year() - k.birth_date.year() - ibis.cases((had_birthday, 0), else_=1)
    months = whole_months(k.since, k.observed_on)
    return k.select("subject", owner_age_years=age, owner_share=k.share, owner_tenure_months=months)


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    a = latest(
        subjects,
        tables["owner_assets"],
        key="person_id",
        dated="known_on",
        on="person_id",
        then="month",
    )
    assets = a.select(
        "subject",
        owner_property_value=number(a.property_value),
        owner_mortgage_balance=number(a.mortgage_balance),
        owner_home_equity=number(a.property_value) - number(a.mortgage_balance),
        owner_mortgage_months_paid=a.mortgage_months_paid,
    )
    c = latest(
        subjects,
        tables["owner_credit"],
        key="person_id",
        dated="known_on",
        on="person_id",
        then="month",
    )
    credit = c.select(
        "subject",
        owner_card_use_here=ratio(number(c.card_balance), number(c.card_limit)),
        owner_consumer_balance_here=number(c.consumer_balance),
    )
    m = aged(subjects, tables["owner_credit"], key="person_id", on="person_id")
    m = m.filter(m.known_on < m.observed_on)
    worst = m.group_by("subject").agg(owner_max_dpd_here_12m=m.max_dpd.max(where=m.age <= 12))
    return _person(subjects, tables), assets, credit, worst
