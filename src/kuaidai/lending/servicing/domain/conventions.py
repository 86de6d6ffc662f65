"""The conventions of a loan: one record, chosen by the product version and frozen on the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from kuaidai.kernel.day_counts import DayCount
from kuaidai.kernel.money import Rounding, parse_amount


class Bucket(StrEnum):
    """What a payment settles within an instalment.

    `penalty` is penalty interest on overdue principal and penalty charges, `compound` is interest on
    overdue interest (复利).
    """

    FEE = "fee"
    COMPOUND = "compound"
    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


LEGAL_ORDER = (Bucket.FEE, Bucket.COMPOUND, Bucket.PENALTY, Bucket.INTEREST, Bucket.PRINCIPAL)
"""Civil Code 561: costs, then interest, then principal; inside interest compound, penalty, contract."""


CHARGED = (Bucket.FEE, Bucket.COMPOUND, Bucket.PENALTY)
"""What is owed beside principal and contract interest."""


class MonthEnd(StrEnum):
    """What becomes of a due day that a month does not have."""

    LAST_DAY = "last-day"
    NEXT_MONTH = "first-of-next-month"


class HolidayRoll(StrEnum):
    """Where a due date goes that is no working day."""

    NONE = "none"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified-following"
    PRECEDING = "preceding"


class BrokenPeriod(StrEnum):
    """What becomes of the interest of days before a first period of the usual length.

    `actual`: the first period is as long as it is. `with-first`: its interest is added to the first
    instalment, `spread`: in equal parts to all; the level payment then is that of usual periods.
    """

    ACTUAL = "actual"
    WITH_FIRST = "with-first"
    SPREAD = "spread"


class MultipleRounding(StrEnum):
    """How an instalment becomes a multiple: to the nearest (ties to even), or upwards."""

    NEAREST = "nearest"
    UP = "up"


class LevelBy(StrEnum):
    """What the equal instalment is worked out from; interest runs by the day count in both.

    `actual`: the periods as they are, so that the last instalment comes out like the others. `nominal`:
    the annuity formula, with 30 days a month and 7 a week in every period.
    """

    ACTUAL = "actual"
    NOMINAL = "nominal"


class Settles(StrEnum):
    """Whether a payment settles instalment by instalment, or bucket by bucket over all of them."""

    BY_INSTALMENT = "instalment"
    BY_BUCKET = "bucket"


class Excess(StrEnum):
    """What becomes of money beyond what is due.

    `reduce` and `shorten` repay early with interest to the day: the instalments left become smaller,
    or fewer. The `fill-` rules leave that interest to the running instalment and fill it up with
    principal, which bears nothing from then on; what goes beyond makes the later ones smaller, fewer
    of the same size, or lets the next ones off. The others pay scheduled amounts ahead and change no
    interest: the next instalments first, the last ones first, or all of them alike.
    """

    REDUCE = "reduce"
    SHORTEN = "shorten"
    FILL_REDUCE = "fill-reduce"
    FILL_SHORTEN = "fill-shorten"
    FILL_SKIP = "fill-skip"
    NEXT_INSTALMENT = "next-instalment"
    LAST_INSTALMENT = "last-instalment"
    REAMORTISE = "reamortise"


FILLING = (Excess.FILL_REDUCE, Excess.FILL_SHORTEN, Excess.FILL_SKIP)
"""The rules by which early principal counts as part of the running instalment."""


class OverduePrincipal(StrEnum):
    """Where the interest on overdue principal goes.

    `penalty`: all of it, at the penalty rate, is penalty interest. `contract`: the contract rate's part
    falls due with the running instalment, which stays as large as it is; only the rest is penalty.
    """

    PENALTY = "penalty"
    CONTRACT = "contract"


class PayoffInterest(StrEnum):
    """How far interest runs where a loan is settled early: to its day, or to the period's end."""

    TO_THE_DAY = "to-the-day"
    TO_PERIOD_END = "to-period-end"


