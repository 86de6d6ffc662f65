"""Everything a contract states, and the hash of that text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from kuaidai.kernel.canonical import canonical_json, sha256_hex

TEMPLATE = Path(__file__).parent / "contract.typ"

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


@dataclass(frozen=True)
class ScheduleLine:
    """One row of the schedule appendix; amounts in yuan."""

    no: int
    due_on: date
    principal: Decimal
    interest: Decimal
    total: Decimal
    outstanding: Decimal


@dataclass(frozen=True)
class ContractFacts:
    """What the parties agree on: Commercial Bank Law art. 37 names type, purpose, amount, rate,
    term, repayment method and default liability; PBOC Notice 2021-3 adds the annualised rate.

    Rates are annual fractions; `penalty_multiplier` is applied to the rate on overdue amounts.
    `holiday_roll` says where a due date goes that is no working day, `interest_rolls` whether interest
    runs to the moved date.
    """

    contract_id: str
    application_id: str
    prepared_on: date
    lender: str
    enterprise_name: str
    uscc: str
    owner_name: str
    owner_resident_id: str
    owner_phone: str
    product_zh: str
    product_en: str
    purpose_zh: str
    purpose_en: str
    amount: Decimal
    currency: str
    months: int
    opens_on: date
    expires_on: date
    method: str
    method_zh: str
    method_en: str
    annual_rate: Decimal
    nominal: Decimal
    effective: Decimal
    total_interest: Decimal
    day_count: str
    penalty_multiplier: Decimal
    grace_days: int
    account_no: str
    schedule: tuple[ScheduleLine, ...]
    holiday_roll: str = "none"
    interest_rolls: bool = True

    def text_hash(self) -> str:
        """SHA-256 over these facts and the clauses of the template: the text both parties sign."""
        return sha256_hex(canonical_json(self) + TEMPLATE.read_bytes())


def _group_in_capitals(group: int) -> str:
    """Up to four digits in capitals, with one 零 for each inner run of zeros."""
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return text


def amount_in_capitals(amount: Decimal) -> str:
    """A non-negative amount as contracts write it, so that no digit can be altered.

    >>> amount_in_capitals(Decimal("1050300.05"))
    '壹佰零伍万零叁佰元零伍分'
    """
    if amount < 0 or amount >= 10**16:
        raise ValueError(f"no capital form for {amount}")
    cents = int(amount * 100)
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = ""
    for index in range(3, -1, -1):
        group = whole // 10 ** (4 * index) % 10_000
        if group:
            lead = "零" if text and group < 1000 else ""
            text += lead + _group_in_capitals(group) + _GROUPS[index]
    text = (text or "零") + "元"
    if not jiao and not fen:
        return text + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif whole:
        text += "零"
    return text + (_DIGITS[fen] + "分" if fen else "")


def percent(rate: Decimal) -> str:
    """`4.3500%` for the fraction 0.0435."""
    return f"{(rate * 100).quantize(Decimal('0.0001'))}%"
