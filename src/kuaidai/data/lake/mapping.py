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

from kuaidai.data.lake.datasets import DATASETS
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
        text = (path if path.is_file() else shipped).read_text(encoding="utf-8")
        return _mapping(tomllib.loads(text), source)
    except FileNotFoundError:
        raise MappingWrong(
            value=source, why="there is no such file and none of that name ships"
        ) from None
    except (OSError, ValueError) as error:  # broken TOML and broken UTF-8 are both ValueErrors
        raise MappingWrong(value=source, why=str(error)) from error


def _mapping(raw: dict[str, Any], source: Path | str) -> Mapping:
    """Check a mapping's content against its dataset's contract."""
    contract = DATASETS.get(raw.get("dataset", ""))
    if contract is None:
        raise MappingWrong(value=source, why=f"there is no dataset {raw.get('dataset')!r}")
    patterns, columns, lines = raw.get("files"), raw.get("columns", {}), raw.get("line_numbers", {})
    if not isinstance(patterns, list) or not _texts(patterns):
        raise MappingWrong(value=source, why="files must be a list of patterns")
    if not isinstance(columns, dict) or not _texts([*columns.values(), ""]):
        raise MappingWrong(value=source, why="columns must name a column of the file each")
    if not isinstance(lines, dict) or not all(map(_texts, lines.values())):
        raise MappingWrong(value=source, why="line_numbers must list columns of the file each")
    unknown = {*columns, *lines} - {column.name for column in contract.columns}
    if unknown:
        why = f"{contract.name} has no column {', '.join(sorted(unknown))}"
        raise MappingWrong(value=source, why=why)
    return Mapping(
        dataset=contract.name,
        files=tuple(patterns),
        columns=columns,
        line_numbers={str(name): tuple(keys or ()) for name, keys in lines.items()},
    )


def _texts(value: Any) -> bool:
    """Whether a value is a list of texts that is not empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
