"""The page on mappings: its examples are read and do what the page says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from kuaidai.data.lake import Lake
from kuaidai.data.lake.mapping import load_mapping

PAGE = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
RECIPES = re.findall(r"^\| `\w+` \| .* \| `(\{.*\})` \|$", PAGE, re.MULTILINE)


def _written(folder: Path, text: str) -> Path:
    file = folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_page_s_mappings_are_mappings(text: str, tmp_path: Path) -> None:
    assert load_mapping(_written(tmp_path, text))


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_page_s_recipes_are_recipes(recipe: str, tmp_path: Path) -> None:
    text = f'dataset = "loans"\nfiles = ["*.csv"]\n[columns]\nloan_no = {recipe}\n'
    assert tomllib.loads(text)
    assert load_mapping(_written(tmp_path, text))


def test_a_core_system_s_export_in_gb18030(lake: Lake, inbox: Path, tmp_path: Path) -> None:
    [export] = re.findall(r"```text\n(交易日期.*?)```", PAGE, re.DOTALL)
    (inbox / "流水_202601.csv").write_bytes(export.encode("gb18030"))
    mapping = load_mapping(_written(tmp_path, EXAMPLES[0]))
    assert [(run.rows, run.quarantined) for run in lake.ingest(inbox, mapping=mapping).runs] == [
        (2, 2)
    ]
    rows = lake.table("transactions").order_by("transaction_id").to_pyarrow().to_pylist()
    assert [
        (str(row["booked_on"]), row["direction"], str(row["amount"]), row["purpose"])
        for row in rows
    ] == [
        ("2026-01-05", "credit", "1234.50", "sales"),
        ("2026-01-06", "debit", "1000.00", "payroll"),
    ]
    faults = [
        (row["row"], row["column"], row["value"], row["reason"])
        for row in lake.quarantine("transactions")
    ]
    assert faults == [
        (3, "direction", "冲", "has no value under the mapping"),
        (4, "amount", "12,34.50", "is not an amount with at most two decimals"),
    ]
