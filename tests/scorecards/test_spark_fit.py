"""The fit on Spark is the local fit: classes, counts, bins, coefficients and errors."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kuaidai.data.lake.errors import UnknownEngine
from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig
from kuaidai.risk.scorecards.config import Stepwise
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import scan
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    InfiniteValue,
    MissingColumn,
    OneClassTarget,
    SegmentNotFitted,
    UnknownSegment,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.segments import Segment, Segmentation, fit_segments
from kuaidai.risk.scorecards.spark import fit_frame, fit_segments_frame, scan_frame
from kuaidai.risk.scorecards.spark.frames import open_frame, sample_frame

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FEATURES = (
    FeatureConfig("turnover"),
    FeatureConfig("inquiries", special=(("no record", -999.0),)),
    FeatureConfig("trade", kind=Kind.CATEGORICAL),
)
CONFIG = ScorecardConfig(
    "spark", FEATURES, iv_min=0.001, stepwise=Stepwise.BOTH, stable_over="year"
)


def test_without_spark_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "kuaidai.data.lake.spark", raising=False)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)

    with pytest.raises(UnknownEngine, match=r"install kuaidai\[spark\]"):
        open_frame(tmp_path)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="the extra kuaidai[spark] is not installed")
    from pyspark.errors import PySparkException

    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    settings = {"spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        try:
            session = builder.getOrCreate()
        except PySparkException as error:
            pytest.skip(f"Spark does not start without Java: {error}")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def applications() -> pa.Table:
    rng = np.random.default_rng(20261124)
    rows = 40_000
    turnover = rng.normal(size=rows)
    inquiries = rng.poisson(3, rows).astype(float)
    inquiries[rng.random(rows) < 0.1] = math.nan
    inquiries[rng.random(rows) < 0.05] = -999
    trade = rng.choice(["food", "repair", "retail"], rows, p=[0.2, 0.3, 0.5])
    logit = -2 - turnover + 0.2 * (inquiries > 4) + 0.5 * (trade == "food")
    return pa.table(
        {
            "turnover": turnover,
            "inquiries": pa.array(inquiries, from_pandas=True),
            "trade": trade,
            "bad": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8),
            "weight": rng.choice([0.5, 1.0, 2.0], rows),
            "year": rng.choice(["2024", "2025"], rows),
            "drift": rng.choice([0.0, math.log(2)], rows),
        }
    )


@pytest.fixture(scope="module")
def folder(applications: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files, hence three partitions or more, of unequal length."""
    made = tmp_path_factory.mktemp("applications")
    for number, (start, end) in enumerate([(0, 9_000), (9_000, 11_000), (11_000, 40_000)]):
        pq.write_table(applications.slice(start, end - start), made / f"part-{number}.parquet")
    return made


def test_the_card_is_the_local_one(spark, applications, folder):
    # fewer rows than the sample takes, so both sample all and find the same classes
    local = fit_scorecard(applications, target="bad", weight="weight", config=CONFIG)
    found = fit_frame(folder, target="bad", weight="weight", config=CONFIG)

    assert found.features == local.features
    assert len(found.features) == 3
    close(found, local)
    assert found.fit.log_likelihood == pytest.approx(local.fit.log_likelihood, rel=1e-12)


def close(found, local) -> None:
    """Cards with equal bins, and coefficients and errors equal to 1e-9."""
    assert found.provenance == local.provenance
    assert found.fit.intercept == pytest.approx(local.fit.intercept, abs=1e-9)
    for ours, theirs in zip(found.characteristics, local.characteristics, strict=True):
        assert ours.attributes == theirs.attributes
        assert ours.coefficient == pytest.approx(theirs.coefficient, abs=1e-9)
        assert ours.standard_error == pytest.approx(theirs.standard_error, abs=1e-9)
    assert found.grades == local.grades


