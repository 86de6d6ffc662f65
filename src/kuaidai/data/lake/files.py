"""Files that come in: which there are, and whether their columns are the contract's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.errors import (
    FileUnreadable,
    MappingWrong,
    NothingToIngest,
    UnknownDataset,
    WrongColumns,
)
from kuaidai.data.lake.mapping import Mapping

_ENDINGS = (".parquet", ".csv")


def contract_of(name: str) -> Dataset:
    """The contract of a dataset. Raises `UnknownDataset`."""
    if name not in DATASETS:
        raise UnknownDataset(value=name, known=", ".join(sorted(DATASETS)))
    return DATASETS[name]


@dataclass(frozen=True)
class Incoming:
    """A file to ingest: which contract its rows must keep, and by which mapping they come to it."""

    file: Path
    contract: Dataset
    mapping: Mapping | None = None


def find_files(path: Path, dataset: str | None, mappings: Sequence[Mapping]) -> list[Incoming]:
    """The files to ingest, in a fixed order.

    Raises `UnknownDataset`, `FileUnreadable`, `NothingToIngest`, `MappingWrong`.
    """
    if not path.exists():
        raise FileUnreadable(value=path, why="there is no such file or folder")
    wanted = None if dataset is None else contract_of(dataset)
    if not path.is_dir() and path.suffix.lower() not in _ENDINGS:
        raise FileUnreadable(
            value=path.name,
            why="it is neither .csv nor .parquet, nor a bank statement (.xml, .sta, .mt940, .txt)",
        )
    if mappings:
        found = _mapped(path, dataset, mappings)
    elif not path.is_dir():
        found = [Incoming(path, wanted or contract_of(path.stem))]
    else:
        found = [
            Incoming(file, contract)
            for contract in ([wanted] if wanted else DATASETS.values())
            for file in _named(path, contract.name)
        ]
    if not found:
        raise NothingToIngest(value=path)
    _require_one_each(found)
    return found


def _require_one_each(found: Sequence[Incoming]) -> None:
    """A file read again for a dataset supersedes what it gave before, so it may be read once only."""
    seen = set()
    for one in found:
        if (one.file, one.contract.name) in seen:
            why = f"two of its tables make rows of {one.contract.name} from {one.file.name}"
            raise MappingWrong(value=one.contract.name, why=why)
        seen.add((one.file, one.contract.name))


def _mapped(path: Path, dataset: str | None, mappings: Sequence[Mapping]) -> list[Incoming]:
    """The files of a folder that mappings name; or the one file, under those that name it, or under the
    only mapping there is."""
    chosen = [mapping for mapping in mappings if dataset in (None, mapping.dataset)]
    if not chosen:
        made = ", ".join(mapping.dataset for mapping in mappings)
        raise MappingWrong(value=dataset, why=f"it makes rows of {made}")
    if path.is_dir():
        return [
            Incoming(file, contract_of(mapping.dataset), mapping)
            for mapping in chosen
            for file in sorted({one for pattern in mapping.files for one in path.glob(pattern)})
            if file.is_file()
        ]
    named = [mapping for mapping in chosen if any(map(path.match, mapping.files))]
    if not named and len(chosen) == 1:
        named = chosen
    return [Incoming(path, contract_of(mapping.dataset), mapping) for mapping in named]


def _named(folder: Path, name: str) -> list[Path]:
    """Files of a dataset in a folder: `<dataset>.csv`, and all of the folder `<dataset>`."""
    found = [*folder.glob(f"{name}.*"), *folder.glob(f"{name}/*")]
    return sorted(file for file in found if file.is_file() and file.suffix.lower() in _ENDINGS)


def require_columns(there: set[str], file: Path, contract: Dataset) -> None:
    """Raises `WrongColumns` unless a file has exactly the contract's columns."""
    wanted = {column.name for column in contract.columns}
    if there != wanted:
        raise WrongColumns(
            value=file.name,
            dataset=contract.name,
            missing=", ".join(sorted(wanted - there)) or "none",
            unknown=", ".join(sorted(there - wanted)) or "none",
        )
