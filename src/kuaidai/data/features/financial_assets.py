"""Financial assets at the bank, of the firm and of its owner."""

from __future__ import annotations

import ibis

from kuaidai.data.features.spec import SAFER, Family, Tables
from kuaidai.data.features.windows import aged, number, ratio

_FAMILY = Family(
    "financial_assets",
    ("financial_assets",),
    "No deposits or wealth products at the bank in the window.",
    "窗口期内在本行无存款或理财。",
)
_s = _FAMILY.spec
SPECS = (
    _s(
        "firm_assets_average_3m",
        "Firm's assets, 3 months",
        "企业近3个月日均金融资产",
        "3m",
        "CNY",
        SAFER,
    ),
    _s(
        "firm_assets_average_6m",
        "Firm's assets, 6 months",
        "企业近6个月日均金融资产",
        "6m",
        "CNY",
        SAFER,
    ),
    _s(
        "firm_assets_trend_3m_12m",
        "Firm's assets, 3 months against 12",
        "企业金融资产趋势",
        "12m",
        "ratio",
        SAFER,
    ),
    _s(
        "owner_assets_average_6m",
        "Owner's assets, 6 months",
        "企业主近6个月日均金融资产",
        "6m",
        "CNY",
        SAFER,
    ),
    _s(
        "owner_wealth_share_6m",
        "Owner's share in wealth products",
        "企业主理财占比",
        "6m",
        "share",
        SAFER,
    ),
    _s(
        "owner_assets_trend_3m_12m",
        "Owner's assets, 3 months against 12",
        "企业主金融资产趋势",
        "12m",
        "ratio",
        SAFER,
    ),
)


def _assets(subjects: ibis.Table, tables: Tables, *, on: str, prefix: str) -> ibis.Table:
    m = aged(subjects, tables["financial_assets"], key="subject", on=on)
    m = m.filter(m.known_on < m.observed_on)
    m = m.mutate(total=number(m.deposits_average) + number(m.wealth_average))
    s = m.group_by("subject").agg(
        _mean_3=m.total.mean(where=m.age <= 3),
        _mean_6=m.total.mean(where=m.age <= 6),
        _mean_12=m.total.mean(where=m.age <= 12),
        _wealth_6=number(m.wealth_average).mean(where=m.age <= 6),
    )
    named = {
        f"{prefix}_assets_average_3m": s["_mean_3"],
        f"{prefix}_assets_average_6m": s["_mean_6"],
        f"{prefix}_assets_trend_3m_12m": ratio(s["_mean_3"], s["_mean_12"]),
        f"{prefix}_wealth_share_6m": ratio(s["_wealth_6"], s["_mean_6"]),
    }
    wanted = {spec.name for spec in SPECS}
    return s.select("subject", **{name: value for name, value in named.items() if name in wanted})


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    return (
        _assets(subjects, tables, on="uscc", prefix="firm"),
        _assets(subjects, tables, on="person_id", prefix="owner"),
    )