@dataclass(frozen=True)
class Conventions:
    """How a loan counts, rounds, rolls and settles. The defaults are the platform's own.

    `interest_rolls`: with a due date moved by a holiday, interest runs to the new date (else it is
    that of the unmoved date and the next period begins there). `smooth`: the level payment is moved by
    a few cents where that brings the last instalment nearer to the others.
    `due_date_counts`: the due date is the first day past due, instead of the day after it.
    `rounds_segments`: interest is rounded also where the balance changes within a period, and added up.
    """

    day_count: DayCount = DayCount.ACT_360
    rounding: Rounding = Rounding.HALF_UP
    month_end: MonthEnd = MonthEnd.LAST_DAY
    holiday_roll: HolidayRoll = HolidayRoll.NONE
    interest_rolls: bool = True
    broken_period: BrokenPeriod = BrokenPeriod.ACTUAL
    level_by: LevelBy = LevelBy.ACTUAL
    smooth: bool = True
    multiple: Decimal | None = None
    multiple_rounding: MultipleRounding = MultipleRounding.NEAREST
    due_order: tuple[Bucket, ...] = LEGAL_ORDER
    advance_order: tuple[Bucket, ...] = LEGAL_ORDER
    settles: Settles = Settles.BY_INSTALMENT
    excess: Excess = Excess.REDUCE
    due_date_counts: bool = False
    overdue_principal: OverduePrincipal = OverduePrincipal.PENALTY
    payoff_interest: PayoffInterest = PayoffInterest.TO_THE_DAY
    rounds_segments: bool = False

    def __post_init__(self) -> None:
        for order in (self.due_order, self.advance_order):
            if sorted(order) != sorted(Bucket):
                raise ValueError(f"an allocation order names each of {', '.join(Bucket)} once")
        if self.multiple is not None and self.multiple <= 0:
            raise ValueError(f"instalments are multiples of a positive amount, not {self.multiple}")

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON holds it; `from_dict` reads it back."""
        found: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, tuple):
                value = [str(each) for each in value]
            elif isinstance(value, Decimal | StrEnum):
                value = str(value)
            found[entry.name] = value
        return found

    @staticmethod
    def from_dict(raw: Mapping[str, Any]) -> Conventions:
        """Read a record; what it leaves out is the default. Raises `ValueError` for unknown values."""
        unknown = set(raw) - {entry.name for entry in fields(Conventions)}
        if unknown:
            raise ValueError(f"unknown conventions: {', '.join(sorted(unknown))}")
        return Conventions(**{name: _read(name, value) for name, value in raw.items()})


_Kind = TypeVar("_Kind", bound=StrEnum)


def choice(kind: type[_Kind], name: str, value: Any) -> _Kind:
    """A member by its text. Raises `ValueError` naming those there are."""
    try:
        return kind(str(value))
    except ValueError:
        raise ValueError(f"{name} is one of {', '.join(kind)}, not {value!r}") from None


def full_order(order: tuple[str, ...]) -> tuple[Bucket, ...]:
    """An allocation order with the buckets that it leaves out: fees first, compound with penalty."""
    named = [choice(Bucket, "bucket", each) for each in order]
    if len(set(named)) != len(named):
        raise ValueError(f"an allocation order names a bucket once: {', '.join(named)}")
    if Bucket.COMPOUND not in named and Bucket.PENALTY in named:
        named.insert(named.index(Bucket.PENALTY), Bucket.COMPOUND)
    left = [bucket for bucket in LEGAL_ORDER if bucket not in named]
    return tuple(left + named)


def _order(told: Any) -> tuple[Bucket, ...]:
    if not isinstance(told, list | tuple):
        raise ValueError(f"an allocation order is a list of buckets, not {told!r}")
    return full_order(tuple(told))


_KINDS: Mapping[str, type[StrEnum]] = {
    "day_count": DayCount,
    "rounding": Rounding,
    "month_end": MonthEnd,
    "holiday_roll": HolidayRoll,
    "broken_period": BrokenPeriod,
    "level_by": LevelBy,
    "multiple_rounding": MultipleRounding,
    "settles": Settles,
    "excess": Excess,
    "overdue_principal": OverduePrincipal,
    "payoff_interest": PayoffInterest,
}
_READERS: Mapping[str, Any] = {
    "due_order": _order,
    "advance_order": _order,
    "multiple": lambda value: None if value is None else parse_amount(str(value)),
}


def _read(name: str, value: Any) -> Any:
    kind = _KINDS.get(name)
    if kind is not None:
        told = value.strip().lower() if isinstance(value, str) else value
        if kind is DayCount and isinstance(told, str):
            told = told.replace("actual", "act")
        return choice(kind, name, told)
    reader = _READERS.get(name)
    if reader is None:
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false, not {value!r}")
        return value
    return reader(value)
