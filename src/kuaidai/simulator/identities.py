"""Identifiers of simulated firms and people: right check digits, and nobody's real ones.

Organisation codes begin with `KD` and resident IDs have the sequence number 000: neither is ever
issued. Phones all begin with 1990. Names say what they are.
"""

from __future__ import annotations

from datetime import date

from stdnum.cn import ric, uscc

_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_STEMS = "甲乙丙丁戊己庚辛"


def social_credit_code(number: int, *, province: str, sole_trader: bool) -> str:
    """The unified social credit code of simulated firm `number`, 1 to 1,000,000 (GB 32100-2015)."""
    body = f"KD{number % 1_000_000:06d}"
    total = sum(
        weight * _ORGANISATION_ALPHABET.index(character)
        for weight, character in zip(_ORGANISATION_WEIGHTS, body, strict=True)
    )
    organisation_check = "0123456789X0"[11 - total % 11]
    front = f"9{'2' if sole_trader else '1'}{province}0000{body}{organisation_check}"
    return f"{front}{uscc.calc_check_digit(front)}"


def resident_number(*, area: str, born: date) -> str:
    """A resident ID number that was never issued: sequence 000 (GB 11643-1999). `area`: six digits."""
    front = f"{area}{born:%Y%m%d}000"
    check = ric.calc_check_digit(f"{front}0")
    return f"{front}{check}"


def firm_name(number: int, *, province: str, sole_trader: bool) -> str:
    """`模拟企业0001（江苏）有限公司`, or `模拟商户0001（江苏）经营部`."""
    if sole_trader:
        return f"模拟商户{number:04d}（{province}）经营部"
    return f"模拟企业{number:04d}（{province}）有限公司"


def person_name(number: int) -> str:
    """`测试甲0001`: a stem and a number, unlike anybody's name."""
    return f"测试{_STEMS[number % len(_STEMS)]}{number:04d}"


def phone_number(number: int) -> str:
    """An 11-digit mobile number of the one simulated block."""
    return f"199{number:08d}"


def customer_number(number: int) -> str:
    """The bank's customer number of person `number`."""
    return f"P{number:08d}"


def account_number(number: int) -> str:
    """The settlement account number of firm `number`."""
    return f"99000000{number:08d}"
