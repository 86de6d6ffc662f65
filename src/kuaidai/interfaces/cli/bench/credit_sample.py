"""A large sample for the scorecard benchmarks: 15 numeric and 5 categorical features, about 3 % bad.

Drawn from a fixed seed a million rows at a time, so a smaller sample is the beginning of a larger one. Five
features have missing values, three have special codes, one is noise. The numbers describe no real
borrower; they exist to be counted.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.risk.scorecards import FeatureConfig, Kind
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.errors import BadSetting

TARGET = "bad"
KEY = "application"
CHUNK = 1_000_000
_FILE_CHUNKS = 10
_GROUP_ROWS = 250_000
_MISSING = {
    "months_in_business": 0.05,
    "debt_to_income": 0.03,
    "months_since_delinquency": 0.55,
    "average_balance": 0.10,
    "debt_service_cover": 0.06,
}
_SPECIAL = (
    ("utilisation", "no_line", -999.0, 0.08, 0.3),
    ("inquiries", "no_record", -999.0, 0.05, 0.1),
    ("bureau_score", "thin_file", -998.0, 0.04, 0.5),
    ("bureau_score", "no_record", -999.0, 0.03, 0.9),
)
_LEVELS = {"legal_form": 4, "purpose": 8, "industry": 20, "province": 51, "trade": 99}
_EFFECT = {
    "legal_form": 0.25,
    "purpose": 0.3,
    "industry": 0.35,
    "province": 0.15,
    "trade": 0.25,
}

Column = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Draw:
    """One chunk's random numbers; `quality` is what all features of a firm share."""

    random: np.random.Generator
    quality: Column

    def normal(self, share: float) -> Column:
        """A standard normal that correlates with quality by `share`."""
        own = self.random.standard_normal(len(self.quality), dtype=np.float32)
        return np.float32(share) * self.quality + np.float32(np.sqrt(1 - share**2)) * own

    def chosen(self, probability: float) -> npt.NDArray[np.bool_]:
        """True for that share of the rows."""
        return self.random.random(len(self.quality), dtype=np.float32) < probability


def features() -> tuple[FeatureConfig, ...]:
    """The twenty candidates, special codes declared."""
    numeric = tuple(_numbers(_draw(0, 1)))
    codes: dict[str, tuple[tuple[str, float], ...]] = {}
    for name, label, code, _, _ in _SPECIAL:
        codes[name] = (*codes.get(name, ()), (label, code))
    return (
        *(FeatureConfig(name, special=codes.get(name, ())) for name in numeric),
        *(FeatureConfig(name, kind=Kind.CATEGORICAL) for name in _LEVELS),
    )


@contextmanager
def sample_of(rows: int, kept: Path | None, folder: Path | None) -> Iterator[Path]:
    """The folder of a sample of so many rows: `kept`, written there if it is empty, or a temporary one.

    `folder` is where the temporary one is made. Raises `BadSetting` where `kept` holds another number of
    rows.
    """
    if kept is None:
        with tempfile.TemporaryDirectory(dir=folder, prefix="kuaidai-bench-") as work:
            write_sample(Path(work), rows)
            yield Path(work)
        return
    if not (kept.is_dir() and any(kept.glob("*.parquet"))):
        write_sample(kept, rows)
    held = sum(open_rows(kept).sizes)
    if held != rows:
        rule = f"the folder of a sample of {rows:,} rows, or empty"
        raise BadSetting(name="sample", value=f"{kept} with {held:,} rows", rule=rule)
    yield kept


