"""Lending on invoices alone: the terms of the book, industries read from names, shocks by industry."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

from kuaidai.risk.policy.errors import BadScenario

OTHER = "other"
_ONE = Decimal(1)


@dataclass(frozen=True)
class Industry:
    """An industry and the words in a firm's name that tell it."""

    code: str
    title_en: str
    title_zh: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """Terms of the book: amounts in yuan, the rest fractions of a year's loan."""

    budget: Decimal
    least: Decimal
    most: Decimal
    step: Decimal
    loss_given_default: Decimal
    cost: Decimal
    turnover_share: Decimal
    least_active_months: int
    grade_factors: Mapping[str, Decimal]
    industries: tuple[Industry, ...]

    def industry_of(self, name: str) -> str:
        """Code of the first industry with a word that occurs in `name`, or `other`."""
        for industry in self.industries:
            if any(word in name for word in industry.words):
                return industry.code
        return OTHER


@dataclass(frozen=True)
class Shock:
    """Factors on yearly sales and on the odds of default."""

    sales: Decimal = _ONE
    odds: Decimal = _ONE


@dataclass(frozen=True)
class Scenario:
    """A shock for each industry; `default` holds for those not named."""

    name: str
    title_en: str
    title_zh: str
    default: Shock
    industries: Mapping[str, Shock]

    def shock_of(self, industry: str) -> Shock:
        """What happens to an industry."""
        return self.industries.get(industry, self.default)


CALM = Scenario("calm", "No shock", "无冲击", Shock(), {})


def shocked_pd(pd: Decimal, odds: Decimal) -> Decimal:
    """The probability of default whose odds are `odds` times those of `pd`; six places.

    >>> shocked_pd(Decimal("0.200000"), Decimal("2"))
    Decimal('0.333333')
    """
    return (pd * odds / (1 - pd + pd * odds)).quantize(Decimal("0.000001"))


def terms_of(text: str, *, source: str) -> Terms:
    """Read the terms of a book (TOML); raises `BadScenario`."""
    raw = _toml(text, source)
    amounts = ("budget", "least", "most", "step", "loss_given_default", "cost", "turnover_share")
    try:
        return Terms(
            **{name: Decimal(raw[name]) for name in amounts},
            least_active_months=int(raw["least_active_months"]),
            grade_factors={k: Decimal(v) for k, v in raw["grade_factors"].items()},
            industries=tuple(
                Industry(i["code"], i["title_en"], i["title_zh"], tuple(i["words"]))
                for i in raw["industries"]
            ),
        )
    except (KeyError, TypeError, ArithmeticError) as error:
        raise BadScenario(source=source, why=f"{error!r}") from error


def scenario_of(text: str, *, source: str) -> Scenario:
    """Read a scenario (TOML); raises `BadScenario`."""
    raw = _toml(text, source)
    try:
        return Scenario(
            raw["name"],
            raw["title_en"],
            raw["title_zh"],
            _shock(raw["default"]),
            {code: _shock(shock) for code, shock in raw["industries"].items()},
        )
    except (KeyError, TypeError, ArithmeticError) as error:
        raise BadScenario(source=source, why=f"{error!r}") from error


def _shock(raw: Mapping[str, str]) -> Shock:
    shock = Shock(Decimal(raw["sales"]), Decimal(raw["odds"]))
    if shock.sales < 0 or shock.odds <= 0:
        raise ArithmeticError(f"factors must be positive: {dict(raw)}")
    return shock


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(source=source, why=f"it is not TOML ({error})") from error


def library_terms() -> Terms:
    """The terms that ship."""
    entry = files("kuaidai.risk.policy") / "library" / "invoice-book.toml"
    return terms_of(entry.read_text(encoding="utf-8"), source=entry.name)


def load_scenario(name: str) -> Scenario:
    """The scenario that ships as `name`, or the one in the file `name`; raises `BadScenario`."""
    shipped = files("kuaidai.risk.policy") / "library" / "scenarios" / f"{name}.toml"
    if "/" not in name and shipped.is_file():
        return scenario_of(shipped.read_text(encoding="utf-8"), source=shipped.name)
    path = Path(name)
    if not path.is_file():
        raise BadScenario(source=name, why="there is no such file, and none ships by that name")
    return scenario_of(path.read_text(encoding="utf-8"), source=name)
