"""What a month of monitoring says about a card in use, and its JSON form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kuaidai.kernel.canonical import canonical_json
from kuaidai.kernel.stability import ACT, WATCH, Stability
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.metrics import AucInterval


class Level(StrEnum):
    """How urgent a finding is, and a report as a whole."""

    STABLE = "stable"
    WATCH = "watch"
    ALERT = "alert"


class FindingCode(StrEnum):
    """What a finding is about. A code that was used once stays, for stored reports are read by it."""

    SCORE_PSI = "SCORE_PSI"
    GRADE_PSI = "GRADE_PSI"
    CSI = "CSI"
    AUC_UNPROVEN = "AUC_UNPROVEN"
    AUC_FELL = "AUC_FELL"
    PD_TOO_LOW = "PD_TOO_LOW"
    PD_TOO_HIGH = "PD_TOO_HIGH"


@dataclass(frozen=True)
class Thresholds:
    """Where a finding begins.

    `psi_*` hold for the stability of score, grade and characteristics (Siddiqi, "Credit Risk
    Scorecards", 2006: 0.10 and 0.25); an index that two samples of one population reach with a chance
    of `p_alert` or more is no finding. `p_*` are levels of significance for the fall of the AUC and for
    calibration. `least_bads`: with fewer matured bads, or goods, discrimination and calibration are not
    judged. Raises `BadSetting`.
    """

    psi_watch: float = WATCH
    psi_alert: float = ACT
    p_watch: float = 0.05
    p_alert: float = 0.01
    least_bads: int = 10

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        if not 0 < self.psi_watch <= self.psi_alert:
            raise BadSetting(name="psi_watch", value=self.psi_watch, rule="in (0, psi_alert]")
        if not 0 < self.p_alert <= self.p_watch < 1:
            raise BadSetting(name="p_alert", value=self.p_alert, rule="in (0, p_watch], below 1")
        if self.least_bads < 2:
            raise BadSetting(name="least_bads", value=self.least_bads, rule="2 or more")


@dataclass(frozen=True)
class Population:
    """The month's applicants: how many, in which grade and at which score, as (name, count)."""

    rows: int
    mean_score: float
    mean_pd: float
    by_grade: tuple[tuple[str, int], ...]
    by_score: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CharacteristicStability:
    """How far the month's distribution over a characteristic's attributes is from development's.

    `feature`: on a segmented card segment/feature, and the column that decides for the segments' shares.
    """

    feature: str
    title_en: str
    title_zh: str
    stability: Stability


@dataclass(frozen=True)
class Discrimination:
    """How well the score separates on the matured vintages.

    `ks_low` and `ks_high`: 95 % interval of the gap at the score where it is widest, by the variance of
    two independent shares; that score is taken as given, so the interval is a little narrow.
    `grade_auc` is the AUC of the grades, the figure that `development_auc` gives for the development
    sample; `p_fall` is the chance of a fall as large without any change.
    """

    auc: AucInterval
    ks: float
    ks_low: float
    ks_high: float
    ks_score: float
    grade_auc: AucInterval
    development_auc: float | None
    p_fall: float | None


@dataclass(frozen=True)
class GradeCalibration:
    """Bads expected by a grade's PD and bads seen, with exact binomial tail chances.

    `p_more`: chance of as many bads or more if the PD holds; `p_fewer`: of as many or fewer.
    """

    grade: str
    rows: int
    bads: int
    pd: Decimal
    expected: float
    p_more: float
    p_fewer: float


@dataclass(frozen=True)
class Performance:
    """Outcomes of the matured vintages, from `first` to `last` (months, as their first days).

    `unlabelled` rows of matured vintages have no outcome (indeterminate, excluded, never drawn);
    `immature` rows are of later vintages and not looked at. `discrimination` is None and `calibration`
    empty where bads or goods are too few to judge.
    """

    first: date | None
    last: date | None
    rows: int
    bads: int
    unlabelled: int
    immature: int
    discrimination: Discrimination | None
    calibration: tuple[GradeCalibration, ...]


@dataclass(frozen=True)
class Finding:
    """Something to look into: `value` is the figure, `limit` the threshold it passed.

    `subject` is a characteristic or grade, empty for the card as a whole.
    """

    code: FindingCode
    level: Level
    subject: str
    value: float
    limit: float
    en: str
    zh: str


@dataclass(frozen=True)
class MonitoringReport:
    """A card in a month. `on`: the day up to which outcomes were known.

    `score` is None where there is nothing to compare with: a card keeps no distribution of scores, so
    the caller names one.
    """

    scorecard: str
    version_hash: str
    month: date
    on: date
    window_months: int
    thresholds: Thresholds
    population: Population
    score: Stability | None
    grade: Stability
    characteristics: tuple[CharacteristicStability, ...]
    performance: Performance | None
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The most urgent finding's level."""
        levels = [finding.level for finding in self.findings]
        return next(
            (level for level in (Level.ALERT, Level.WATCH) if level in levels), Level.STABLE
        )

    def to_json(self) -> str:
        """One canonical JSON document, from which `from_json` gives back an equal report."""
        return canonical_json(self).decode()

    @staticmethod
    def from_json(text: str) -> MonitoringReport:
        """Read what `to_json` wrote; raises `ValueError`, `KeyError` or `TypeError` if it is not."""
        return _read(json.loads(text))


def _read(held: dict[str, Any]) -> MonitoringReport:
    population, performance = held["population"], held["performance"]
    return MonitoringReport(
        **{
            **held,
            "month": date.fromisoformat(held["month"]),
            "on": date.fromisoformat(held["on"]),
            "thresholds": Thresholds(**held["thresholds"]),
            "population": Population(
                **{
                    **population,
                    "by_grade": tuple((str(name), int(n)) for name, n in population["by_grade"]),
                    "by_score": tuple((int(score), int(n)) for score, n in population["by_score"]),
                }
            ),
            "score": Stability(**held["score"]) if held["score"] else None,
            "grade": Stability(**held["grade"]),
            "characteristics": tuple(
                CharacteristicStability(**{**row, "stability": Stability(**row["stability"])})
                for row in held["characteristics"]
            ),
            "performance": _read_performance(performance) if performance else None,
            "findings": tuple(
                Finding(**{**row, "code": FindingCode(row["code"]), "level": Level(row["level"])})
                for row in held["findings"]
            ),
        }
    )


def _read_performance(held: dict[str, Any]) -> Performance:
    found = held["discrimination"]
    if found:
        aucs = {name: AucInterval(**found[name]) for name in ("auc", "grade_auc")}
        found = Discrimination(**{**found, **aucs})
    return Performance(
        **{
            **held,
            "first": date.fromisoformat(held["first"]) if held["first"] else None,
            "last": date.fromisoformat(held["last"]) if held["last"] else None,
            "discrimination": found,
            "calibration": tuple(
                GradeCalibration(**{**row, "pd": Decimal(row["pd"])}) for row in held["calibration"]
            ),
        }
    )
