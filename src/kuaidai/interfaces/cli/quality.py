"""`kuaidai lake quality`, `kuaidai features quality` and `kuaidai features drift`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kuaidai.config import environment
from kuaidai.interfaces.cli.columns import columns
from kuaidai.interfaces.cli.tables import FileNotUsable, read_table

if TYPE_CHECKING:
    from kuaidai.data.lake import Lake
    from kuaidai.data.quality.profile import Profile, Settings
    from kuaidai.data.quality.report import Screened, Standing

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Out = Annotated[Path | None, typer.Option(help="Where the HTML report goes.")]
Baseline = Annotated[
    int, typer.Option("--baseline", help="Months at the beginning to compare with.")
]
Months = Annotated[int, typer.Option(help="Months shown, counted from the last.")]
Spread = Annotated[
    float, typer.Option(help="Interquartile ranges from the median at which outliers begin.")
]
Previous = Annotated[
    bool, typer.Option("--previous", help="Drift against the month before, not the baseline.")
]


def lake_quality(
    datasets: Annotated[list[str] | None, typer.Argument(help="Datasets (default: all).")] = None,
    out: Out = None,
    lake: Annotated[
        Path | None, typer.Option(help="Lake folder (default: this installation's).")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge freshness by this day.")
    ] = None,
    baseline: Baseline = 6,
    months: Months = 36,
    spread: Spread = 3.0,
    previous: Previous = False,
    as_json: Json = False,
) -> None:
    """Screen datasets by month: missing values, outliers, drift, new categories.

    The profiles of this installation's lake are kept for the console.
    """
    from kuaidai.data.lake.datasets import DATASETS
    from kuaidai.data.lake.files import contract_of
    from kuaidai.data.quality import screen_dataset
    from kuaidai.data.quality.store import ProfileStore
    from kuaidai.interfaces.cli.lake import open_lake

    _require_folder(out)
    if lake is not None and not lake.is_dir():
        raise FileNotUsable(value=lake, why="there is no such lake folder")
    settings = _settings(baseline, months, spread, previous)
    names = [contract_of(name).name for name in datasets] if datasets else list(DATASETS)
    found = open_lake(lake)
    standings = _standings(found, on.date() if on else None)
    store = None if lake else ProfileStore(environment.load().quality_folder)
    now = datetime.now().astimezone()
    screened = []
    bar_columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    still = not console.is_terminal
    with Progress(*bar_columns, console=console, transient=True, disable=still) as bar:
        task = bar.add_task("screening")
        for name in names:
            bar.update(task, description=name)
            profile = screen_dataset(found, name, settings)
            drawn = _drawn(profile, standings[name])
            if store is not None:
                store.save(profile, computed_at=now, charts=drawn.charts)
            screened.append(drawn)
    _deliver(screened, out, now, as_json=as_json)


def features_quality(
    table: Annotated[Path, typer.Argument(help="Feature values: Parquet or CSV with observed_on.")],
    out: Out = None,
    baseline: Baseline = 3,
    months: Months = 36,
    spread: Spread = 3.0,
    previous: Previous = False,
    as_json: Json = False,
) -> None:
    """Screen feature values by month of observation: missing rate, outliers and drift."""
    from kuaidai.data.features import catalog
    from kuaidai.data.quality import screen_features

    _require_folder(out)
    specs = catalog()
    profile = screen_features(
        read_table(table),
        titles={spec.name: (spec.title_en, spec.title_zh) for spec in specs},
        money=frozenset(spec.name for spec in specs if spec.unit == "CNY"),
        settings=_settings(baseline, months, spread, previous),
    )
    _deliver([_drawn(profile, None)], out, datetime.now().astimezone(), as_json=as_json)


def features_drift(
    first: Annotated[Path, typer.Argument(help="Feature values of the first population.")],
    second: Annotated[Path, typer.Argument(help="Feature values of the second population.")],
    as_json: Json = False,
) -> None:
    """How far each feature lies apart in two populations: PSI, KS, missing rates."""
    from kuaidai.data.quality.population import population_drift

    rows = population_drift(read_table(first), read_table(second))
    if as_json:
        typer.echo(json.dumps({"features": [asdict(row) for row in rows]}, ensure_ascii=False))
        return
    headers = ("feature", "psi", "level", "by_chance", "ks", "ks_p", "missing_a", "missing_b")
    cells = [
        (
            row.feature,
            f"{row.stability.index:.4f}",
            row.stability.level,
            f"{row.stability.expected_by_chance:.4f}",
            "" if row.ks is None else f"{row.ks:.4f}",
            "" if row.ks_p is None else f"{row.ks_p:.4f}",
            f"{row.missing_a:.4f}",
            f"{row.missing_b:.4f}",
        )
        for row in rows
    ]
    typer.echo(columns(headers, cells))


def _settings(baseline: int, months: int, spread: float, previous: bool) -> Settings:
    from kuaidai.data.quality.profile import Against, Settings

    against = Against.PREVIOUS if previous else Against.BASELINE
    return Settings(baseline_months=baseline, months=months, spread=spread, against=against)


def _require_folder(out: Path | None) -> None:
    if out is not None and not out.parent.is_dir():
        raise FileNotUsable(value=out, why="its folder does not exist; create it first")


def _standings(lake: Lake, on: date | None) -> dict[str, Standing]:
    """How every dataset stands, as `kuaidai lake status` says, with its quarantine rate."""
    from kuaidai.data.quality.report import Standing

    read: dict[str, int] = {}
    for run in lake.runs():
        read[run.dataset] = read.get(run.dataset, 0) + run.rows + run.quarantined
    return {
        s.dataset: Standing(
            s.first, s.last, s.freshness_days, s.stale, s.quarantined,
            s.quarantined / read[s.dataset] if read.get(s.dataset) else None,
        )
        for s in lake.status(on=on)
    }  # fmt: skip


def _drawn(profile: Profile, standing: Standing | None) -> Screened:
    from kuaidai.data.quality.charts import draw
    from kuaidai.data.quality.report import Screened

    return Screened(profile, draw(profile), standing)


def _deliver(screened: list[Screened], out: Path | None, now: datetime, *, as_json: bool) -> None:
    """The report where it was asked for; figures or findings on stdout."""
    from kuaidai.data.quality.report import render_html
    from kuaidai.data.quality.wording import detail_of, kind_of

    if out is not None:
        out.write_text(render_html(screened, computed_at=now), encoding="utf-8")
    if as_json:
        rows = [
            {"standing": asdict(s.standing) if s.standing else None, "profile": asdict(s.profile)}
            for s in screened
        ]
        said = {"computed_at": now.isoformat(), "out": str(out) if out else None, "tables": rows}
        typer.echo(json.dumps(said, ensure_ascii=False, default=str))
        return
    cells = [
        (
            s.profile.name,
            finding.month,
            finding.column,
            kind_of(finding, "en"),
            detail_of(finding, "en"),
        )
        for s in screened
        for finding in s.profile.findings
    ]
    rows_read = sum(sum(s.profile.rows) for s in screened)
    typer.echo(f"{len(screened)} tables, {rows_read:,} rows, {len(cells)} findings")
    if cells:
        typer.echo(columns(("table", "month", "column", "what", "figure"), cells))
    if out is not None:
        typer.echo(f"report: {out}")