def write_sample(folder: Path, rows: int) -> None:
    """Write the first `rows` rows to `folder` as Parquet files of ten million rows each, several at once.

    Processes of their own write them: their memory is not part of what is measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = range(-(-rows // (CHUNK * _FILE_CHUNKS)))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for _ in pool.map(_write_file, repeat(folder), files, repeat(rows)):
            pass


def _write_file(folder: Path, number: int, rows: int) -> None:
    path = folder / f"part-{number:03d}.parquet"
    unfinished = path.with_suffix(".unfinished")
    first = number * _FILE_CHUNKS
    writer: pq.ParquetWriter | None = None
    for place in range(first, min(first + _FILE_CHUNKS, -(-rows // CHUNK))):
        table = chunk(place).slice(0, rows - place * CHUNK)
        writer = writer or pq.ParquetWriter(
            unfinished, table.schema, compression="zstd", compression_level=1
        )
        writer.write_table(table, row_group_size=_GROUP_ROWS)
    if writer is not None:
        writer.close()
        unfinished.replace(path)


def chunk(number: int, rows: int = CHUNK) -> pa.Table:
    """The `number`-th million of rows."""
    draw = _draw(number, rows)
    columns = _numbers(draw)
    places = {name: _places(draw, name, count) for name, count in _LEVELS.items()}
    logit = _logit(columns)
    for name, place in places.items():
        effect = np.random.default_rng(_LEVELS[name]).normal(0, _EFFECT[name], _LEVELS[name])
        logit += effect.astype(np.float32)[place]
    for name, _, code, share, more in _SPECIAL:
        rows_of = draw.chosen(share)
        columns[name][rows_of] = code
        logit += rows_of * np.float32(more)
    bad = draw.random.random(rows, dtype=np.float32) < 1 / (1 + np.exp(-logit))
    for name, share in _MISSING.items():
        columns[name][draw.chosen(share)] = np.nan
    no_purpose = draw.chosen(0.02)
    data: dict[str, pa.Array] = {
        KEY: pa.array(np.arange(number * CHUNK, number * CHUNK + rows)),
        TARGET: pa.array(bad.astype(np.int8)),
    }
    data |= {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    for name, place in places.items():
        levels = [f"{name} {level:02d}" for level in range(_LEVELS[name])]
        mask = no_purpose if name == "purpose" else None
        data[name] = pa.DictionaryArray.from_arrays(pa.array(place, mask=mask), levels)
    return pa.table(data)


def _draw(number: int, rows: int) -> _Draw:
    random = np.random.Generator(np.random.SFC64(1000 + number))
    return _Draw(random, random.standard_normal(rows, dtype=np.float32))


def _numbers(d: _Draw) -> dict[str, Column]:
    return {
        "owner_age": np.clip(np.rint(45 + 12 * d.normal(0.1)), 18, 85),
        "months_in_business": np.rint(np.exp(4 + 0.9 * d.normal(0.25))),
        "utilisation": np.round(1 / (1 + np.exp(0.6 + 1.3 * d.normal(0.45))), 4),
        "debt_to_income": np.exp(-1.2 - 0.5 * d.normal(0.3)),
        "inquiries": np.clip(np.rint(np.exp(0.2 - 0.7 * d.normal(0.3))) - 1, 0, 30),
        "delinquencies": np.clip(np.floor(np.exp(-0.9 - d.normal(0.45))), 0, 20),
        "revenue": np.rint(np.exp(12.3 + 1.3 * d.normal(0.2))),
        "months_since_delinquency": np.clip(np.rint(40 + 30 * d.normal(0.2)), 0, 120),
        "average_balance": np.exp(9 + 1.4 * d.normal(0.35)),
        "overdrafts": np.clip(np.floor(np.exp(-0.4 - 0.9 * d.normal(0.35))), 0, 40),
        "years_at_address": np.clip(np.rint(8 + 6 * d.normal(0.1)), 0, 50),
        "amount": np.clip(np.rint(np.exp(10.5 + 0.8 * d.normal(0)) / 100) * 100, 1000, 5e6),
        "bureau_score": np.clip(np.rint(690 + 75 * d.normal(0.6)), 300, 900),
        "noise": d.normal(0),
        "debt_service_cover": 1.5 + 0.6 * d.normal(0.05),
    }


def _places(draw: _Draw, name: str, levels: int) -> npt.NDArray[np.int8]:
    shares = np.random.default_rng(levels).gamma(1.2, 1, levels) + 0.02
    steps = np.cumsum(shares / shares.sum())[:-1]
    drawn = draw.random.random(len(draw.quality))
    return np.searchsorted(steps, drawn).astype(np.int8)


def _logit(c: dict[str, Column]) -> Column:
    """Log-odds of bad before categories and special codes."""
    return np.asarray(
        -4.78
        - 0.012 * (c["owner_age"] - 45)
        - 0.35 * (np.log1p(c["months_in_business"]) - 4)
        + 1.6 * (c["utilisation"] - 0.35)
        + 0.8 * (c["debt_to_income"] - 0.34)
        + 0.13 * c["inquiries"]
        + 0.45 * np.minimum(c["delinquencies"], 4)
        - 0.12 * (np.log1p(c["revenue"]) - 12.3)
        - 0.006 * (c["months_since_delinquency"] - 40)
        - 0.18 * (np.log(c["average_balance"]) - 9)
        + 0.22 * np.minimum(c["overdrafts"], 6)
        - 0.01 * (c["years_at_address"] - 8)
        + 0.1 * (np.log(c["amount"]) - 10.5)
        - 0.007 * (c["bureau_score"] - 690)
        + 0.5 * (c["debt_service_cover"] - 1.7) ** 2,
        dtype=np.float32,
    )
