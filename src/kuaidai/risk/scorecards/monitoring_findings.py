"""What stands out in a month of monitoring, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterator

from kuaidai.kernel.stability import Stability
from kuaidai.risk.scorecards.monitoring_report import (
    CharacteristicStability,
    Discrimination,
    Finding,
    FindingCode,
    GradeCalibration,
    Level,
    Performance,
    Thresholds,
)


def findings(
    limits: Thresholds,
    score: Stability | None,
    grade: Stability,
    characteristics: tuple[CharacteristicStability, ...],
    performance: Performance | None,
) -> tuple[Finding, ...]:
    """Everything past its limit, alerts first, else in the order of the report."""
    found = [
        *_moved(limits, FindingCode.SCORE_PSI, "", ("Score distribution", "评分分布"), score),
        *_moved(limits, FindingCode.GRADE_PSI, "", ("Grade distribution", "等级分布"), grade),
    ]
    for row in characteristics:
        titles = (f"Characteristic {row.title_en}", f"特征“{row.title_zh}”的分布")
        found += _moved(limits, FindingCode.CSI, row.feature, titles, row.stability)
    if performance is not None and performance.discrimination is not None:
        found += _separates(limits, performance.discrimination)
        found += _calibrated(limits, performance.calibration)
    return tuple(sorted(found, key=lambda finding: finding.level is not Level.ALERT))


def _moved(
    limits: Thresholds,
    code: FindingCode,
    subject: str,
    titles: tuple[str, str],
    stability: Stability | None,
) -> Iterator[Finding]:
    """Past the limit, and rarer than `p_alert` in two samples of one population."""
    if stability is None or stability.index < limits.psi_watch:
        return
    if stability.p_value >= limits.p_alert:
        return
    alert = stability.index >= limits.psi_alert
    limit = limits.psi_alert if alert else limits.psi_watch
    index, chance = f"{stability.index:.3f}", f"{stability.expected_by_chance:.3f}"
    yield Finding(
        code,
        Level.ALERT if alert else Level.WATCH,
        subject,
        stability.index,
        limit,
        f"{titles[0]} moved: index {index} (limit {limit:g}; chance alone gives about {chance}).",
        f"{titles[1]}发生漂移：指标 {index}（阈值 {limit:g}；纯随机约为 {chance}）。",
    )


def _separates(limits: Thresholds, found: Discrimination) -> Iterator[Finding]:
    """No proof of any separation; or a fall since development.

    The fall is tested as the ECB asks of internal models: S = (AUC in development − AUC now) ÷ standard
    error now, held against the normal distribution ("Instructions for reporting the validation results
    of internal models", 2019, discriminatory power).
    """
    auc, low = f"{found.auc.auc:.3f}", f"{found.auc.low:.3f}"
    if found.auc.low <= 0.5:
        yield Finding(
            FindingCode.AUC_UNPROVEN, Level.ALERT, "", found.auc.low, 0.5,
            f"The score is not shown to separate: AUC {auc}, its 95% interval begins at {low}.",
            f"评分的区分能力未得到证实：AUC {auc}，95% 置信区间下限 {low}。",
        )  # fmt: skip
    level, limit = _level(limits, found.p_fall)
    if level is not None and found.p_fall is not None and found.development_auc is not None:
        now, before = f"{found.grade_auc.auc:.3f}", f"{found.development_auc:.3f}"
        yield Finding(
            FindingCode.AUC_FELL, level, "", found.p_fall, limit,
            f"The grades separate less than in development: AUC {now}, then {before} "
            f"(p = {found.p_fall:.4f}).",
            f"等级的区分能力低于建模样本：AUC 由 {before} 降至 {now}（p = {found.p_fall:.4f}）。",
        )  # fmt: skip


def _calibrated(limits: Thresholds, table: tuple[GradeCalibration, ...]) -> Iterator[Finding]:
    """Grades whose PD the outcomes contradict; too few bads are only worth a watch.

    p-values are multiplied by the number of grades seen (Bonferroni), so that a card whose PDs all hold
    is blamed no more often than the limit says.
    """
    tested = sum(row.rows > 0 for row in table)
    for row in table:
        more, fewer = min(1.0, row.p_more * tested), min(1.0, row.p_fewer * tested)
        level, limit = _level(limits, more)
        figures = f"{row.bads} / {row.rows}", f"{row.expected:.1f}"
        if level is not None:
            yield Finding(
                FindingCode.PD_TOO_LOW, level, row.grade, more, limit,
                f"Grade {row.grade} has more bads than its PD of {row.pd:.2%} says: {figures[0]}, "
                f"expected {figures[1]} (p = {more:.4f}).",
                f"等级 {row.grade} 的坏样本多于其违约概率 {row.pd:.2%} 的预期：{figures[0]}，"
                f"预期 {figures[1]}（p = {more:.4f}）。",
            )  # fmt: skip
        elif fewer < limits.p_watch:
            yield Finding(
                FindingCode.PD_TOO_HIGH, Level.WATCH, row.grade, fewer, limits.p_watch,
                f"Grade {row.grade} has fewer bads than its PD of {row.pd:.2%} says: {figures[0]}, "
                f"expected {figures[1]} (p = {fewer:.4f}).",
                f"等级 {row.grade} 的坏样本少于其违约概率 {row.pd:.2%} 的预期：{figures[0]}，"
                f"预期 {figures[1]}（p = {fewer:.4f}）。",
            )  # fmt: skip


def _level(limits: Thresholds, p_value: float | None) -> tuple[Level | None, float]:
    if p_value is None or p_value >= limits.p_watch:
        return None, limits.p_watch
    if p_value < limits.p_alert:
        return Level.ALERT, limits.p_alert
    return Level.WATCH, limits.p_watch
