"""A table's quality by month: missing values, outliers, drift, new categories, and what stands out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import ibis
import numpy as np

from kuaidai.data.quality.baseline import ColumnBaseline, fix_baseline
from kuaidai.data.quality.counting import Cell, NewValue, count_months, month_rows, new_values
from kuaidai.data.quality.errors import QualityColumnMissing, WrongQualitySetting
from kuaidai.data.quality.plan import ColumnPlan, Measure
from kuaidai.kernel.stability import stability_index

_SIGMAS = 4.0
"""How far beyond sampling noise a share must lie to stand out: of some thousand cells none by chance."""
_BY_CHANCE = 1e-5
"""The chance below which an index is no accident: a report holds some ten thousand of them."""
_STEADY_ROWS = 5
"""Rows a month, on average of the baseline, from which a month without any is no accident."""
_LEAST_RISE = {"missing": 0.02, "outliers": 0.01}
"""Rises of a share that matter at all."""


class Against(StrEnum):
    """What a month's distribution is held against: the baseline months, or the month before."""

    BASELINE = "baseline"
    PREVIOUS = "previous"


@dataclass(frozen=True)
class Settings:
    """How a table is screened.

    `baseline_months` are fixed at the beginning of the last `months`; outliers lie more than `spread`
    interquartile ranges from the median. Raises `WrongQualitySetting`.
    """

    baseline_months: int = 6
    months: int = 36
    spread: float = 3.0
    against: Against = Against.BASELINE

    def __post_init__(self) -> None:
        for name, kept, rule in (
            ("baseline_months", 1 <= self.baseline_months <= 60, "between 1 and 60"),
            ("months", 1 <= self.months <= 120, "between 1 and 120"),
            ("spread", 0 < self.spread <= 100, "above 0 and at most 100"),
        ):
            if not kept:
                raise WrongQualitySetting(name=name, value=getattr(self, name), rule=rule)


@dataclass(frozen=True)
class ColumnProfile:
    """A column by month, in the order of the profile's months; None where the month has no rows.

    `missing` and `outliers` are shares of rows and of values; `psi` is the stability index against what
    the profile was asked for, `level` its reading (stable, watch, act).
    """

    name: str
    measure: str
    title_en: str
    title_zh: str
    low: float | None
    high: float | None
    missing: tuple[float | None, ...]
    distinct: tuple[int | None, ...]
    outliers: tuple[float | None, ...]
    psi: tuple[float | None, ...]
    level: tuple[str | None, ...]
    new_values: tuple[NewValue, ...]


@dataclass(frozen=True)
class Finding:
    """What stands out: `kind` is missing_month, missing, outliers, drift or new_category."""

    kind: str
    month: str
    column: str
    value: float
    text: str


@dataclass(frozen=True)
class Profile:
    """A table's quality. `baseline` names the first and last baseline month; `months` without rows
    between others are there with 0 rows."""

    name: str
    title_en: str
    title_zh: str
    months: tuple[str, ...]
    rows: tuple[int, ...]
    undated: int
    baseline: tuple[str, ...]
    against: str
    spread: float
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]


def profile_table(
    table: ibis.Table,
    plans: tuple[ColumnPlan, ...],
    *,
    dated: str,
    name: str,
    titles: tuple[str, str],
    settings: Settings | None = None,
) -> Profile:
    """Screen a table by the months of its date column `dated`. Raises `QualityColumnMissing`."""
    chosen = settings or Settings()
    for wanted in (dated, *(plan.name for plan in plans)):
        if wanted not in table.columns:
            present = ", ".join(table.columns) or "no column"
            raise QualityColumnMissing(column=wanted, present=present)
    monthly = table.mutate(_month=table[dated].cast("date").truncate("M").cast("date"))
    counted = month_rows(monthly)
    months = _every_month(list(counted))[-chosen.months :]
    rows = tuple(counted.get(month, 0) for month in months)
    undated = int(monthly.filter(monthly["_month"].isnull()).count().to_pyarrow().as_py())
    base = tuple(month for month in months if counted.get(month))[: chosen.baseline_months]
    empty = Profile(
        name, *titles, months, rows, undated, base, chosen.against, chosen.spread, (), ()
    )
    if not months:
        return empty
    baselines = fix_baseline(_between(monthly, base[0], base[-1]), plans, spread=chosen.spread)
    seen = _between(monthly, months[0], months[-1])
    cells = count_months(seen, baselines)
    columns = tuple(
        _column(
            baseline,
            [cells[month][place] if month in cells else None for month in months],
            months.index(base[-1]) + 1,
            chosen.against,
            seen,
        )
        for place, baseline in enumerate(baselines)
    )
    findings = _findings(months, rows, base, columns)
    return Profile(
        name, *titles, months, rows, undated, base, chosen.against, chosen.spread, columns, findings
    )


