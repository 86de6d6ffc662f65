"""How firms sell, measured alike on real invoices and on a drop.

Both sides become one relation of sales: firm, day, customer, amount without tax, void or not. The window is
the 24 months before the newest month of the data, which may not be whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
from scipy import stats

from kuaidai.simulator.realism.errors import DropNotUsable, RealInvoicesNotUsable
from kuaidai.simulator.realism.reading import first_line, open_drop, quoted, source_of

MONTHS = 24
QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
CLOSE, APART = 0.10, 0.25
"""KS distances: up to the first the distributions are called close, from the second on apart."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A figure of one firm's sales; `invoices_only`: payments cannot show it."""

    name: str
    en: str
    zh: str
    unit: str
    invoices_only: bool = False


MEASURES = (
    Measure("sales_cv", "Variation of monthly sales", "月销售变异系数", "ratio"),
    Measure("void_share", "Share of void invoices", "作废发票占比", "share", True),
    Measure("returned_share", "Credit notes against sales", "红字发票占比", "share", True),
    Measure("customers", "Customers", "客户数", "count"),
    Measure("top_customer_share", "Share of the largest customer", "第一大客户占比", "share"),
    Measure("invoices_monthly", "Invoices or payments a month", "月均开票（收款）笔数", "count"),
    Measure("growth", "Sales of 12 months against the 12 before", "近12个月销售同比", "ratio"),
)


@dataclass(frozen=True)
class Sales:
    """Every measure by firm (missing where it has no meaning), and each calendar month's sales.

    `source` is `invoices` or `transactions`; `season` holds twelve shares of a year's sales.
    """

    source: str
    firms: int
    values: dict[str, Values]
    season: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """One measure on both sides. `ks` is None where the drop cannot show it.

    `chance` is the KS distance that two samples of these sizes from one population exceed one time
    in twenty.
    """

    measure: Measure
    real: tuple[float, ...]
    ours: tuple[float, ...]
    ks: float | None
    chance: float | None
    verdict: str


_FIGURES = """
with bounds as (select date_trunc('month', max(day)) as cut from sales),
aged as (
    select *, date_diff('month', date_trunc('month', day), cut) as age from sales, bounds
    where day >= cut - interval {months} month and day < cut),
valid as (select * from aged where not void),
monthly as (select firm, age, sum(amount) as sold from valid group by firm, age),
firm as (
    select firm, greatest(sum(sold * sold) / {months} - (sum(sold) / {months}) ** 2, 0) as spread,
           sum(sold) as sold, coalesce(sum(sold) filter (age <= 12), 0) as recent,
           coalesce(sum(sold) filter (age > 12), 0) as before
    from monthly group by firm),
customer as (
    select firm, count(*) filter (paid > 0) as customers, max(paid) as largest,
           sum(paid) filter (paid > 0) as gross
    from (select firm, customer, sum(amount) as paid from valid group by all) group by firm),
papers as (
    select firm, avg(void::int) as void_share, count(*) filter (not void) / {months} as papers,
           -sum(amount) filter (not void and amount < 0) as returned,
           sum(amount) filter (not void and amount > 0) as gross
    from aged group by firm)
select sqrt(spread) / (sold / {months}) as sales_cv, void_share,
       coalesce(returned, 0) / p.gross as returned_share, customers::double as customers,
       largest / c.gross as top_customer_share, papers as invoices_monthly,
       case when before > 0 then recent / before end as growth
from firm join customer c using (firm) join papers p using (firm)
where sold > 0 order by firm
"""

_SEASON = """
with bounds as (select date_trunc('month', max(day)) as cut from sales),
year as (select month(day) as month, amount from sales, bounds
         where not void and day < cut and day >= cut - interval {months} month)
select sum(amount) filter (month = wanted.m) / sum(amount) from year, range(1, 13) wanted(m)
group by wanted.m order by wanted.m
"""


