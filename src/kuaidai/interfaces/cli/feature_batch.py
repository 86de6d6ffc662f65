"""`kuaidai features rollup` and `kuaidai features compute`: features in batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kuaidai.data.features import compute_batches
from kuaidai.data.features.rollup_store import refresh
from kuaidai.data.features.subjects import with_owner
from kuaidai.data.lake import Lake
from kuaidai.interfaces.cli.columns import columns
from kuaidai.interfaces.cli.lake import open_lake
from kuaidai.interfaces.cli.tables import FileNotUsable, read_table

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_KEYS = ("uscc", "person_id", "observed_on")


def rollup(as_json: Json = False) -> None:
    """Bring the stored monthly rollups up to date: only months whose rows changed are computed."""
    with _bar(as_json) as bar:
        task = bar.add_task("rolling up", total=None)
        done = refresh(
            open_lake(),
            progress=lambda name, at, months: bar.update(
                task, description=name, completed=at, total=months
            ),
        )
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in done]))
        return
    rows = [(each.rollup, str(each.computed), str(each.reused), str(each.removed)) for each in done]
    typer.echo(columns(("rollup", "months computed", "reused", "removed"), rows))


def compute(
    out: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Observe every firm and its owner on this day."),
    ] = None,
    subjects: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with uscc and observed_on instead; without person_id the legal "
            "representative of the day is taken."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="A column of --subjects to keep, such as bad; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """All features of many firms, as known on the day each is observed."""
    if (on is None) == (subjects is None):
        raise typer.BadParameter("give either --on or --subjects")
    if keep and subjects is None:
        raise typer.BadParameter("--keep names columns of --subjects")
    if out.suffix != ".parquet" or not out.parent.is_dir():
        raise FileNotUsable(
            value=out, why="it must end in .parquet and lie in a folder that exists"
        )
    lake = open_lake()
    asked, kept, ownerless = _asked(lake, on, subjects, keep or [])
    rows = 0
    draft = out.with_suffix(".draft")
    with _bar(as_json) as bar:
        task = bar.add_task("computing features", total=len(asked))
        writer: pq.ParquetWriter | None = None
        try:
            for batch in compute_batches(lake, asked):
                for name in kept.column_names:
                    batch = batch.append_column(name, kept[name].slice(rows, len(batch)))
                writer = writer or pq.ParquetWriter(draft, batch.schema)
                writer.write_table(batch)
                rows += len(batch)
                bar.update(task, completed=rows)
        finally:
            if writer is not None:
                writer.close()
    draft.replace(out)
    features = len(batch.column_names) - len(_KEYS) - len(kept.column_names)
    result = {"file": str(out), "rows": rows, "features": features, "without_owner": ownerless}
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"{rows:,} subjects with {features} features each are in {out}")
    if ownerless:
        typer.echo(f"{ownerless:,} firms without a known legal representative were left out")


def _asked(
    lake: Lake, on: datetime | None, subjects: Path | None, keep: list[str]
) -> tuple[pa.Table, pa.Table, int]:
    """Whom to compute, the columns to carry along row by row, and how many firms have no owner."""
    if on is not None:
        asked = _owners(lake, on.date())
        return asked, asked.select([]), 0
    table = _subjects(subjects, keep)
    rows = table.num_rows
    if "person_id" not in table.column_names:
        owners = lake.arrow("owners")
        table = with_owner(table, owners)
    return table.select(list(_KEYS)), table.select(keep), rows - table.num_rows


def _owners(lake: Lake, day: date) -> pa.Table:
    """Every firm known on `day` with its legal representative of that day."""
    owners = lake.connect(["owners"], as_of=day).table("owners").to_pyarrow()
    owners = owners.filter(pc.equal(owners["role"], "legal_representative"))
    newest = owners.sort_by([("uscc", "ascending"), ("since", "descending")])
    first = newest.group_by("uscc", use_threads=False).aggregate([("person_id", "first")])
    return pa.table(
        {
            "uscc": first["uscc"],
            "person_id": first["person_id_first"],
            "observed_on": pa.array([day] * len(first), pa.date32()),
        }
    )


def _subjects(path: Path | None, keep: list[str]) -> pa.Table:
    """Keys (person_id where the file has it) and the columns to keep; raises `FileNotUsable`."""
    assert path is not None  # one of both options is there
    table = read_table(path)
    keys = [name for name in _KEYS if name in table.column_names]
    missing = [n for n in ("uscc", "observed_on", *keep) if n not in table.column_names]
    if missing:
        raise FileNotUsable(value=path, why=f"it lacks {', '.join(missing)}")
    twice = sorted({name for name in keep if name in keys or keep.count(name) > 1})
    if twice:
        raise FileNotUsable(value=path, why=f"{', '.join(twice)} is kept already")
    types = {"observed_on": pa.date32()}
    try:
        table = table.select([*keys, *keep])
        return table.cast(
            pa.schema(
                [
                    (f.name, types.get(f.name, pa.string()) if f.name in keys else f.type)
                    for f in table.schema
                ]
            )
        )
    except pa.ArrowInvalid as error:
        raise FileNotUsable(value=path, why=str(error).splitlines()[0]) from None


@contextmanager
def _bar(still: bool) -> Iterator[Progress]:
    console = Console(stderr=True)
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *shown, console=console, transient=True, disable=still or not console.is_terminal
    ) as bar:
        yield bar
