"""`kuaidai labels`: who was good and who was bad, and the tables to choose that definition by."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from kuaidai.data.labels.behaviour import behaviour
from kuaidai.data.labels.definition import LABELS, LabelDefinition
from kuaidai.data.labels.errors import LabelColumnMissing, WrongLabelSetting
from kuaidai.data.labels.outcomes import connect, known_outcomes, outcomes
from kuaidai.data.labels.report import render_html, study
from kuaidai.data.labels.roll_rates import STATES, beyond, roll_rates, worst_states
from kuaidai.data.labels.vintage import THRESHOLDS, Cohorts, cohort_name, vintage_table
from kuaidai.data.labels.windows import WINDOWS, window_table
from kuaidai.data.lake import Lake
from kuaidai.interfaces.cli.columns import columns
from kuaidai.interfaces.cli.lake import open_lake
from kuaidai.interfaces.cli.tables import FileNotUsable, read_table, write_table

app = typer.Typer(add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Csv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]
LakeFolder = Annotated[
    Path | None, typer.Option("--lake", help="Lake folder (default: this installation's).")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="What the bank knew on that day (default: now)."),
]
Window = Annotated[int, typer.Option(help="Months after the grant that are watched.")]
Dpd = Annotated[int, typer.Option(help="Days past due that make a loan bad.")]
Indeterminate = Annotated[
    int, typer.Option(help="Days past due that make it neither good nor bad; 0 for none.")
]
Tenor = Annotated[int, typer.Option(help="Leave out loans with a shorter tenor, months.")]
Unused = Annotated[bool, typer.Option("--without-unused", help="Leave out loans never drawn.")]
Closed = Annotated[int, typer.Option(help="Leave out loans repaid within so many months.")]
Fraud = Annotated[int, typer.Option(help="Leave out loans bad within so many months.")]
Least = Annotated[str, typer.Option(help="Leave out loans granted less, in yuan.")]
Excluded = Annotated[
    Path | None,
    typer.Option(
        "--exclude", help="CSV or Parquet of loans to leave out: loan_no or uscc, reason."
    ),
]
Known = Annotated[
    bool, typer.Option("--known", help="Write only firms known to be good or bad, to fit on.")
]
Granted = Annotated[Cohorts, typer.Option(help="Cohorts by month or quarter of the grant.")]


def _definition(
    window: int,
    dpd: int,
    indeterminate: int,
    tenor: int,
    unused: bool,
    closed: int,
    fraud: int,
    least: str,
) -> LabelDefinition:
    """The definition that the options describe; raises `WrongLabelSetting`."""
    try:
        principal = Decimal(least)
    except InvalidOperation:
        raise WrongLabelSetting(
            name="least_principal", value=least, rule="an amount such as 10000.00"
        ) from None
    return LabelDefinition(
        window_months=window,
        dpd_threshold=dpd,
        indeterminate_dpd=indeterminate or None,
        least_tenor_months=tenor,
        without_use=unused,
        closed_within_months=closed,
        fraud_within_months=fraud,
        least_principal=principal,
    )


def _lake(folder: Path | None) -> Lake:
    if folder is not None and not folder.is_dir():
        raise FileNotUsable(value=folder, why="there is no such lake folder")
    return open_lake(folder)


def _excluded(path: Path | None) -> pa.Table | None:
    """The list of loans to leave out, as text columns."""
    if path is None:
        return None
    table = read_table(path)
    if "reason" not in table.column_names or not {"loan_no", "uscc"} & set(table.column_names):
        missing = "reason" if "reason" not in table.column_names else "loan_no or uscc"
        present = ", ".join(table.column_names)
        raise LabelColumnMissing(table=path.name, column=missing, present=present)
    kept = [name for name in ("loan_no", "uscc", "reason") if name in table.column_names]
    return table.select(kept).cast(pa.schema([(name, pa.string()) for name in kept]))


def _day(on: datetime | None) -> date | None:
    return on.date() if on else None


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else str(value)


def _print(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], *, as_json: bool, as_csv: bool
) -> None:
    """The table as JSON rows, as CSV, or in columns."""
    if as_json:
        found = [dict(zip(headers, row, strict=True)) for row in rows]
        typer.echo(json.dumps({"rows": found}, ensure_ascii=False, default=str))
        return
    texts = [[_plain(cell) for cell in row] for row in rows]
    if as_csv:
        page = io.StringIO()
        csv.writer(page, lineterminator="\n").writerows([headers, *texts])
        typer.echo(page.getvalue(), nl=False)
        return
    typer.echo(columns(headers, texts))


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(help="Where the labels go: .parquet or .csv.")] = None,
    lake: LakeFolder = None,
    as_of: AsOf = None,
    window: Window = 12,
    dpd: Dpd = 60,
    indeterminate: Indeterminate = 30,
    least_tenor: Tenor = 0,
    without_unused: Unused = False,
    closed_within: Closed = 0,
    fraud_within: Fraud = 0,
    least_principal: Least = "0",
    exclude: Excluded = None,
    known: Known = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Judge every grant: one row per firm and day, and how many there are of each label."""
    definition = _definition(
        window, dpd, indeterminate, least_tenor, without_unused, closed_within, fraud_within,
        least_principal,
    )  # fmt: skip
    labels = outcomes(_lake(lake), definition, as_of=_day(as_of), excluded=_excluded(exclude))
    _deliver(labels, definition, _day(as_of), out, known=known, as_json=as_json, as_csv=as_csv)


