"""`kuaidai bench online`: all features of one applicant from the raw tables of a decision."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer

from kuaidai.data.features import catalog, compute_online, prepare_online
from kuaidai.data.features.spec import FEATURE_DATASETS
from kuaidai.interfaces.cli.bench.measuring import timed
from kuaidai.simulator.files import dataset_tables
from kuaidai.simulator.world import build_world

_ENDS_ON = date(2026, 10, 31)
_SUBJECT_COLUMNS = ("uscc", "person_id", "subject")


@dataclass(frozen=True)
class OnlineResult:
    """Milliseconds of one applicant after another, the engine warm."""

    applicants: int
    features: int
    rows_median: int
    first_ms: float
    median_ms: float
    p95_ms: float
    slowest_ms: float


def online(
    applicants: Annotated[int, typer.Option(min=10, max=1000)] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """All features of one simulated applicant after another."""
    result = _run(applicants)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
        return
    for name, value in asdict(result).items():
        typer.echo(f"{name:<14}{value:>12,}")


def _run(applicants: int) -> OnlineResult:
    world = build_world(firms=applicants, months=12, seed=3, ends_on=_ENDS_ON)
    whole = {name: rows for name, rows in dataset_tables(world) if name in FEATURE_DATASETS}
    owners = whole["owners"].filter(pc.equal(whole["owners"]["role"], "legal_representative"))
    people = owners.select(["uscc", "person_id"]).to_pylist()[:applicants]
    first_ms = 1000 * timed(prepare_online)
    rows, times = [], []
    for person in people:
        tables = {name: _about(table, set(person.values())) for name, table in whole.items()}
        rows.append(sum(table.num_rows for table in tables.values()))
        times.append(
            1000
            * timed(
                lambda tables=tables, person=person: compute_online(  # type: ignore[misc]
                    tables, observed_on=_ENDS_ON + timedelta(days=1), **person
                )
            )
        )
    times.sort()
    return OnlineResult(
        applicants=len(people),
        features=len(catalog()),
        rows_median=int(statistics.median(rows)),
        first_ms=round(first_ms, 1),
        median_ms=round(statistics.median(times), 1),
        p95_ms=round(times[int(0.95 * len(times))], 1),
        slowest_ms=round(times[-1], 1),
    )


def _about(table: pa.Table, who: set[str]) -> pa.Table:
    column = next(name for name in _SUBJECT_COLUMNS if name in table.column_names)
    return table.filter(pc.is_in(table[column], pa.array(sorted(who))))
