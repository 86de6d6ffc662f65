"""Mappings: how a foreign file becomes rows of a contract, written in TOML.

```toml
dataset = "invoices"
files = ["invoices_*.parquet"]
[columns]                       # contract column = column of the file
issued_on = "invoice_date"
[line_numbers]                  # contract column = columns that repeat; rows are numbered within them
line = ["company_id", "side", "invoice_no"]
```

Columns that are not named are taken under their own name; columns of the file that the contract
does not know are left out.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from kuaidai.data.lake.errors import MappingWrong


@dataclass(frozen=True)
class Mapping:
    """A mapping file's content."""

    dataset: str
    files: tuple[str, ...]
    columns: dict[str, str] = field(default_factory=dict)
    line_numbers: dict[str, tuple[str, ...]] = field(default_factory=dict)


def load_mapping(source: Path | str) -> Mapping:
    """The mapping in a file, or one that ships with kuaidai by its name. Raises `MappingWrong`."""
    path = Path(source)
    shipped = files("kuaidai.data.lake") / "mappings" / f"{source}.toml"
    try:
        text = (
            path.read_text(encoding="utf-8")
            if path.is_file()
            else shipped.read_text(encoding="utf-8")
        )
        raw: dict[str, Any] = tomllib.loads(text)
        return Mapping(
            dataset=raw["dataset"],
            files=tuple(raw["files"]),
            columns=dict(raw.get("columns", {})),
            line_numbers={name: tuple(keys) for name, keys in raw.get("line_numbers", {}).items()},
        )
    except FileNotFoundError:
        raise MappingWrong(
            value=source, why="there is no such file and none of that name ships"
        ) from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise MappingWrong(value=source, why=str(error)) from error