def test_offset_and_weight_are_the_local_ones(spark, applications, folder):
    columns = {"target": "bad", "weight": "weight", "offset": "drift"}
    plain = fit_scorecard(applications, target="bad", weight="weight", config=CONFIG)
    local = fit_scorecard(applications, config=CONFIG, **columns)

    found = fit_frame(folder, config=CONFIG, **columns)

    close(found, local)
    assert found.provenance.offset == "drift"
    assert abs(found.fit.intercept - plain.fit.intercept) > 0.1
    with pytest.raises(BadSetting, match="offset"):
        fit_frame(folder, target="bad", config=CONFIG, offset="turnover")


def test_a_segmented_card_is_the_local_one(spark, applications, folder):
    rule = Segmentation(
        "trade.sort", (Segment("shops", ("food", "retail")), Segment("repair", ("repair",)))
    )
    named = applications.append_column("trade.sort", applications["trade"])
    frame = spark.createDataFrame(named).repartition(3)
    columns = {"target": "bad", "weight": "weight", "offset": "drift", "config": CONFIG}
    local = fit_segments(named, segmentation=rule, recent=named, **columns)

    found = fit_segments_frame(frame, segmentation=rule, recent=frame, **columns)

    assert found.segmentation == local.segmentation
    for ours, theirs in zip(found.cards, local.cards, strict=True):
        close(ours, theirs)
    strict = Segmentation("trade", (Segment("shops", ("food", "retail")),))
    with pytest.raises(UnknownSegment, match="trade has 'repair'"):
        fit_segments_frame(frame, segmentation=strict, **columns)
    gone = Segmentation("trade", (*rule.segments, Segment("fishing", ("fishing",))))
    with pytest.raises(SegmentNotFitted, match="Segment fishing"):
        fit_segments_frame(frame, segmentation=gone, **columns)


def test_given_classes_are_counted_as_the_local_scan_counts(spark, applications):
    local = scan(open_rows(applications), FEATURES, target="bad", most=40)
    named = applications.rename_columns(
        ["the.target" if name == "bad" else name for name in applications.column_names]
    )
    frame = spark.createDataFrame(named).repartition(5)

    with scan_frame(frame, FEATURES, target="the.target", classes=local.classes) as found:
        assert all(np.array_equal(a, b) for a, b in zip(found.counts, local.counts, strict=True))


def test_the_sample_is_bounded_and_the_same_every_time(spark, folder):
    frame = open_frame(folder)
    partitions = frame.rdd.getNumPartitions()

    taken = sample_frame(frame, ["turnover", "trade"], most=1000)

    assert 900 <= taken.num_rows <= 1000 + partitions
    assert sample_frame(frame, ["turnover", "trade"], most=1000).equals(taken)


@pytest.mark.parametrize(
    ("columns", "refusal", "names"),
    [
        ({"turnover": [1.0, math.inf]}, InfiniteValue, "turnover has 1 infinite"),
        ({"bad": [0, 0]}, OneClassTarget, "2(.0)? good and 0(.0)? bad"),
    ],
)
def test_bad_input_comes_back_from_the_workers_by_name(spark, columns, refusal, names):
    table = pa.table({"turnover": [1.0, 2.0], "bad": [0, 1], "weight": [1.0, 1.0], **columns})

    with pytest.raises(refusal, match=names):
        scan_frame(
            spark.createDataFrame(table), [FeatureConfig("turnover")], target="bad", weight="weight"
        )


def test_bad_frames_are_named(spark, tmp_path):
    frame = spark.createDataFrame([], "turnover double, bad int")
    with pytest.raises(OneClassTarget, match="0 good and 0 bad"):
        scan_frame(frame, [FeatureConfig("turnover")], target="bad")
    with pytest.raises(MissingColumn, match="trade is missing"):
        scan_frame(frame, [FeatureConfig("trade")], target="bad")
    with pytest.raises(BadSetting, match="a Parquet file or a folder"):
        fit_frame(tmp_path / "none", target="bad", config=CONFIG)
