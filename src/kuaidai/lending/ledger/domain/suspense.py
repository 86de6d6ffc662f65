"""Money in suspense, as it is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

_DIGITS = re.compile(r"\d{5,}")
_LONGEST = 100


@dataclass(frozen=True)
class UnmatchedUseView:
    """What became of a part of it: `applied` to a target, or `returned` by a transfer."""

    kind: str
    amount: Decimal
    target: str
    on: date
    actor_id: str


@dataclass(frozen=True)
class UnmatchedView:
    """An amount in suspense; `payer` is masked."""

    id: str
    reference: str
    branch: str
    amount: Decimal
    remaining: Decimal
    payer: str
    received_on: date
    uses: tuple[UnmatchedUseView, ...] = ()


@dataclass(frozen=True)
class UnmatchedPage:
    """A page of money in suspense, oldest first, and the sum of all that remains."""

    items: tuple[UnmatchedView, ...]
    page: int
    pages: int
    total: int
    remaining: Decimal


def masked_payer(text: str) -> str:
    """What the bank core says about a payer, with names and numbers hidden.

    A number keeps its last four digits, a word its first character.

    >>> masked_payer("张三 6222020200112233")
    '张* ************2233'
    """
    hidden = []
    for word in text.split():
        if _DIGITS.search(word):
            hidden.append("*" * (len(word) - 4) + word[-4:])
        else:
            hidden.append(word[0] + "*" * max(1, len(word) - 1))
    return " ".join(hidden)[:_LONGEST]
