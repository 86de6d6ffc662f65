"""The console's pages about data: who sees them, what they say with and without data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.data.quality import screen_dataset
from kuaidai.data.quality.charts import draw
from kuaidai.data.quality.store import ProfileStore
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.interfaces.cli import main
from kuaidai.kernel.calendars import add_months

pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
SYSTEM = Actor.system("tests")
TODAY = date(2025, 3, 3)


@pytest.fixture
def home(settings, tmp_path: Path) -> Path:
    """An installation of the test's own: no lake, no profile."""
    settings.KUAIDAI = replace(settings.KUAIDAI, home=tmp_path, lake=str(tmp_path / "lake"))
    return tmp_path


@pytest.fixture
def sign_in(db, client, home):
    set_business_date(on=TODAY, actor=SYSTEM)
    client.cookies["django_language"] = "en"

    def as_role(role: str):
        register_staff(username=role, role=role, password=PASSWORD, actor=SYSTEM, on=TODAY)
        assert client.login(username=role, password=PASSWORD)
        return client

    return as_role


def payroll(folder: Path, *, odd_month: int = 12) -> Path:
    """Fourteen months of 30 payrolls from January 2024; in one month a third have ten thousand heads."""
    rows = [
        {
            "uscc": f"F{firm}",
            "paid_on": add_months(date(2024, 1, 28), month),
            "heads": 10_000 if month == odd_month and firm < 10 else 5 + firm % 7,
            "amount": Decimal(f"{30_000 + 1_000 * (firm % 7)}.00"),
        }
        for month in range(14)
        for firm in range(30)
    ]
    path = folder / "payroll_runs.parquet"
    pq.write_table(pa.Table.from_pylist(rows, arrow_schema(DATASETS["payroll_runs"])), path)
    return path


@pytest.fixture
def lake(home: Path) -> Lake:
    lake = Lake(home / "lake")
    lake.ingest(payroll(home))
    return lake


def screen(lake: Lake, home: Path) -> None:
    profile = screen_dataset(lake, "payroll_runs")
    now = datetime(2025, 3, 3, 6, 30, tzinfo=UTC)
    ProfileStore(home / "quality").save(profile, computed_at=now, charts=draw(profile))


@pytest.mark.parametrize("page", ["data/", "data/payroll_runs/"])
def test_the_pages_belong_to_those_who_work_with_data(sign_in, page) -> None:
    for role in ("risk_officer", "modeller", "operations", "admin"):
        client = sign_in(role)
        assert client.get(f"/console/{page}").status_code == 200
        assert 'href="/console/data/"' in client.get("/console/").content.decode()

    manager = sign_in("account_manager")
    refused = manager.get(f"/console/{page}")
    assert refused.status_code == 403
    assert "account_manager does not see" in refused.content.decode()
    assert 'href="/console/data/"' not in manager.get("/console/").content.decode()

    manager.logout()
    assert manager.get(f"/console/{page}").status_code == 302


@pytest.mark.parametrize(
    ("language", "words"), [("en", "The lake is empty"), ("zh-hans", "数据湖为空")]
)
def test_an_empty_lake_says_what_to_run(sign_in, language, words) -> None:
    client = sign_in("operations")
    client.cookies["django_language"] = language

    shown = client.get("/console/data/").content.decode()

    assert words in shown and "kuaidai lake ingest" in shown
    assert client.get("/console/data/payroll_runs/").status_code == 200
    assert client.get("/console/data/wages/").status_code == 404


def test_the_overview_shows_what_lake_status_says(sign_in, lake, home, capsys, monkeypatch) -> None:
    monkeypatch.setenv("KUAIDAI_HOME", str(home))
    with pytest.raises(SystemExit):
        main.run(["lake", "status", "--on", TODAY.isoformat(), "--json"])
    said = {row["dataset"]: row for row in json.loads(capsys.readouterr().out)}["payroll_runs"]

    shown = sign_in("operations").get("/console/data/").content.decode()

    row = shown.split("/console/data/payroll_runs/")[1].split("</tr>")[0]
    assert said["rows"] == 420 and f">{said['rows']}</td>" in row
    for fact in (said["first"], said["last"], f">{said['months']}</td>", "Fresh", "not screened"):
        assert fact in row
    assert "payroll_runs.parquet" in shown


def test_a_stale_dataset_is_marked(sign_in, lake) -> None:
    set_business_date(on=date(2026, 3, 3), actor=SYSTEM)
    shown = sign_in("operations").get("/console/data/payroll_runs/").content.decode()
    assert "Stale" in shown


def test_a_dataset_not_screened_says_what_to_run(sign_in, lake) -> None:
    shown = sign_in("modeller").get("/console/data/payroll_runs/").content.decode()
    assert "kuaidai lake quality payroll_runs" in shown
    assert "<svg viewBox" not in shown.split("Quality by month")[0]


@pytest.mark.parametrize(("language", "words"), [("en", "Outliers"), ("zh-hans", "异常值")])
def test_a_screened_dataset_shows_charts_tables_and_findings(
    sign_in, lake, home, language, words
) -> None:
    screen(lake, home)
    client = sign_in("modeller")
    client.cookies["django_language"] = language

    shown = client.get("/console/data/payroll_runs/").content.decode()

    findings = shown.split("chart-paper")[0]
    assert words in findings and "2025-01" in findings and "33.3%" in findings
    assert "2024-12" not in findings.split("<tbody>")[1]
    assert shown.count('class="chart-paper"') == 3  # rows, outliers, drift; nothing is missing
    assert {"en": "3 March 2025", "zh-hans": "2025年3月3日"}[language] in shown.replace(
        "\u00a0", " "
    )
    assert "33.3%" in shown.split("chart-paper")[2]


def test_a_profile_that_the_lake_has_outgrown_is_marked(sign_in, lake, home) -> None:
    screen(lake, home)
    client = sign_in("modeller")
    assert "has gone on" not in client.get("/console/data/payroll_runs/").content.decode()

    late = home / "payroll_runs.csv"
    late.write_text("uscc,paid_on,heads,amount\nF1,2025-03-01,3,9000.00\n")
    lake.ingest(late)

    assert "has gone on" in client.get("/console/data/payroll_runs/").content.decode()


def test_refused_rows_show_column_value_and_reason(sign_in, lake, home) -> None:
    odd = home / "payroll_runs.csv"
    odd.write_text("uscc,paid_on,heads,amount\nF1,2025-02-27,<b>many</b>,9000.00\n")
    lake.ingest(odd)

    shown = sign_in("operations").get("/console/data/payroll_runs/").content.decode()

    refused = shown.split("Refused rows", 1)[1]
    assert "heads" in refused and "&lt;b&gt;many&lt;/b&gt;" in refused
    assert "is not a whole number" in refused
    assert "0.24%" in shown  # one of 421 rows read
