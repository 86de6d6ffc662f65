"""The realism report: figures by hand on small data, the demo-sized drop, and the real invoices."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from kuaidai.interfaces.cli.main import run
from kuaidai.simulator.realism.errors import DropNotUsable, RealInvoicesNotUsable
from kuaidai.simulator.realism.facts import FACTS, find, sizes
from kuaidai.simulator.realism.report import render_html, study
from kuaidai.simulator.realism.trading import MEASURES, Sales, compare, real_sales

_Row = tuple[str, str, str, float, str]


def _real(folder: Path, rows: list[_Row]) -> Path:
    """A folder of invoices in the published form: firm, day, customer, amount, status."""
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            """create table papers (company_id varchar, invoice_date timestamp,
               counterparty_id varchar, amount double, status varchar, side varchar)"""
        )
        connection.executemany("insert into papers values (?, ?, ?, ?, ?, 'out')", rows)
        connection.execute(f"copy papers to '{folder}/invoices_all.parquet'")
        connection.execute(
            f"copy (select distinct company_id from papers) to '{folder}/companies.parquet'"
        )
    return folder


def test_a_firms_figures_are_those_of_its_24_months(tmp_path: Path) -> None:
    found = real_sales(
        _real(
            tmp_path / "real",
            [
                ("E1", "2025-12-05", "A", 300.0, "valid"),
                ("E1", "2025-11-05", "B", 100.0, "valid"),
                ("E1", "2024-06-05", "A", 200.0, "valid"),
                ("E1", "2024-06-06", "A", -60.0, "valid"),
                ("E1", "2025-03-06", "C", 999.0, "void"),
                ("E1", "2023-12-31", "D", 777.0, "valid"),  # before the window
                ("E1", "2026-01-15", "D", 777.0, "valid"),  # the newest month
            ],
        )
    )

    figures = {name: float(values[0]) for name, values in found.values.items()}
    mean = 540 / 24
    spread = ((300**2 + 100**2 + 140**2) / 24 - mean**2) ** 0.5
    assert figures["sales_cv"] == pytest.approx(spread / mean)
    assert figures["void_share"] == pytest.approx(1 / 5)
    assert figures["returned_share"] == pytest.approx(60 / 600)
    assert figures["customers"] == 2
    assert figures["top_customer_share"] == pytest.approx(440 / 540)
    assert figures["invoices_monthly"] == pytest.approx(4 / 24)
    assert figures["growth"] == pytest.approx(400 / 140)
    assert found.season[11] == pytest.approx(300 / 540)
    assert sum(found.season) == pytest.approx(1.0)


def _sales(values: np.ndarray, source: str = "invoices") -> Sales:
    figures = {measure.name: values for measure in MEASURES}
    return Sales(source, len(values), figures, (1 / 12,) * 12)


def test_the_verdict_follows_the_distance_and_says_which_way() -> None:
    real = _sales(np.arange(1000) / 1000)
    same, lower = compare(real, real)[0], compare(real, _sales(np.arange(1000) / 3000))[0]
    off = compare(real, _sales(np.clip(np.arange(1000) / 1000 + 0.15, 0, 1)))[0]

    assert (same.ks, same.verdict) == (0.0, "close")
    assert lower.ks == pytest.approx(2 / 3, abs=0.01)
    assert lower.verdict == "apart: middle lower, spread narrower"
    assert off.verdict.startswith("somewhat off: middle higher")


def test_payments_cannot_show_void_invoices() -> None:
    real = _sales(np.arange(100.0))
    rows = {
        row.measure.name: row for row in compare(real, _sales(np.arange(100.0), "transactions"))
    }
    for measure in MEASURES:
        row = rows[measure.name]
        assert (row.ks is None) == measure.invoices_only
        assert (row.verdict == "not shown by payments") == measure.invoices_only


def test_the_drops_figures_are_counted_not_claimed(
    drop: Path, sql: duckdb.DuckDBPyConnection
) -> None:
    found = {finding.fact.key: finding for finding in find(drop)}

    def one(query: str) -> float:
        row = sql.execute(query).fetchone()
        assert row is not None
        return float(row[0])

    assert found["line_mean"].ours == pytest.approx(one("select avg(principal) from loans"))
    assert found["npl"].ours == pytest.approx(
        one(
            """select sum(case when days_past_due > 90 then outstanding else 0 end)
               / sum(outstanding) from loan_months where month_end = date '2026-10-31'"""
        )
    )
    assert sum(sizes(drop)) == one("select count(*) from loans")
    for finding in found.values():
        assert (finding.verdict == "no published share") == finding.fact.line
    for fact in FACTS:
        assert fact.line or "[S" in fact.source


def test_the_report_stands_alone_and_says_where_sales_come_from(drop: Path) -> None:
    page = render_html(study(drop))
    assert "No real invoices were given" in page
    assert "<svg" in page
    assert "无公开占比" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_drop_in_parts_reads_like_one_in_files(drop: Path, tmp_path: Path) -> None:
    for path in drop.glob("*.parquet"):
        folder = tmp_path / path.stem
        folder.mkdir()
        with duckdb.connect() as connection:
            for part in range(2):
                connection.execute(
                    f"""copy (select * from '{path}'
                        qualify row_number() over () % 2 = {part})
                        to '{folder}/part-{part:05d}.parquet'"""
                )
    assert find(tmp_path) == find(drop)


def test_wrong_folders_are_refused(drop: Path, tmp_path: Path) -> None:
    with pytest.raises(DropNotUsable, match="no such folder"):
        study(tmp_path / "nowhere")
    with pytest.raises(DropNotUsable, match=r"no loans\.parquet"):
        study(tmp_path)
    with pytest.raises(RealInvoicesNotUsable, match="is missing"):
        study(drop, tmp_path)
    broken = _real(tmp_path / "broken", [("E1", "2026-01-15", "D", 7.0, "valid")])
    with pytest.raises(RealInvoicesNotUsable, match="no sale lies"):
        study(drop, broken)


@pytest.mark.parametrize(
    "options", [["--out", "nowhere/at/all.html"], ["--real-invoices", "/none"]]
)
def test_the_command_refuses_in_one_line(
    drop: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(["realism", str(drop), *options])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_against_the_real_firms(drop: Path, real_data: Path, tmp_path: Path) -> None:
    from kuaidai.interfaces.cli.realism import app

    folder = real_data / "cumcm2020c"
    if not folder.is_dir():
        pytest.skip(f"KUAIDAI_REAL_DATA has no folder cumcm2020c: {real_data}")
    out = tmp_path / "realism.html"
    options = [str(drop), "--real-invoices", str(folder), "--out", str(out), "--json"]
    answer = CliRunner().invoke(app, options)

    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert found["real_firms"] == 425
    assert [row["measure"] for row in found["trading"]] == [measure.name for measure in MEASURES]
    assert sum(found["season"]["real"]) == pytest.approx(1.0)
    assert out.read_text("utf-8").count("<svg") >= 6
