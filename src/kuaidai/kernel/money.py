"""Money is a `Decimal` of yuan with two places; this module is the only place that rounds it."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from kuaidai.kernel.errors import Refusal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST = Decimal("9999999999999999.99")
"""The largest amount that `numeric(18, 2)` holds."""

_AMOUNT = re.compile(r"^[+-]?\d{1,16}(\.\d{1,2})?$")


class MalformedAmount(Refusal):
    """A text that is not an amount of money."""

    code = "MALFORMED_AMOUNT"
    en = "{value!r} is not an amount; write digits with at most two decimals, such as 1234.50."
    zh = "{value!r} 不是有效金额；请输入数字，最多两位小数，例如 1234.50。"


def yuan(value: Decimal | int | str) -> Decimal:
    """`value` as an amount of money, rounded half-up to the cent. Floats are refused with `TypeError`."""
    if isinstance(value, float):
        raise TypeError(f"money is never a float: {value!r}")
    return Decimal(value).quantize(CENT, rounding=ROUND_HALF_UP)


class Rounding(StrEnum):
    """What becomes of half a cent: away from zero (half-up), or to the even cent."""

    HALF_UP = "half-up"
    HALF_EVEN = "half-even"


def round_ratio(numerator: int, denominator: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """`numerator / denominator` rounded to a whole number; the denominator is positive."""
    whole, rest = divmod(abs(numerator), denominator)
    twice = 2 * rest
    if twice > denominator or (
        twice == denominator and (rounding is Rounding.HALF_UP or whole % 2 == 1)
    ):
        whole += 1
    return whole if numerator >= 0 else -whole


def round_cents(exact: Fraction, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """An exact amount rounded to the cent, half a cent away from zero unless told otherwise."""
    return from_cents(round_ratio(exact.numerator * 100, exact.denominator, rounding))


def to_cents(amount: Decimal) -> int:
    """An amount in whole cents. Raises `ValueError` for parts of a cent."""
    cents = amount.scaleb(2)
    whole = int(cents)
    if whole != cents:
        raise ValueError(f"{amount} has parts of a cent")
    return whole


def from_cents(cents: int) -> Decimal:
    """Whole cents as an amount with two places."""
    return Decimal(cents).scaleb(-2)


def parse_amount(text: str) -> Decimal:
    """The amount a person typed: thousands commas, a leading ¥ and spaces are allowed.

    Raises `MalformedAmount` for anything else, scientific notation and NaN included.
    """
    bare = text.strip().removeprefix("¥").replace(",", "").replace("，", "").strip()
    if not _AMOUNT.match(bare):
        raise MalformedAmount(value=text)
    return yuan(bare)


def floor_to(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `amount`.

    >>> floor_to(Decimal("123456.78"), Decimal("1000"))
    Decimal('123000.00')
    """
    if step <= 0:
        raise ValueError(f"step must be positive, not {step}")
    return ((amount / step).to_integral_value(rounding=ROUND_FLOOR) * step).quantize(CENT)


def money_text(amount: Decimal) -> str:
    """`¥ 1,234,567.89`, as screens, contracts and messages write it."""
    return f"¥ {amount:,.2f}"
