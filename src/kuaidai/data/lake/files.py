"""Files that come in: which there are, and whether their columns are the contract's."""

from __future__ import annotations

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


def find_files(
    path: Path, dataset: str | None, mapping: Mapping | None
) -> list[tuple[Path, Dataset]]:
    """The files to ingest with their contracts, in a fixed order.

    Raises `UnknownDataset`, `FileUnreadable`, `NothingToIngest`, `MappingWrong`.
    """
    if not path.exists():
        raise FileUnreadable(value=path, why="there is no such file or folder")
    if mapping is not None:
        if dataset not in (None, mapping.dataset):
            raise MappingWrong(value=dataset, why=f"it makes rows of {mapping.dataset}")
        dataset = mapping.dataset
    wanted = None if dataset is None else contract_of(dataset)
    if not path.is_dir():
        if path.suffix.lower() not in _ENDINGS:
            raise FileUnreadable(value=path.name, why="it is neither .csv nor .parquet")
        return [(path, wanted or contract_of(path.stem))]
    if mapping is not None and wanted is not None:
        found = {file for pattern in mapping.files for file in path.glob(pattern)}
        files = [(file, wanted) for file in sorted(found) if file.is_file()]
    else:
        files = [
            (file, contract)
            for contract in ([wanted] if wanted else DATASETS.values())
            for file in _named(path, contract.name)
        ]
    if not files:
        raise NothingToIngest(value=path)
    return files


def _named(folder: Path, name: str) -> list[Path]:
    """Files of a dataset in a folder: `<dataset>.csv`, and all of the folder `<dataset>`."""
    found = [*folder.glob(f"{name}.*"), *folder.glob(f"{name}/*")]
    return sorted(file for file in found if file.is_file() and file.suffix.lower() in _ENDINGS)


def require_columns(
    there: set[str], file: Path, contract: Dataset, mapping: Mapping | None
) -> None:
    """Raises `WrongColumns` unless a file has the contract's columns (under a mapping: at least)."""
    wanted = {column.name for column in contract.columns}
    unknown = there - wanted
    if mapping is not None:
        unknown = set()
        made = mapping.line_numbers
        wanted = {mapping.columns.get(name, name) for name in wanted if name not in made}
        wanted |= {key for keys in made.values() for key in keys}
    if wanted - there or unknown:
        raise WrongColumns(
            value=file.name,
            dataset=contract.name,
            missing=", ".join(sorted(wanted - there)) or "none",
            unknown=", ".join(sorted(unknown)) or "none",
        )
