"""Findings in words, in English and Chinese: the same in reports, on pages and in the terminal."""

from __future__ import annotations

from kuaidai.data.quality.profile import Finding

KINDS = {
    "missing_month": ("month without rows", "整月无数据"),
    "missing": ("missing values", "缺失值"),
    "outliers": ("outliers", "异常值"),
    "drift": ("drift", "分布漂移"),
    "new_category": ("new category", "新取值"),
}
_LEVELS = {"watch": ("watch", "关注"), "act": ("act", "处置")}


def kind_of(finding: Finding, language: str) -> str:
    """What kind of thing stands out."""
    return KINDS[finding.kind][_place(language)]


def detail_of(finding: Finding, language: str) -> str:
    """The figure that stands out."""
    place = _place(language)
    if finding.kind == "missing_month":
        return ""
    if finding.kind == "drift":
        return f"PSI {finding.value:.3f} ({_LEVELS[finding.text][place]})"
    if finding.kind == "new_category":
        rows = f"{finding.value:,.0f}"
        return (f"{finding.text}: {rows} rows", f"{finding.text}：{rows} 行")[place]
    return f"{finding.value:.1%}"


def _place(language: str) -> int:
    return 1 if language.lower().startswith("zh") else 0
