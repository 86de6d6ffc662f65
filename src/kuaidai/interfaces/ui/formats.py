"""How money, rates, dates and identifiers are written on pages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.translation import get_language

from kuaidai.kernel.identifiers import mask
from kuaidai.kernel.money import CENT

NOTHING = "–"
_WAN = Decimal(10_000)
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def is_chinese() -> bool:
    """Whether the page is in Chinese."""
    return (get_language() or "").lower().startswith("zh")


def money(amount: Decimal | int | None) -> str:
    """`¥ 1,234,567.89`; a dash for nothing. Never a float."""
    if amount is None:
        return NOTHING
    if isinstance(amount, float):
        raise TypeError(f"money is never a float: {amount!r}")
    value = Decimal(amount).quantize(CENT, rounding=ROUND_HALF_UP)
    sign = "−" if value < 0 else ""
    return f"{sign}¥\u00a0{abs(value):,.2f}"


def money_short(amount: Decimal | None) -> str:
    """Whole 万 in Chinese (`¥ 30 万`), thousands in English (`¥ 300,000`); exact when not whole."""
    if amount is None:
        return NOTHING
    if is_chinese() and amount >= _WAN and amount % 100 == 0:
        return f"¥\u00a0{format((amount / _WAN).normalize(), 'f')}\u00a0万"
    if amount == amount.to_integral_value():
        return f"¥\u00a0{amount:,.0f}"
    return money(amount)


def rate(fraction: Decimal | None, places: int = 2) -> str:
    """An annual fraction as per cent: `0.043500` is `4.35%`."""
    if fraction is None:
        return NOTHING
    step = Decimal(1).scaleb(-places)
    return f"{(fraction * 100).quantize(step, rounding=ROUND_HALF_UP)}%"


def day(on: date | datetime | None) -> str:
    """A day in the reader's long form: `2026年3月20日`, `20 March 2026`."""
    if on is None:
        return NOTHING
    if isinstance(on, datetime):
        on = timezone.localtime(on).date() if timezone.is_aware(on) else on.date()
    if is_chinese():
        return f"{on.year}年{on.month}月{on.day}日"
    return f"{on.day}\u00a0{_MONTHS[on.month - 1]} {on.year}"


def moment(at: datetime | None) -> str:
    """A day and time of day, local: `2026年3月20日 14:05`."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{day(local.date())} {local:%H:%M}"


def iso(on: date | datetime | None) -> str:
    """A day as staff pages write it: `2026-03-20`."""
    if on is None:
        return NOTHING
    if isinstance(on, datetime):
        on = timezone.localtime(on) if timezone.is_aware(on) else on
        return f"{on:%Y-%m-%d %H:%M}"
    return on.isoformat()


def masked(value: str | None) -> str:
    """An identifier with its middle hidden: `138****5678`."""
    return mask(value) if value else NOTHING


def masked_account(number: str | None) -> str:
    """An account number by its last four digits: `···· 1234`."""
    return f"····\u00a0{number[-4:]}" if number else NOTHING
