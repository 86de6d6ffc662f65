"""A lake of accounts for benchmarks: as many transactions as asked for, made by DuckDB from hashes.

It has the shape of ingested data (a run a dataset, a file a month) but is written straight into place:
the benchmark is of what is computed from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from kuaidai.data.lake.contract import BEGINNING
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.manifest import IngestRun, Manifest, MonthRows, dump
from kuaidai.data.lake.storage import LocalFolder
from kuaidai.kernel.calendars import add_months, month_end

MONTHS = 24
FIRST = date(2024, 1, 1)
OBSERVED_ON = add_months(FIRST, MONTHS)
TRANSACTIONS_A_FIRM = 1_000
_SALES, _PURCHASES = 0.45, 0.80
"""Cumulated shares of the purposes: sales, then purchases, then everything else."""


@dataclass(frozen=True)
class Size:
    """How much there is: transactions over 24 months, and the firms they belong to."""

    transactions: int

    @property
    def firms(self) -> int:
        """A thousand transactions a firm."""
        return max(self.transactions // TRANSACTIONS_A_FIRM, 1)


def firm_sql(number: str) -> str:
    """SQL of a firm's code from its number."""
    return f"'91320000KD' || lpad(CAST({number} AS VARCHAR), 8, '0')"


def _share(*salt: str) -> str:
    """SQL of a uniform number in [0, 1) from a hash."""
    return f"(hash({', '.join(salt)}) % 1000003) / 1000003.0"


def _transactions(size: Size, month: date, place: int) -> str:
    rows = size.transactions // MONTHS
    days = month_end(month).day
    return f"""
    WITH drawn AS (
      SELECT {place} * {rows} + i AS id, CAST({_share("i", str(place), "1")} * {size.firms} AS BIGINT)
          % {size.firms} AS firm, {_share("i", str(place), "2")} AS kind, {_share("i", str(place), "3")} AS size,
          CAST(floor(i * {days}.0 / {rows}) AS INTEGER) AS day, {_share("i", str(place), "4")} AS who
      FROM range({rows}) t(i))
    SELECT 'T' || lpad(CAST(id AS VARCHAR), 12, '0') AS transaction_id,
      'A' || lpad(CAST(firm AS VARCHAR), 10, '0') AS account_no, {firm_sql("firm")} AS uscc,
      CAST(DATE '{month}' + day AS DATE) AS booked_on,
      CASE WHEN kind < {_SALES} THEN 'credit' ELSE 'debit' END AS direction,
      CAST(exp(5 + 6 * size) AS DECIMAL(18, 2)) AS amount,
      CASE WHEN kind < {_PURCHASES} THEN 'C' || CAST(firm * 40 + CAST(40 * who * who AS INTEGER) AS VARCHAR) END
          AS counterparty,
      CASE WHEN kind < {_SALES} THEN 'sales' WHEN kind < {_PURCHASES} THEN 'purchase'
        WHEN kind < 0.85 THEN 'tax' WHEN kind < 0.9 THEN 'payroll' WHEN kind < 0.94 THEN 'cash'
        WHEN kind < 0.97 THEN 'loan_repayment' WHEN kind < 0.99 THEN 'rent' ELSE 'other' END AS purpose,
      CAST(NULL AS BIGINT) AS sequence, CAST(NULL AS DECIMAL(18, 2)) AS balance_after FROM drawn"""


def _daily_balances(size: Size, month: date, place: int) -> str:
    return f"""
    SELECT 'A' || lpad(CAST(f AS VARCHAR), 10, '0') AS account_no, {firm_sql("f")} AS uscc,
      CAST(DATE '{month}' + CAST(d AS INTEGER) AS DATE) AS balance_on,
      CAST(60000 * {_share("f", str(place), "d")} - 1500 AS DECIMAL(18, 2)) AS balance
    FROM range({size.firms}) a(f), range({month_end(month).day}) b(d)"""


def _payroll_runs(size: Size, month: date, place: int) -> str:
    return f"""
    SELECT {firm_sql("f")} AS uscc, CAST(DATE '{month}' + 14 AS DATE) AS paid_on,
      CAST(1 + 30 * {_share("f", "5")} AS BIGINT) AS heads,
      CAST(150000 * {_share("f", str(place), "6")} AS DECIMAL(18, 2)) AS amount FROM range({size.firms}) a(f)"""


def _accounts(size: Size, month: date, place: int) -> str:
    return f"""
    SELECT 'A' || lpad(CAST(f AS VARCHAR), 10, '0') AS account_no, {firm_sql("f")} AS uscc,
      DATE '{month}' AS opened_on, 'basic' AS kind, 'CNY' AS currency, 'here' AS held_at
    FROM range({size.firms}) a(f)"""


_MADE = {
    "transactions": (_transactions, MONTHS),
    "daily_balances": (_daily_balances, MONTHS),
    "payroll_runs": (_payroll_runs, MONTHS),
    "accounts": (_accounts, 1),
}


def write_lake(root: Path, transactions: int) -> None:
    """Write the lake into an empty folder."""
    size, runs = Size(transactions), []
    for number, (name, (select, count)) in enumerate(_MADE.items(), start=1):
        folder = f"{name}/run-{number:06d}-bench"
        months = []
        for place in range(count):
            month = add_months(FIRST, place)
            file = f"data/_month={month:%Y-%m}/data_0.parquet"
            target = root / folder / file
            target.parent.mkdir(parents=True)
            rows = _write(target, select(size, month, place), number)
            months.append(MonthRows(month, rows, month, month_end(month), (file,)))
        total = sum(month.rows for month in months)
        columns = tuple(column.name for column in DATASETS[name].columns)
        runs.append(
            IngestRun(number, name, "bench", "0" * 64, "", total, 0, None, folder, columns,
                      tuple(months))
        )  # fmt: skip
    LocalFolder(root).replace_manifest(dump(Manifest(tuple(runs))))


def _write(target: Path, select: str, number: int) -> int:
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT *, {number} AS _run, DATE '{BEGINNING}' AS _known_from FROM ({select})) "
            f"TO '{target}' (FORMAT parquet)"
        )
        [(rows,)] = db.execute(f"SELECT count(*) FROM '{target}'").fetchall()
    return int(rows)