@app.command("behaviour")
def behaviour_(
    on: Annotated[
        list[datetime],
        typer.Option(formats=["%Y-%m-%d"], help="A month end to look at; may be repeated."),
    ],
    out: Annotated[Path | None, typer.Option(help="Where the labels go: .parquet or .csv.")] = None,
    lake: LakeFolder = None,
    as_of: AsOf = None,
    window: Annotated[int, typer.Option(help="Months after the day that are watched.")] = 12,
    dpd: Dpd = 60,
    indeterminate: Indeterminate = 30,
    known: Known = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Judge every borrower who is not late on a day: one row per firm and day."""
    definition = LabelDefinition(
        window_months=window, dpd_threshold=dpd, indeterminate_dpd=indeterminate or None
    )
    days = sorted({each.date() for each in on})
    labels = behaviour(_lake(lake), days, definition, as_of=_day(as_of))
    _deliver(labels, definition, _day(as_of), out, known=known, as_json=as_json, as_csv=as_csv)


def _deliver(
    labels: pa.Table,
    definition: LabelDefinition,
    as_of: date | None,
    out: Path | None,
    *,
    known: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Write the labels where asked, and print them or how many there are of each."""
    if out is not None:
        write_table(known_outcomes(labels) if known else labels, out)
    if as_csv:
        shown = known_outcomes(labels) if known else labels
        _print(
            shown.column_names,
            [list(row.values()) for row in shown.to_pylist()],
            as_json=False,
            as_csv=True,
        )
        return
    counted = Counter(labels["label"].to_pylist())
    reasons = Counter(reason for reason in labels["exclusion"].to_pylist() if reason)
    judged = counted["good"] + counted["bad"]
    summary = {
        "definition": asdict(definition),
        "as_of": as_of,
        "rows": labels.num_rows,
        **{label: counted[label] for label in LABELS},
        "bad_rate": round(counted["bad"] / judged, 6) if judged else None,
        "exclusions": dict(sorted(reasons.items())),
        "out": str(out) if out else None,
    }
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False, default=str))
        return
    typer.echo(definition.text_en)
    for name in ("rows", *LABELS, "bad_rate", "exclusions", "out"):
        if summary[name] not in (None, {}):
            typer.echo(f"{name:<16}{summary[name]}")


