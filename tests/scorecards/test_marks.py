"""The data fingerprint: of the rows as the fit reads them, not of their order, files, types or classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.risk.scorecards.engine import scan as engine
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.fitting import fingerprint


def print_of(data, config) -> str:
    return fingerprint(engine.scan(open_rows(data), config.features, target="bad"))


def test_beyond_the_sample_files_and_order_do_not_move_it(
    frame, config, tmp_path, monkeypatch
) -> None:
    """Fine classes then come from a sample by place and differ; the rows are the same."""
    monkeypatch.setattr(engine, "SAMPLE_ROWS", 400)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, tmp_path / "one.parquet", row_group_size=3000)
    many = tmp_path / "many"
    many.mkdir()
    for place, start in enumerate(range(0, 3000, 170)):
        pq.write_table(table.slice(start, 170), many / f"{place:03}.parquet", row_group_size=60)

    scans = [
        engine.scan(open_rows(data), config.features, target="bad")
        for data in (tmp_path / "one.parquet", many, frame.sample(frac=1.0, random_state=5))
    ]

    assert scans[0].classes[0].cuts != scans[1].classes[0].cuts
    assert len({fingerprint(each) for each in scans}) == 1


def test_one_value_one_row_more_and_two_values_exchanged_are_seen(frame, config) -> None:
    plain = print_of(frame, config)
    changed = frame.copy()
    changed.loc[5, "turnover"] *= 1 + 1e-6  # far inside its fine class
    exchanged = frame.copy()
    first, second = exchanged.index[:2]
    exchanged.loc[[first, second], "noise"] = exchanged.loc[[second, first], "noise"].to_numpy()

    assert print_of(changed, config) != plain
    assert print_of(exchanged, config) != plain
    assert print_of(pd.concat([frame, frame.head(1)]), config) != plain
    assert print_of(frame.assign(bad=1 - frame["bad"]), config) != plain


@pytest.mark.parametrize(
    "alike",
    [
        lambda f: f.assign(queries=f["queries"].astype("int32")),
        lambda f: f.assign(queries=f["queries"].where(f["queries"] != 0, -0.0)),
        lambda f: f.assign(turnover=np.nextafter(f["turnover"], np.inf)),
        lambda f: f.assign(grade=f["grade"].astype("category")),
        lambda f: f.assign(turnover=[None if np.isnan(v) else str(v) for v in f["turnover"]]),
        lambda f: f.assign(turnover=pd.array(f["turnover"], dtype="Float64")),
        lambda f: f.assign(another_column=1.0),
    ],
    ids=["int", "minus nought", "last bit", "dictionary", "text", "null", "column aside"],
)
def test_what_the_fit_reads_alike_is_alike(frame, config, alike) -> None:
    assert print_of(alike(frame), config) == print_of(frame, config)


def test_other_candidates_are_other_data(frame, config) -> None:
    fewer = replace(config, features=config.features[:-1])
    assert print_of(frame, fewer) != print_of(frame, config)
