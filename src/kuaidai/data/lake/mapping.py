"""Mappings: how foreign files become rows of contracts, written in TOML.

```toml
dataset = "invoices"
files = ["invoices_*.parquet"]
[columns]                       # contract column = column of the file, or a recipe
issued_on = "invoice_date"
tax = { column = "vat", decimal = "," }
[line_numbers]                  # contract column = columns that repeat; rows are numbered within them
line = ["company_id", "side", "invoice_no"]
```

Columns that are not named are taken under their own name, optional ones only where the file has them;
columns of the file that the contract does not know are left out. A file with several `[[tables]]` makes
several datasets from one folder. `docs/mappings.md` describes every option.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.errors import MappingWrong
from kuaidai.data.lake.recipes import STRICT, Amount, Condition, Names, Recipe

ORDER = "booking_order"
"""The column that `booking_order` makes: 1 for the first booking of its day."""


@dataclass(frozen=True, config=STRICT)
class LookUp:
    """A second file of the folder, whose rows are found by key: its columns are named `<name>.<column>`."""

    file: str
    on: Annotated[dict[str, str], Field(min_length=1)]
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, config=STRICT)
class BookingOrder:
    """Which columns say how one booking follows on another; `amount` is signed."""

    per: Names
    day: str
    amount: str
    balance: str
    tolerance: Amount = "0.00"


@dataclass(frozen=True, config=STRICT)
class Keep:
    """Of the rows that share the values of `per`, the first or last in the order of `by`."""

    rows: Literal["first", "last"]
    per: Names
    by: Names


@dataclass(frozen=True, config=STRICT)
class FillDays:
    """Each row is repeated for the days until the next row of `per`, at most `most_days` days.

    The last row of `per` stands for its own day only (`last_row`), until the last day of the file
    (`file_end`), or until the day before the one in the column that `until` names.
    """

    per: Names
    day: str
    until: str = "last_row"
    most_days: Annotated[int, Field(ge=1, le=36_500)] = 1100


@dataclass(frozen=True, config=STRICT)
class Mapping:
    """How the files that match `files` become rows of one dataset."""

    dataset: str
    files: Names
    columns: dict[str, str | Recipe] = Field(default_factory=dict)
    line_numbers: dict[str, Names] = Field(default_factory=dict)
    lookups: dict[str, LookUp] = Field(default_factory=dict)
    where: tuple[Condition, ...] = ()
    derived: dict[str, Recipe] = Field(default_factory=dict)
    booking_order: BookingOrder | None = None
    keep: Keep | None = None
    fill_days: FillDays | None = None

    def __post_init__(self) -> None:
        contract = DATASETS.get(self.dataset)
        if contract is None:
            raise ValueError(f"there is no dataset {self.dataset!r}")
        unknown = {*self.columns, *self.line_numbers} - {column.name for column in contract.columns}
        if unknown:
            raise ValueError(f"{contract.name} has no column {', '.join(sorted(unknown))}")
        twice = sorted(set(self.columns) & set(self.line_numbers))
        if twice:
            raise ValueError(f"{', '.join(twice)} stands in columns and in line_numbers")
        if self.fill_days is not None and (
            self.keep is None or {*self.keep.per} != {*self.fill_days.per, self.fill_days.day}
        ):
            raise ValueError(
                "fill_days needs one row a day: keep, per the same columns and the day"
            )

    @property
    def end_column(self) -> str | None:
        """The column that says until when the last row stands, if one does."""
        if self.fill_days is None or self.fill_days.until in ("last_row", "file_end"):
            return None
        return self.fill_days.until

    def recipe(self, column: str) -> str | Recipe:
        """What a contract column is made from."""
        return self.columns.get(column, column)


Mappings = tuple[Mapping, ...]


@dataclass(frozen=True, config=STRICT)
class _Tables:
    tables: Annotated[tuple[Mapping, ...], Field(min_length=1)]


def load_mapping(source: Path | str) -> Mappings:
    """The mappings in a file, or in one that ships with kuaidai by its name. Raises `MappingWrong`."""
    path = Path(source)
    shipped = resources("kuaidai.data.lake") / "mappings" / f"{source}.toml"
    try:
        text = (path if path.is_file() else shipped).read_text(encoding="utf-8")
        raw = tomllib.loads(text)
        if "tables" in raw:
            return TypeAdapter(_Tables).validate_python(raw).tables
        return (TypeAdapter(Mapping).validate_python(raw),)
    except FileNotFoundError:
        raise MappingWrong(
            value=source, why="there is no such file and none of that name ships"
        ) from None
    except ValidationError as error:
        raise MappingWrong(value=source, why=_why(error)) from None
    except (OSError, ValueError) as error:  # broken TOML and broken UTF-8 are both ValueErrors
        raise MappingWrong(value=source, why=str(error)) from error


_SAID = {
    "unexpected_keyword_argument": "is no option of a mapping",
    "missing": "is missing",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "dict_type": "must be a table",
    "dataclass_type": "must be the name of a column or a table of options",
    "string_type": "must be text",
}
"""What is said instead of the words of the library that checks, by its kind of fault."""


def _why(error: ValidationError) -> str:
    """The first fault, and where it stands; of a value that may be text or table, the table's fault."""
    found = [fault for fault in error.errors() if "str" not in fault["loc"]] or error.errors()
    fault = found[0]
    shape = ("Mapping", "Recipe", "str", "[key]")
    where = ".".join(str(step) for step in fault["loc"] if step not in shape)
    message = _SAID.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    return f"{where}: {message}" if where else message