@app.command()
def vintage(
    lake: LakeFolder = None,
    as_of: AsOf = None,
    cohorts: Granted = Cohorts.QUARTER,
    threshold: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Days past due; may be repeated (default: 30 60 90)."),
    ] = None,
    longest: Annotated[int, typer.Option(help="Months on book shown at most.")] = 36,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Cumulative bad rate by time of grant and months on book."""
    backend = connect(_lake(lake), _day(as_of))
    points = vintage_table(
        backend.table("loans"),
        backend.table("loan_months"),
        cohorts=cohorts,
        thresholds=tuple(threshold or THRESHOLDS),
        longest=longest,
    )
    rows = [
        (cohort_name(p.cohort, cohorts), p.threshold, p.age, p.loans, p.bad, p.rate) for p in points
    ]
    headers = ("cohort", "threshold", "months_on_book", "loans", "bad", "rate")
    _print(headers, rows, as_json=as_json, as_csv=as_csv)


@app.command("roll-rates")
def roll_rates_(
    lake: LakeFolder = None,
    as_of: AsOf = None,
    window: Window = 12,
    follow: Annotated[int, typer.Option(help="Months a loan must be seen beyond the window.")] = 6,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Where loans of each state stand a month later, and how many late ones come back."""
    backend = connect(_lake(lake), _day(as_of))
    pair = backend.table("loans"), backend.table("loan_months")
    worst = worst_states(*pair, window_months=window, follow_months=follow)
    rolls = [(r.state, r.following, r.count, r.share) for r in roll_rates(*pair)]
    rows = [
        (w.state, w.loans, w.ever_90, w.ever_90_share, w.cured, w.cured_share, w.settled)
        for w in (*worst, *(beyond(worst, state) for state in STATES[2:4]))
    ]
    roll_names = ("state", "next_state", "loan_months", "share")
    worst_names = (
        "worst_state",
        "loans",
        "ever_90",
        "ever_90_share",
        "cured",
        "cured_share",
        "settled",
    )
    if as_json:
        found = {
            "rolls": [dict(zip(roll_names, row, strict=True)) for row in rolls],
            "worst_states": [dict(zip(worst_names, row, strict=True)) for row in rows],
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _print(roll_names, rolls, as_json=False, as_csv=as_csv)
    typer.echo("")
    _print(worst_names, rows, as_json=False, as_csv=as_csv)


@app.command()
def windows(
    lake: LakeFolder = None,
    as_of: AsOf = None,
    months: Annotated[
        list[int] | None, typer.Option(help="Window lengths; may be repeated (default: 3 to 24).")
    ] = None,
    threshold: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Days past due; may be repeated (default: 30 60 90)."),
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Bad rate by length of the window."""
    backend = connect(_lake(lake), _day(as_of))
    rates = window_table(
        backend.table("loans"),
        backend.table("loan_months"),
        windows=tuple(months or WINDOWS),
        thresholds=tuple(threshold or THRESHOLDS),
    )
    headers = (
        "threshold", "window_months", "loans", "bad", "rate", "same_loans", "same_bad", "same_rate",
    )  # fmt: skip
    rows = [
        (r.threshold, r.months, r.loans, r.bad, r.rate, r.same_loans, r.same_bad, r.same_rate)
        for r in rates
    ]
    _print(headers, rows, as_json=as_json, as_csv=as_csv)


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="Where the HTML file goes.")],
    lake: LakeFolder = None,
    as_of: AsOf = None,
    cohorts: Granted = Cohorts.QUARTER,
    window: Window = 12,
    dpd: Dpd = 60,
    indeterminate: Indeterminate = 30,
    least_tenor: Tenor = 0,
    without_unused: Unused = False,
    closed_within: Closed = 0,
    fraud_within: Fraud = 0,
    least_principal: Least = "0",
    exclude: Excluded = None,
) -> None:
    """All tables with charts in one HTML file, in English and Chinese."""
    definition = _definition(
        window, dpd, indeterminate, least_tenor, without_unused, closed_within, fraud_within,
        least_principal,
    )  # fmt: skip
    if not out.parent.is_dir():
        raise FileNotUsable(value=out, why="its folder does not exist; create it first")
    found = study(
        _lake(lake),
        definition,
        as_of=_day(as_of),
        cohorts=cohorts,
        excluded=_excluded(exclude),
    )
    out.write_text(render_html(found), encoding="utf-8")
    typer.echo(str(out))