_OURS = {
    "invoices": """create view sales as select uscc as firm, issued_on as day,
        counterparty as customer, amount::double as amount, status = 'void' as void
        from invoices where side = 'out'""",
    "transactions": """create view sales as select uscc as firm, booked_on as day,
        counterparty as customer, amount::double as amount, false as void
        from transactions where purpose = 'sales'""",
}


def _measured(connection: duckdb.DuckDBPyConnection, source: str) -> Sales:
    rows = connection.execute(_FIGURES.format(months=MONTHS)).fetchnumpy()
    columns = {
        name: np.ma.filled(np.ma.asarray(rows[name], dtype=np.float64), np.nan) for name in rows
    }
    season = connection.execute(_SEASON.format(months=MONTHS)).fetchall()
    count = len(next(iter(columns.values())))
    return Sales(source, count, columns, tuple(float(share or 0.0) for (share,) in season))


def real_sales(folder: Path) -> Sales:
    """Sales of the real firms in `folder`. Raises `RealInvoicesNotUsable`."""
    if not (folder / "companies.parquet").is_file() or not list(folder.glob("invoices_*.parquet")):
        why = "companies.parquet or invoices_*.parquet is missing"
        raise RealInvoicesNotUsable(value=folder, why=why)
    with duckdb.connect(config={"threads": 2}) as connection:
        try:
            connection.execute(
                f"""create view sales as select company_id as firm, invoice_date::date as day,
                    counterparty_id as customer, amount::double as amount, status = 'void' as void
                    from {quoted(folder / "invoices_*.parquet")} where side = 'out'"""
            )
            measured = _measured(connection, "invoices")
        except duckdb.Error as error:
            raise RealInvoicesNotUsable(value=folder, why=first_line(error)) from error
    if not measured.firms:
        raise RealInvoicesNotUsable(value=folder, why="no sale lies in the last 24 months")
    return measured


def drop_sales(drop: Path) -> Sales:
    """Sales of a drop's firms: from its invoices, else from payments received for sales.

    Raises `DropNotUsable`.
    """
    source = "transactions" if source_of(drop, "invoices") is None else "invoices"
    with open_drop(drop, (source,)) as connection:
        try:
            connection.execute(_OURS[source])
            measured = _measured(connection, source)
        except duckdb.Error as error:
            raise DropNotUsable(value=drop, why=first_line(error)) from error
    if not measured.firms:
        raise DropNotUsable(value=drop, why="no sale lies in the last 24 months")
    return measured


def compare(real: Sales, ours: Sales) -> tuple[Comparison, ...]:
    """Each measure's quantiles on both sides, with the KS distance and what it means."""
    return tuple(_comparison(measure, real, ours) for measure in MEASURES)


def _comparison(measure: Measure, real: Sales, ours: Sales) -> Comparison:
    theirs = real.values[measure.name]
    theirs = theirs[~np.isnan(theirs)]
    here = ours.values[measure.name]
    here = here[~np.isnan(here)]
    known = tuple(float(value) for value in np.quantile(theirs, QUANTILES))
    if (measure.invoices_only and ours.source != "invoices") or not len(here):
        return Comparison(measure, known, (), None, None, "not shown by payments")
    distance = float(stats.ks_2samp(theirs, here).statistic)
    chance = float(1.358 * np.sqrt(1 / len(theirs) + 1 / len(here)))
    found = tuple(float(value) for value in np.quantile(here, QUANTILES))
    return Comparison(
        measure, known, found, distance, chance, _verdict(distance, chance, known, found)
    )


def _verdict(
    distance: float, chance: float, real: tuple[float, ...], ours: tuple[float, ...]
) -> str:
    """Close, or by how much and which way the middle is off."""
    if distance <= max(CLOSE, chance):
        return "close"
    middle = QUANTILES.index(0.50)
    spread = QUANTILES.index(0.90), QUANTILES.index(0.10)
    wide = (ours[spread[0]] - ours[spread[1]]) - (real[spread[0]] - real[spread[1]])
    level = "lower" if ours[middle] < real[middle] else "higher"
    strength = "apart" if distance >= APART else "somewhat off"
    return f"{strength}: middle {level}, spread {'wider' if wide > 0 else 'narrower'}"
