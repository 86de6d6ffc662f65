"""The catalogue: one TOML file per product, read into frozen dataclasses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from kuaidai.kernel.day_counts import DayCount
from kuaidai.kernel.errors import NotFound


class UnknownProduct(NotFound):
    """There is no product of that code."""

    code = "UNKNOWN_PRODUCT"
    en = "There is no product {value}; choose one of: {known}."
    zh = "没有产品 {value}；可选产品：{known}。"


@dataclass(frozen=True)
class Purpose:
    """What the money may be used for."""

    code: str
    title_en: str
    title_zh: str


@dataclass(frozen=True)
class ServicingRules:
    """What staff may do to the product's loans. Amounts in yuan, rates as annual fractions.

    A waiver above `waiver_alone` and every adjustment named in `second_person` waits for another
    person. `write_off_class` is the mildest risk class (1 to 5) that is written off.
    """

    most_charge: Decimal = Decimal("5000.00")
    waiver_alone: Decimal = Decimal("1000.00")
    most_waiver: Decimal = Decimal("200000.00")
    most_extensions: int = 1
    write_off_class: int = 4
    highest_rate: Decimal = Decimal("0.24")
    second_person: tuple[str, ...] = (
        "change_rate", "extend", "restructure", "write_off", "reverse",
    )  # fmt: skip


@dataclass(frozen=True)
class Product:
    """What a product offers, needs and limits. Amounts in yuan; `penalty_multiplier` on the rate.

    `allocation_order` says what a payment settles first within an instalment. A `revolving` line is
    drawn again after repayment. `total_credit_cap` bounds all lines of one obligor group together.
    """

    code: str
    line: str
    name_en: str
    name_zh: str
    policy: str
    required_sources: tuple[str, ...]
    optional_sources: tuple[str, ...]
    cap: Decimal
    floor: Decimal
    draw_step: Decimal
    minimum_draw: Decimal
    tenors_months: tuple[int, ...]
    methods: tuple[str, ...]
    day_count: DayCount
    settlement_day: int
    grace_days: int
    revolving: bool
    latest_maturity_after_expiry_days: int
    total_credit_cap: Decimal
    penalty_multiplier: Decimal
    misuse_multiplier: Decimal
    allocation_order: tuple[str, ...]
    purposes: tuple[Purpose, ...]
    conventions: Mapping[str, Any] = field(default_factory=dict)
    servicing: ServicingRules = field(default_factory=ServicingRules)


def _servicing(raw: Mapping[str, Any]) -> ServicingRules:
    values: dict[str, Any] = dict(raw)
    for name, value in raw.items():
        if isinstance(value, str):
            values[name] = Decimal(value)
        elif isinstance(value, list):
            values[name] = tuple(value)
    return ServicingRules(**values)


def _product(raw: dict[str, Any]) -> Product:
    money = (
        "cap", "floor", "draw_step", "minimum_draw", "penalty_multiplier", "misuse_multiplier",
        "total_credit_cap",
    )  # fmt: skip
    lists = (
        "required_sources", "optional_sources", "tenors_months", "methods", "allocation_order",
    )  # fmt: skip
    values = dict(raw)
    values.update({name: Decimal(raw[name]) for name in money})
    values.update({name: tuple(raw[name]) for name in lists})
    values["day_count"] = DayCount(raw["day_count"])
    values["purposes"] = tuple(Purpose(**purpose) for purpose in raw["purposes"])
    values["servicing"] = _servicing(raw.get("servicing", {}))
    return Product(**values)


@cache
def _catalogue() -> dict[str, Product]:
    found = {}
    for entry in files(__name__).iterdir():
        if entry.name.endswith(".toml"):
            read = _product(tomllib.loads(entry.read_text(encoding="utf-8")))
            found[read.code] = read
    return found


def all_products() -> tuple[Product, ...]:
    """Every product, by code."""
    return tuple(_catalogue()[code] for code in sorted(_catalogue()))


def product(code: str) -> Product:
    """The product of that code. Raises `UnknownProduct`."""
    try:
        return _catalogue()[code]
    except KeyError:
        raise UnknownProduct(value=code, known=", ".join(sorted(_catalogue()))) from None
