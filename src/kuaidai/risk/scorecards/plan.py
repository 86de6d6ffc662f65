"""A fit described in a TOML file: where the data are, what the card is to be, which features may enter.

```toml
name = "behaviour-card"
purpose = "renewal of lines"  # optional, as is author: who fits; both stay in the card's provenance

[data]
train = "train.parquet"       # a Parquet file or a folder of them, beside this file
target = "bad"
weight = "rows"               # optional: a column of row weights
offset = "year_effect"        # optional: a column of fixed log-odds of bad
recent = "2026.parquet"       # optional: stability, and validation out of time

[card]                        # any setting of ScorecardConfig
max_bins = 5
grades = { A = 680, B = 640, C = 600, D = 560, E = "rest" }

[segments]                    # optional: a card for each segment, all on one scale
column = "customer"           # alone: a segment for each of its values
unknown = "new"               # who judges a row of no segment; "error" (default) refuses it

[segments.cards]              # or segments by name: lists of values, or numbers from least up to below
new = { values = ["new", "trial"], features = ["turnover"] }
existing = { values = ["existing"] }

[[features]]                  # any setting of FeatureConfig
name = "turnover"
trend = "descending"
special = { "no record" = -999 }
```
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from kuaidai.risk.scorecards.config import FeatureConfig, GradeBand, ScorecardConfig
from kuaidai.risk.scorecards.errors import BadPlan, BadSetting
from kuaidai.risk.scorecards.segments.rule import REFUSED, Segment, Segmentation

_DATA = ("train", "target", "weight", "offset", "recent")
_SIGNED = ("author", "purpose")


@dataclass(frozen=True)
class SegmentsByValue:
    """A segment for each value of a column: which ones, the data will tell."""

    column: str
    unknown: str


@dataclass(frozen=True)
class FitPlan:
    """What a plan file says. Paths are as written, resolved against the file's folder."""

    config: ScorecardConfig
    train: Path
    target: str
    weight: str | None
    recent: Path | None
    signed: tuple[tuple[str, str], ...] = ()
    """Who made the card and what for, where the file says so."""
    offset: str | None = None
    segments: Segmentation | SegmentsByValue | None = None


def read_plan(path: Path | str) -> FitPlan:
    """Read a plan; raises `BadPlan` naming the entry that is wrong, and what may stand there."""
    path, source = Path(path), str(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise BadPlan(source=source, why=why) from error
    except UnicodeDecodeError as error:
        raise BadPlan(source=source, why="it is not a text file") from error
    except tomllib.TOMLDecodeError as error:
        raise BadPlan(source=source, why=f"it is not TOML ({error})") from error
    try:
        return _plan(document, path.parent)
    except BadSetting as error:
        raise BadPlan(source=source, why=str(error).rstrip(".")) from error
    except ValueError as error:
        raise BadPlan(source=source, why=str(error)) from error


def _plan(document: dict[str, Any], folder: Path) -> FitPlan:
    _only(document, ("name", *_SIGNED, "data", "card", "features", "segments"), "the file")
    for name in _SIGNED:
        if not isinstance(document.get(name, ""), str):
            raise ValueError(f"{name} is {document[name]!r}; it must be text")
    for needed, kind in (("name", str), ("data", dict), ("features", list)):
        if not isinstance(document.get(needed), kind):
            raise ValueError(f"the entry {needed} is missing or of the wrong kind")
    data, card = document["data"], document.get("card", {})
    _only(data, _DATA, "[data]")
    for name in _DATA:
        if name in data and not isinstance(data[name], str):
            raise ValueError(f"{name} in [data] is {data[name]!r}; it must be text")
    for needed in ("train", "target"):
        if needed not in data:
            raise ValueError(f"{needed} is missing in [data]")
    settings = {k: v for k, v in card.items() if k != "grades"}
    if "grades" in card:
        settings["bands"] = _bands(card["grades"])
    features = tuple(_feature(entry) for entry in document["features"])
    config = _made(
        ScorecardConfig, {**settings, "name": document["name"], "features": features}, "[card]"
    )
    recent = data.get("recent")
    return FitPlan(
        config,
        folder / data["train"],
        data["target"],
        data.get("weight"),
        None if recent is None else folder / recent,
        tuple((name, document[name]) for name in _SIGNED if document.get(name)),
        data.get("offset"),
        _segments(document.get("segments")),
    )


def _segments(entry: Any) -> Segmentation | SegmentsByValue | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("column"), str):
        raise ValueError("[segments] needs a column")
    _only(entry, ("column", "unknown", "cards"), "[segments]")
    unknown = _value(str, entry.get("unknown", REFUSED), "unknown of [segments]")
    cards = entry.get("cards")
    if cards is None:
        return SegmentsByValue(entry["column"], unknown)
    if not isinstance(cards, dict) or not all(isinstance(each, dict) for each in cards.values()):
        raise ValueError('[segments.cards] must name segments, as in new = { values = ["new"] }')
    made = (
        _made(Segment, {**each, "name": name}, f"segment {name}") for name, each in cards.items()
    )
    return Segmentation(entry["column"], tuple(made), unknown)


def _bands(grades: Any) -> tuple[GradeBand, ...]:
    if not isinstance(grades, dict):
        raise ValueError("grades in [card] must name each grade with its least score")
    bands = []
    for grade, floor in grades.items():
        if floor != "rest" and not isinstance(floor, int):
            raise ValueError(f'grade {grade} is {floor!r}; it must be a whole number or "rest"')
        bands.append(GradeBand(grade, None if floor == "rest" else floor))
    return tuple(bands)


def _feature(entry: Any) -> FeatureConfig:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ValueError("every entry of [[features]] needs a name")
    settings = dict(entry)
    special = settings.get("special", {})
    if not isinstance(special, dict):
        raise ValueError(f"special of {entry['name']} must name each code, as in {{ none = -999 }}")
    settings["special"] = tuple(special.items())
    made: FeatureConfig = _made(FeatureConfig, settings, f"feature {entry['name']}")
    return made


def _made(kind: Any, settings: dict[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    _only(settings, tuple(field.name for field in dataclasses.fields(kind)), where)
    return kind(**{k: _value(hints[k], v, f"{k} of {where}") for k, v in settings.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    """`value` as `kind` asks: enums by name, tuples from lists, whole numbers as floats."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value == "none":
            return None
        return _value(next(k for k in get_args(kind) if k is not type(None)), value, where)
    if origin is tuple and isinstance(value, list | tuple):
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_value(inner[0], item, where) for item in value)
        if len(inner) == len(value):
            return tuple(_value(k, item, where) for k, item in zip(inner, value, strict=True))
    if isinstance(kind, type) and issubclass(kind, StrEnum) and value in [k.value for k in kind]:
        return kind(value)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and not issubclass(kind, StrEnum) and type(value) is kind:
        return value
    raise ValueError(f"{where} is {value!r}; it must be {_described(kind)}")


def _described(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of " + ", ".join(item.value for item in kind)
    names = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
    return names.get(kind, "a list")


def _only(given: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    strange = sorted(set(given) - set(known))
    if strange:
        raise ValueError(f"{where} has no setting {strange[0]}; known: {', '.join(sorted(known))}")
