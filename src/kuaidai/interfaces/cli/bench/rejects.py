"""`kuaidai bench rejects`: reject inference on a simulated bank, held against what would have become of everyone."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from kuaidai.data.features import compute_batch
from kuaidai.data.features.subjects import with_owner
from kuaidai.data.lake import Lake
from kuaidai.interfaces.cli.columns import columns
from kuaidai.risk.scorecards.development import TARGET, application_config
from kuaidai.risk.scorecards.reject_inference import InferenceResult, evaluate
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.world import World, build_world

_ENDS_ON = date(2026, 10, 31)


def rejects(
    firms: Annotated[int, typer.Option(min=500, help="Firms of the simulated bank.")] = 3000,
    months: Annotated[int, typer.Option(min=12, help="Months of history.")] = 36,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 7,
    prudence: Annotated[
        float, typer.Option(min=0.1, help="Times the inferred bad rate of those turned down.")
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fit on the accepted alone, by each method of reject inference, and on everyone; judge on other firms."""
    world = build_world(firms=firms, months=months, seed=seed, ends_on=_ENDS_ON)
    with tempfile.TemporaryDirectory(prefix="kuaidai-bench-") as folder:
        applicants = _applicants(world, Path(folder))
    half = np.array([int(name[-4:], 36) % 2 == 0 for name in applicants["uscc"].to_pylist()])
    train, test = applicants.filter(pa.array(half)), applicants.filter(pa.array(~half))
    found = evaluate(
        train,
        test,
        target=TARGET,
        accepted="approved",
        config=application_config("rejects", train),
        prudence=prudence,
    )
    facts = {
        "firms": firms,
        "applicants": applicants.num_rows,
        "turned_down": int(pc.sum(pc.invert(applicants["approved"])).as_py()),
        "results": [asdict(result) for result in found],
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{facts['applicants']} applicants, {facts['turned_down']} turned down")
    typer.echo(columns(_HEAD, [_line(result) for result in found]))


_HEAD = ("card", "AUC", "AUC of rejected", "Brier", "PD of rejected", "their bad rate", "features")


def _line(result: InferenceResult) -> list[str]:
    return [
        result.name,
        f"{result.auc:.4f}",
        f"{result.auc_rejected:.4f}",
        f"{result.brier:.4f}",
        f"{result.pd_rejected:.2%}",
        f"{result.rate_rejected:.2%}",
        str(len(result.features)),
    ]


def _applicants(world: World, folder: Path) -> pa.Table:
    """Features, approval and true outcome of every firm in every month in which it asked."""
    write_drop(world, folder / "drop")
    asked = pq.read_table(folder / "drop-truth" / "truth.parquet", filters=pc.field("asked"))
    labels = pa.table(
        {
            "uscc": asked["uscc"].cast(pa.string()),
            "observed_on": asked["month"].cast(pa.date32()),
            "approved": asked["approved"],
            TARGET: asked["defaults_12m"].cast(pa.int8()),
        }
    )
    lake = Lake(folder / "lake")
    lake.ingest(folder / "drop")
    subjects = with_owner(labels, lake.arrow("owners"))
    table = compute_batch(lake, subjects)
    for name in ("approved", TARGET):
        if name not in table.column_names:
            table = table.append_column(name, subjects[name])
    return table