def _every_month(found: list[str]) -> tuple[str, ...]:
    """All months from the first to the last, those without rows too."""
    if not found:
        return ()
    first, last = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (found[0], found[-1]))
    return tuple(f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(first, last + 1))


def _between(monthly: ibis.Table, first: str, last: str) -> ibis.Table:
    month = monthly["_month"]
    return monthly.filter(month >= ibis.date(f"{first}-01"), month <= ibis.date(f"{last}-01"))


def _column(
    baseline: ColumnBaseline,
    cells: list[Cell | None],
    base: int,
    against: Against,
    seen: ibis.Table,
) -> ColumnProfile:
    """One column's figures; the first `base` cells are the baseline."""
    totals = [None if cell is None else sum(cell.bins) for cell in cells]
    drift = _drift(cells, base, against)
    others = [cell.bins[-2] for cell in cells if cell is not None]
    is_category = baseline.measure is Measure.CATEGORY
    plan = baseline.plan
    return ColumnProfile(
        name=plan.name,
        measure=plan.measure.value,
        title_en=plan.title_en,
        title_zh=plan.title_zh,
        low=baseline.low,
        high=baseline.high,
        missing=tuple(
            cell.bins[-1] / total if cell and total else None
            for cell, total in zip(cells, totals, strict=True)
        ),
        distinct=tuple(cell.distinct if cell else None for cell in cells),
        outliers=tuple(
            cell.outliers / cell.valid
            if cell and cell.outliers is not None and cell.valid
            else None
            for cell in cells
        ),
        psi=tuple(index for index, _ in drift),
        level=tuple(level for _, level in drift),
        new_values=new_values(seen, baseline) if is_category and any(others) else (),
    )


def _drift(
    cells: list[Cell | None], base: int, against: Against
) -> list[tuple[float | None, str | None]]:
    """Stability index and level of every month. A level beyond stable is more than chance explains."""
    fixed = np.sum([cell.bins for cell in cells[:base] if cell is not None], axis=0)
    found: list[tuple[float | None, str | None]] = []
    before = fixed
    for cell in cells:
        if cell is None:
            found.append((None, None))
            continue
        held = before if against is Against.PREVIOUS else fixed
        stability = stability_index(held, cell.bins)
        loud = stability.p_value < _BY_CHANCE
        found.append((stability.index, stability.level if loud else "stable"))
        before = np.asarray(cell.bins)
    return found


def _findings(
    months: tuple[str, ...],
    rows: tuple[int, ...],
    base: tuple[str, ...],
    columns: tuple[ColumnProfile, ...],
) -> tuple[Finding, ...]:
    """What stands out, by month. A month without rows does where the baseline has rows every month."""
    begins = months.index(base[-1]) + 1
    steady = begins == len(base) and sum(rows[:begins]) >= _STEADY_ROWS * begins
    found = [
        Finding("missing_month", month, "", 0.0, "")
        for month, count in zip(months, rows, strict=True)
        if steady and count == 0
    ]
    for column in columns:
        for kind, shares in (("missing", column.missing), ("outliers", column.outliers)):
            usual = _mean(shares[:begins], rows[:begins])
            found += [
                Finding(kind, months[at], column.name, share, "")
                for at, share in enumerate(shares)
                if at >= begins and share is not None and _rose(kind, usual, share, rows[at])
            ]
        found += [
            Finding("drift", months[at], column.name, index, column.level[at] or "")
            for at, index in enumerate(column.psi)
            if at >= begins and index is not None and column.level[at] != "stable"
        ]
        found += [
            Finding("new_category", new.since, column.name, float(new.rows), new.value)
            for new in column.new_values
        ]
    return tuple(sorted(found, key=lambda f: (f.month, f.kind, f.column)))


def _mean(shares: tuple[float | None, ...], rows: tuple[int, ...]) -> float:
    """Share of the baseline: the months' shares weighed by their rows."""
    pairs = [(s, n) for s, n in zip(shares, rows, strict=True) if s is not None]
    total = sum(n for _, n in pairs)
    return sum(s * n for s, n in pairs) / total if total else 0.0


def _rose(kind: str, usual: float, share: float, rows: int) -> bool:
    """Whether a share rose by more than what matters and more than chance explains."""
    noise = math.sqrt(max(usual, 1 / rows) * (1 - min(usual, 1 - 1 / (rows + 1))) / rows)
    return share - usual > max(_LEAST_RISE[kind], _SIGMAS * noise)
