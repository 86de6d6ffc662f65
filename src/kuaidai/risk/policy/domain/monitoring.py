"""What queries about monitoring hand out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kuaidai.risk.scorecards.monitoring import MonitoringReport


@dataclass(frozen=True)
class MonitoringView:
    """A stored report of model version `label`; `on` is the business date of the run."""

    label: str
    month: date
    on: date
    report: MonitoringReport
