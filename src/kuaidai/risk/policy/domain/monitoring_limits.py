"""Limits of monitoring as data: the file that ships, or a bank's own, with a table for single cards."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from kuaidai.risk.policy.errors import BadLimits
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.monitoring import Thresholds

_WINDOW = "window_months"
_KINDS = {field.name: field.type for field in dataclasses.fields(Thresholds)}


@dataclass(frozen=True)
class MonitoringLimits:
    """The outcome window in months, and thresholds by the name of the card."""

    window_months: int
    general: Thresholds
    own: Mapping[str, Thresholds]

    def of(self, label: str) -> Thresholds:
        """The thresholds for the model version `label` (name/version)."""
        return self.own.get(label.rpartition("/")[0], self.general)


def monitoring_limits(path: Path | None) -> MonitoringLimits:
    """The limits in the file `path` over those that ship; raises `BadLimits` naming the entry."""
    entry = files("kuaidai.risk.policy") / "library" / "monitoring.toml"
    shipped = limits_of(entry.read_text(encoding="utf-8"), source=entry.name)
    if path is None:
        return shipped
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLimits(source=path, why=str(error)) from error
    return limits_of(text, source=str(path), below=shipped)


def limits_of(text: str, *, source: str, below: MonitoringLimits | None = None) -> MonitoringLimits:
    """Read limits; what `text` leaves out is as in `below`. Raises `BadLimits`."""
    try:
        document = tomllib.loads(text)
        tables = {k: v for k, v in document.items() if isinstance(v, dict)}
        plain = {k: v for k, v in document.items() if k not in tables}
        window = plain.pop(_WINDOW, 12 if below is None else below.window_months)
        if type(window) is not int or window < 1:
            raise ValueError(f"{_WINDOW} is {window!r}; it must be a whole number from 1")
        general = _over(Thresholds() if below is None else below.general, plain, "the file")
        own = {name: _over(general, table, f"[{name}]") for name, table in tables.items()}
    except (tomllib.TOMLDecodeError, ValueError, BadSetting) as error:
        raise BadLimits(source=source, why=str(error).rstrip(".")) from error
    return MonitoringLimits(window, general, own)


def _over(below: Thresholds, given: Mapping[str, Any], where: str) -> Thresholds:
    for name, value in given.items():
        if name not in _KINDS:
            known = ", ".join(sorted(_KINDS))
            raise ValueError(f"{where} has no limit {name}; known: {known}")
        whole = _KINDS[name] == "int"
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise ValueError(f"{name} of {where} is {value!r}; it must be a number")
    return dataclasses.replace(below, **given)
