"""Alerts of monitoring: a finding that stays on the list until a person has looked into it or it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kuaidai.risk.scorecards.monitoring_report import Finding, FindingCode, Level

GROWTH = 1.5
"""An index this many times what it was when a person looked into it is worse, if its level stayed."""
_INDICES = frozenset({FindingCode.SCORE_PSI, FindingCode.GRADE_PSI, FindingCode.CSI})
_URGENCY = {Level.STABLE: 0, Level.WATCH: 1, Level.ALERT: 2}


class AlertState(StrEnum):
    """Where an alert is: `open` until a person acknowledges it, `closed` once its finding is gone."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True)
class AlertView:
    """An alert of model version `label`.

    `since` and `month`: the first and the newest month (as first days) in which it was found. `value`,
    `limit`, `level` and the texts are those of the newest month. `reopened` says that it was
    acknowledged before and got worse; the note is then of that time.
    """

    id: int
    label: str
    code: str
    subject: str
    level: Level
    value: float
    limit: float
    en: str
    zh: str
    state: AlertState
    since: date
    month: date
    reopened: bool
    acknowledged_by: str
    acknowledged_on: date | None
    note: str


def worse(finding: Finding, *, level: Level, value: float) -> bool:
    """Whether a finding is worse than when it was acknowledged at `level` and `value`.

    It is when its level rose or when a stability index grew by half. p-values do not count: with ever
    more outcomes they fall by themselves while nothing gets worse.
    """
    if finding.level is not level:
        return _URGENCY[finding.level] > _URGENCY[level]
    return finding.code in _INDICES and finding.value >= GROWTH * value
