"""Two populations side by side."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from kuaidai.data.quality.errors import NothingInCommon, PopulationEmpty
from kuaidai.data.quality.population import population_drift


def test_one_population_does_not_move_against_itself() -> None:
    table = pa.table({"sales": [1.0, 2.0, None, 4.0], "grade": ["A", "B", None, "A"]})

    for row in population_drift(table, table):
        assert row.stability.index == 0
        assert row.missing_a == row.missing_b == 0.25
        assert row.ks in (0.0, None)


def test_what_moved_comes_first_with_its_figures() -> None:
    rng = np.random.default_rng(4)
    first = {"moved": rng.normal(0, 1, 500), "same": rng.normal(0, 1, 500)}
    second = {"moved": rng.normal(1.5, 1, 300), "same": rng.normal(0, 1, 300)}

    rows = population_drift(pa.table(first), pa.table(second))

    assert [row.feature for row in rows] == ["moved", "same"]
    assert rows[0].stability.level == "act" and not rows[1].stability.beyond_chance
    expected = stats.ks_2samp(first["moved"], second["moved"])
    assert (rows[0].ks, rows[0].ks_p) == (expected.statistic, expected.pvalue)
    assert rows[0].ks == pytest.approx(0.55, abs=0.05)  # 2 Φ(0.75) − 1 = 0.547


def test_a_category_is_compared_by_its_shares() -> None:
    first = pa.table({"grade": ["A"] * 50 + ["B"] * 50})
    second = pa.table({"grade": ["A"] * 60 + ["B"] * 40})

    (row,) = population_drift(first, second)

    assert row.stability.index == pytest.approx(0.040547, abs=1e-6)
    assert row.ks is None


def test_a_feature_that_one_side_never_has() -> None:
    first = pa.table({"x": pa.array([None] * 50, pa.float64())})
    second = pa.table({"x": pa.array([1.0] * 50, pa.float64())})

    (row,) = population_drift(first, second)

    assert (row.missing_a, row.missing_b, row.ks) == (1.0, 0.0, None)
    assert row.stability.level == "act"


def test_populations_that_cannot_be_compared_are_refused() -> None:
    full, other = pa.table({"a": [1.0]}), pa.table({"b": [1.0]})
    with pytest.raises(NothingInCommon, match="a against b"):
        population_drift(full, other)
    with pytest.raises(PopulationEmpty, match="second"):
        population_drift(full, full.slice(0, 0))
    with pytest.raises(NothingInCommon):
        population_drift(pa.table({"uscc": ["x"]}), pa.table({"uscc": ["x"]}))
