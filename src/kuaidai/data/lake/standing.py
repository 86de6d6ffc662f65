"""How datasets stand, from the manifest alone: rows, months, days, corrections, freshness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kuaidai.data.lake.contract import Dataset
from kuaidai.data.lake.listing import extents, folder_of, list_files
from kuaidai.data.lake.manifest import IngestRun


@dataclass(frozen=True)
class DatasetStatus:
    """How a dataset stands.

    `rows`, `months`, `first` and `last` count current rows; `superseded` are versions that a later run
    replaced. `stale` is None where no day was given to judge freshness by.
    """

    dataset: str
    rows: int
    months: int
    first: date | None
    last: date | None
    freshness_days: int
    stale: bool | None
    quarantined: int
    runs: int
    superseded: int
    received_on: date | None


def standing(contract: Dataset, runs: tuple[IngestRun, ...], on: date | None) -> DatasetStatus:
    """How a dataset stands after its runs; `on` is the day that freshness is judged by."""
    parts = [part for part in list_files(contract, runs, folder_of).parts if part.current]
    days = extents(runs)
    held = [days[part.run, part.month] for part in parts]
    last = max((day for _, day in held if day), default=None)
    stale = None
    if on is not None:
        stale = last is None or (on - last).days > contract.freshness_days
    return DatasetStatus(
        dataset=contract.name,
        rows=sum(part.current for part in parts),
        months=len({part.month for part in parts}),
        first=min((day for day, _ in held if day), default=None),
        last=last,
        freshness_days=contract.freshness_days,
        stale=stale,
        quarantined=sum(run.quarantined for run in runs),
        runs=len(runs),
        superseded=sum(end.current for run in runs for end in run.ended),
        received_on=max((run.received_on for run in runs if run.received_on), default=None),
    )
