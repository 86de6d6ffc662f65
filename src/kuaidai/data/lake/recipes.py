"""Recipes: how one value of a contract is made from the columns of a foreign file.

`docs/mappings.md` says what each option means, with an example.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

import duckdb
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=False)
PLACE = re.compile(r"\{([^{}:]+)(?::0(\d{1,2}))?\}")
"""A column inside a text: `{account_id}`, or `{account_id:010}` padded with zeros to a width."""


def _date_format(form: str) -> str:
    with duckdb.connect() as db:
        try:
            db.execute("SELECT try_strptime('', ?)", [form]).fetchall()
        except duckdb.Error:
            raise ValueError(f"{form!r} is not a date format such as %d.%m.%Y") from None
    return form


def _amount(text: str) -> str:
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?", text):
        raise ValueError(f"{text!r} is not a number such as 0.01")
    return text


def _template(text: str) -> str:
    rest = PLACE.sub("", text)
    if "{" in rest or "}" in rest or not PLACE.search(text):
        raise ValueError(f"{text!r} names no column such as {{account_id}}, or has a lone bracket")
    return text


Amount = Annotated[str, AfterValidator(_amount)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Sign = Annotated[str, Field(min_length=1, max_length=1)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class Condition:
    """A test of one column: exactly one of `in`, `not_in` and `present`."""

    column: str
    among: Annotated[tuple[str, ...] | None, Field(alias="in")] = None
    not_in: tuple[str, ...] | None = None
    present: bool | None = None

    def __post_init__(self) -> None:
        if sum(test is not None for test in (self.among, self.not_in, self.present)) != 1:
            raise ValueError("a condition has exactly one of in, not_in and present")


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """Where a value comes from (exactly one of the first four) and what is done with it, in this order."""

    column: str | None = None
    constant: str | None = None
    text: Annotated[str, AfterValidator(_template)] | None = None
    first_of: Annotated[tuple[Recipe | str, ...], Field(min_length=1)] | None = None

    blanks: tuple[str, ...] = ()
    values: Annotated[dict[str, str], Field(min_length=1)] | None = None
    otherwise: str | None = None
    date: DateFormat | None = None
    plus_months: int | str | None = None
    decimal: Sign | None = None
    thousands: Sign | None = None
    times: Amount | None = None
    sign: Literal["drop", "flip"] | None = None
    negative_if: Condition | None = None
    by_sign: dict[Literal["negative", "positive"], str] | None = None
    missing: str | None = None

    def __post_init__(self) -> None:
        made = [self.column, self.constant, self.text, self.first_of]
        if sum(source is not None for source in made) != 1:
            raise ValueError("a value has exactly one of column, constant, text and first_of")
        steps = (self.values, self.date, self.plus_months, self.by_sign, self.negative_if)
        if self.constant is not None and (self.is_number or any(s is not None for s in steps)):
            raise ValueError("a constant is taken as it is; nothing is done with it")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise goes with values")
        if self.is_number and (self.date is not None or self.plus_months is not None):
            raise ValueError("a value is a date or a number, not both")
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign")
        if self.by_sign is not None and set(self.by_sign) != {"negative", "positive"}:
            raise ValueError("by_sign says what negative and what positive stand for")

    @property
    def is_number(self) -> bool:
        """Whether the value is read as a number."""
        return any(
            option is not None
            for option in (
                self.decimal, self.thousands, self.times, self.sign, self.negative_if, self.by_sign,
            )
        )  # fmt: skip

    @property
    def columns(self) -> set[str]:
        """The columns of the file that it needs."""
        names = {self.column} if self.column is not None else set()
        names |= {match[1] for match in PLACE.finditer(self.text or "")}
        for part in self.first_of or ():
            names |= {part} if isinstance(part, str) else part.columns
        if isinstance(self.plus_months, str):
            names.add(self.plus_months)
        if self.negative_if is not None:
            names.add(self.negative_if.column)
        return names


def hundredths(amount: str) -> int:
    """An amount of a mapping as a whole number of hundredths."""
    return int(Decimal(amount) * 100)
