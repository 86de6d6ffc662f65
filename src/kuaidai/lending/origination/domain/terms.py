"""What an applicant may ask for and choose: pure checks over a product's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuaidai.kernel.money import floor_to, money_text
from kuaidai.lending.origination.errors import (
    AmountOffStep,
    AmountOutOfRange,
    MethodNotOffered,
    PurposeNotAllowed,
    TenorNotOffered,
)

OFFER_VALID_DAYS = 7
"""An offer may be taken up through this many business-date days after the decision."""

COLLECT_ATTEMPTS = 3
"""How often required platforms are asked before a person takes over."""


def retry_delay_seconds(attempt: int) -> int:
    """The wait after collection number `attempt` (1, 2, ...) failed: 15, 60, 240 seconds."""
    return 15 << 2 * (attempt - 1)


@dataclass(frozen=True)
class Choice:
    """What a product lets an applicant choose between; `most` is the product's cap or the offer."""

    least: Decimal
    most: Decimal
    step: Decimal
    tenors_months: tuple[int, ...]
    methods: tuple[str, ...]


def _listed(values: Sequence[object]) -> str:
    return ", ".join(str(value) for value in values)


def check_amount(amount: Decimal, choice: Choice) -> None:
    """Raises `AmountOutOfRange` or `AmountOffStep`."""
    if not choice.least <= amount <= choice.most:
        raise AmountOutOfRange(
            amount=money_text(amount),
            least=money_text(choice.least),
            most=money_text(choice.most),
        )
    nearest = floor_to(amount, choice.step)
    if nearest != amount:
        raise AmountOffStep(
            amount=money_text(amount), step=money_text(choice.step), nearest=money_text(nearest)
        )


def check_months(months: int, choice: Choice) -> None:
    """Raises `TenorNotOffered`."""
    if months not in choice.tenors_months:
        raise TenorNotOffered(months=months, choices=_listed(choice.tenors_months))


def check_method(method: str, choice: Choice) -> None:
    """Raises `MethodNotOffered`."""
    if method not in choice.methods:
        raise MethodNotOffered(method=method, choices=_listed(choice.methods))


def check_purpose(purpose: str, allowed: Sequence[str]) -> None:
    """Raises `PurposeNotAllowed`."""
    if purpose not in allowed:
        raise PurposeNotAllowed(purpose=purpose, choices=_listed(allowed))
