"""Monitoring a card in use: who comes, does it still separate, do its PDs still hold.

A report covers one month. The population of the month is held against the development sample, of which
the card keeps counts per attribute and grade; discrimination and calibration are judged on matured
vintages only, whose every loan has been watched for the whole performance window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy import stats

from kuaidai.kernel.calendars import add_months, month_end, month_start
from kuaidai.kernel.stability import Stability, stability_index
from kuaidai.risk.scorecards.card import Grade, Scorecard
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import (
    Floats,
    Table,
    read_column,
    require_columns,
    row_count,
    take_rows,
)
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.errors import BadSetting, SampleTooSmall
from kuaidai.risk.scorecards.metrics import auc_with_interval, separation
from kuaidai.risk.scorecards.monitoring_findings import findings
from kuaidai.risk.scorecards.monitoring_report import (
    CharacteristicStability,
    Discrimination,
    Finding,
    GradeCalibration,
    Level,
    MonitoringReport,
    Performance,
    Population,
    Thresholds,
)
from kuaidai.risk.scorecards.segments.card import AnyScorecard

__all__ = [
    "CharacteristicStability",
    "Discrimination",
    "Finding",
    "GradeCalibration",
    "Level",
    "MonitoringReport",
    "Performance",
    "Population",
    "Thresholds",
    "development_auc",
    "matured_through",
    "monitor",
]

DECIDED_ON, SCORE, BAD = "decided_on", "score", "bad"
_Z95 = 1.959963984540054
_SCORE_BANDS = 10


def monitor(
    card: AnyScorecard,
    population: Table,
    *,
    month: date,
    on: date,
    performance: Table | None = None,
    window_months: int = 12,
    reference: Mapping[int, int] | None = None,
    thresholds: Thresholds | None = None,
) -> MonitoringReport:
    """Hold a month's applicants, and what became of earlier ones, against the card.

    `population`: the features of everyone scored in `month` (any day of it). `reference`: rows by score
    that the month's scores are held against, of the development sample where it is at hand.
    `performance`: `decided_on`, `score` and `bad` (1, 0, or null without outcome), one row an earlier
    decision. A vintage, the decisions of a calendar month, is matured when the window of its last day
    is over on `on`; early bads of younger ones are left out, for they alone would overstate risk.
    Raises `SampleTooSmall` for an empty population, `BadSetting`, and what `Scorecard.scores` raises.
    """
    limits = thresholds or Thresholds()
    if window_months < 1:
        raise BadSetting(name="window_months", value=window_months, rule="1 or more")
    if not row_count(population):
        raise SampleTooSmall(
            sample=f"Month {month:%Y-%m}", rows=0, least=1, remedy="Monitor a month with decisions."
        )
    scores = card.scores(population)
    counted = _population(card, scores)
    grade = stability_index([g.rows for g in card.grades], [count for _, count in counted.by_grade])
    score = None if not reference else _score_stability(reference, dict(counted.by_score))
    moved = tuple(_characteristics(card, population))
    judged = None
    if performance is not None:
        judged = _performance(card, performance, on, window_months, limits.least_bads)
    return MonitoringReport(
        scorecard=card.name,
        version_hash=card.version_hash,
        month=month_start(month),
        on=on,
        window_months=window_months,
        thresholds=limits,
        population=counted,
        score=score,
        grade=grade,
        characteristics=moved,
        performance=judged,
        findings=findings(limits, score, grade, moved, judged),
    )


def matured_through(on: date, window_months: int) -> date:
    """The last day of the last vintage whose whole performance window is over on `on`.

    >>> matured_through(date(2026, 6, 30), 12), matured_through(date(2026, 6, 29), 12)
    (datetime.date(2025, 6, 30), datetime.date(2025, 5, 31))
    """
    first = add_months(month_start(on), -window_months)
    return month_end(first) if on == month_end(on) else first - timedelta(days=1)


def _population(card: AnyScorecard, scores: npt.NDArray[np.int64]) -> Population:
    distinct, counts = np.unique(scores, return_counts=True)
    by_score = tuple(zip(distinct.tolist(), counts.tolist(), strict=True))
    grades = dict.fromkeys((g.grade for g in card.grades), 0)
    for score, count in by_score:
        grades[card.grade_of(score).grade] += count
    return Population(
        rows=len(scores),
        mean_score=float(scores.mean()),
        mean_pd=float(card.probabilities(scores).mean()),
        by_grade=tuple(grades.items()),
        by_score=by_score,
    )


def _score_stability(reference: Mapping[int, int], now: Mapping[int, int]) -> Stability:
    """Over bands of about a tenth of the reference each."""
    scores = np.array(sorted(reference))
    share = np.cumsum([reference[s] for s in scores.tolist()]) / sum(reference.values())
    steps = np.arange(1, _SCORE_BANDS) / _SCORE_BANDS
    edges = np.unique(scores[np.searchsorted(share, steps - 1e-12)])
    counts = [
        np.bincount(
            np.searchsorted(edges, list(side), side="left"),
            weights=list(side.values()),
            minlength=len(edges) + 1,
        )
        for side in (reference, now)
    ]
    return stability_index(*counts)


def _characteristics(card: AnyScorecard, population: Table) -> Iterator[CharacteristicStability]:
    """Of a segmented card: the segments' shares, then each card's characteristics on its own rows."""
    if isinstance(card, Scorecard):
        yield from (_characteristic(c, population) for c in card.characteristics)
        return
    rule, places = card.segmentation, card.segmentation.places(population)
    before = [each.provenance.rows for each in card.cards]
    shares = stability_index(before, np.bincount(places, minlength=len(before)))
    yield CharacteristicStability(
        rule.column, f"{rule.column}, shares of segments", f"{rule.column}（客群占比）", shares
    )
    for place, (name, each) in enumerate(zip(rule.names, card.cards, strict=True)):
        own = take_rows(population, np.flatnonzero(places == place))
        if row_count(own):
            for c in each.characteristics:
                found = _characteristic(c, own)
                yield replace(
                    found,
                    feature=f"{name}/{c.name}",
                    title_en=f"{found.title_en}, segment {name}",
                    title_zh=f"{found.title_zh}（客群：{name}）",
                )


def _characteristic(c: Characteristic, population: Table) -> CharacteristicStability:
    codes = c.codes(read_column(population, c.name, c.feature.kind))
    after = np.bincount(codes, minlength=len(c.attributes))
    before = [attribute.count for attribute in c.attributes]
    return CharacteristicStability(
        c.name, c.feature.title("en"), c.feature.title("zh"), stability_index(before, after)
    )


def _performance(
    card: AnyScorecard, table: Table, on: date, window_months: int, least_bads: int
) -> Performance:
    require_columns(table, [DECIDED_ON, SCORE, BAD])
    through = matured_through(on, window_months)
    days = np.array(_days(table), dtype="datetime64[D]")
    matured = days <= np.datetime64(through)
    bad = np.asarray(read_column(table, BAD, Kind.NUMERIC), dtype=np.float64)
    scores = np.asarray(read_column(table, SCORE, Kind.NUMERIC), dtype=np.float64)
    odd = bad[~np.isnan(bad) & ~np.isin(bad, (0.0, 1.0))]
    if odd.size:
        raise BadSetting(name=BAD, value=f"{odd[0]:g}", rule="0, 1 or missing")
    used = matured & ~np.isnan(bad)
    seen, bads = days[used], int(bad[used].sum())
    enough = min(bads, int(used.sum()) - bads) >= least_bads
    grades = [card.grade_of(int(score)) for score in scores[used]]
    return Performance(
        first=month_start(seen.min().item()) if seen.size else None,
        last=month_start(seen.max().item()) if seen.size else None,
        rows=int(used.sum()),
        bads=bads,
        unlabelled=int((matured & np.isnan(bad)).sum()),
        immature=int((~matured).sum()),
        discrimination=_discrimination(card, scores[used], bad[used], grades) if enough else None,
        calibration=_calibration(card, bad[used], grades) if enough else (),
    )


def _days(table: Table) -> list[date]:
    column = table[DECIDED_ON]
    cells = column.to_pylist() if hasattr(column, "to_pylist") else column.tolist()
    return [cell.date() if hasattr(cell, "date") else cell for cell in cells]


def _discrimination(
    card: AnyScorecard, scores: Floats, bad: Floats, grades: list[Grade]
) -> Discrimination:
    gap = separation(scores, bad)
    at = gap.scores.index(gap.ks_score)
    bads = float(bad.sum())
    goods = len(bad) - bads
    shares = ((gap.bads[at], bads), (gap.goods[at], goods))
    spread = _Z95 * math.sqrt(sum(share * (1 - share) / count for share, count in shares))
    ranks = {g.grade: -place for place, g in enumerate(card.grades)}
    graded = auc_with_interval(np.array([float(ranks[g.grade]) for g in grades]), bad)
    before = development_auc(card)
    fall = None
    if before is not None and graded.error > 0:
        fall = float(stats.norm.sf((before - graded.auc) / graded.error))
    return Discrimination(
        auc=auc_with_interval(scores, bad),
        ks=gap.ks,
        ks_low=max(0.0, gap.ks - spread),
        ks_high=min(1.0, gap.ks + spread),
        ks_score=gap.ks_score,
        grade_auc=graded,
        development_auc=before,
        p_fall=fall,
    )


def development_auc(card: AnyScorecard) -> float | None:
    """AUC of the grades in development, from the counts on the card; None without goods or bads."""
    bads = np.array([g.bads for g in card.grades])
    goods = np.array([g.rows for g in card.grades]) - bads
    if not (bads.sum() and goods.sum()):
        return None
    below = np.cumsum(bads[::-1])[::-1] - bads  # bads in worse grades; the best grade stands first
    return float((goods * (below + bads / 2)).sum() / (goods.sum() * bads.sum()))


def _calibration(
    card: AnyScorecard, bad: Floats, grades: list[Grade]
) -> tuple[GradeCalibration, ...]:
    """Tails of the binomial distribution: Basel Committee, Working Paper 14 (2005), chapter III."""
    names = np.array([g.grade for g in grades])
    table = []
    for grade in card.grades:
        rows = int((names == grade.grade).sum())
        bads = int(bad[names == grade.grade].sum())
        chance = float(grade.pd)
        table.append(
            GradeCalibration(
                grade=grade.grade,
                rows=rows,
                bads=bads,
                pd=grade.pd,
                expected=rows * chance,
                p_more=float(stats.binom.sf(bads - 1, rows, chance)) if rows else 1.0,
                p_fewer=float(stats.binom.cdf(bads, rows, chance)) if rows else 1.0,
            )
        )
    return tuple(table)
