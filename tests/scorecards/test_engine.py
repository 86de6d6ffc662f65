"""The scan counts as the slow encoder does, and the streaming fit finds statsmodels' maximum."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from kuaidai.risk.scorecards import FeatureConfig, Kind, ScorecardConfig
from kuaidai.risk.scorecards.columns import read_column, steady
from kuaidai.risk.scorecards.engine.encoding import Encoder
from kuaidai.risk.scorecards.engine.fine_classes import MISSING, OTHER, FineClasses
from kuaidai.risk.scorecards.engine.kernels import bucket_table, encode_numbers, search_keys
from kuaidai.risk.scorecards.engine.newton import fit_codes
from kuaidai.risk.scorecards.engine.rows import open_rows
from kuaidai.risk.scorecards.engine.scan import Scan, load, scan
from kuaidai.risk.scorecards.engine.score_files import score_rows
from kuaidai.risk.scorecards.errors import (
    BadSetting,
    FitNotConverged,
    InfiniteValue,
    MissingColumn,
    NotANumber,
    OneClassTarget,
    RepeatedColumn,
    TargetNotBinary,
)
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.woe import weight_of_evidence

FEATURES = (
    FeatureConfig("turnover"),
    FeatureConfig("inquiries", special=(("no record", -999.0),)),
    FeatureConfig("trade", kind=Kind.CATEGORICAL),
)


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
            "bad": (rng.random(rows) < special.expit(logit)).astype(np.int8),
            "weight": rng.choice([0.5, 1.0, 2.0], rows),
        }
    )


def woe_of(scanned: Scan) -> np.ndarray:
    return np.array([weight_of_evidence(c[:, 0], c[:, 1], epsilon=0.5) for c in scanned.counts])


def design_of(scanned: Scan) -> np.ndarray:
    codes = np.concatenate([load(block).codes for block in scanned.blocks], axis=1)
    woe = woe_of(scanned)
    columns = [woe[place][row] for place, row in enumerate(codes)]
    return sm.add_constant(np.column_stack(columns))


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=40),
    st.lists(st.floats(), min_size=1, max_size=60),
)
@settings(max_examples=200)
def test_the_kernel_finds_the_class_that_a_search_finds(cuts, values):
    # arrange: cuts as they are made, on the grid of 30 significant bits
    cuts = np.unique(steady(np.array(cuts, dtype=float))) + 0.0
    values = np.array([v for v in values if not math.isinf(v)] + cuts.tolist(), dtype=float)
    table, first = bucket_table(cuts)
    codes = np.empty(len(values), dtype=np.uint8)

    # act
    encode_numbers(values, np.empty(0, np.uint8), 0, table, first, search_keys(cuts), codes)

    # assert
    slow = FineClasses(FeatureConfig("x"), cuts=tuple(cuts.tolist())).encode(values)
    assert codes.tolist() == slow.tolist()


def test_the_scan_counts_what_the_encoder_says(applications):
    scanned = scan(open_rows(applications), FEATURES, target="bad")

    bad = applications["bad"].to_numpy().astype(int)
    for place, classes in enumerate(scanned.classes):
        codes = classes.encode(read_column(applications, classes.name, classes.feature.kind))
        assert np.array_equal(np.concatenate([load(b).codes[place] for b in scanned.blocks]), codes)
        counts = np.bincount(codes.astype(int) * 2 + bad, minlength=512).reshape(256, 2)
        assert np.array_equal(scanned.counts[place], counts)


@pytest.mark.parametrize(
    "kind",
    [
        pa.float16(),
        pa.float32(),
        pa.float64(),
        pa.int8(),
        pa.uint16(),
        pa.int64(),
        pa.decimal128(21, 2),
    ],
)
def test_numbers_of_any_type_with_gaps_in_odd_places_are_read(kind):
    # arrange: chunks of uneven length, cut out of longer ones, some all missing or empty
    rng = np.random.default_rng(4)
    chunks = []
    for rows in (5, 0, 13, 1030):
        values = [None if rng.random() < 0.3 else int(rng.integers(0, 9)) for _ in range(rows + 7)]
        chunks.append(pa.array(values, pa.int64()).cast(kind).slice(3, rows))
    chunks += [pa.nulls(9, kind), pa.array([1, 2], pa.int64()).cast(kind)]
    column = pa.chunked_array(chunks, kind)
    feature = FineClasses(FeatureConfig("x"), cuts=(1.0, 4.0, 8.0))
    codes = np.empty(len(column), dtype=np.uint8)

    infinite = Encoder.of(feature).write(pa.table({"x": column}), codes)

    assert infinite == 0
    plain = [math.nan if v is None else float(v) for v in column.to_pylist()]
    assert codes.tolist() == feature.encode(np.array(plain)).tolist()


def test_infinite_values_are_counted_unless_missing():
    column = pa.Array.from_buffers(
        pa.float64(),
        4,
        [pa.py_buffer(bytes([0b0101])), pa.py_buffer(np.array([np.inf, np.inf, -np.inf, 1.0]))],
    )
    codes = np.empty(4, dtype=np.uint8)

    encoder = Encoder.of(FineClasses(FeatureConfig("x"), cuts=(0.0,)))

    assert encoder.write(pa.table({"x": column}), codes) == 2
    assert codes.tolist() == [1, MISSING, 0, MISSING]


def test_a_special_code_stands_alone(applications):
    scanned = scan(open_rows(applications), FEATURES, target="bad")

    inquiries = scanned.classes[1]
    ((label, place),) = inquiries.special_classes()
    assert label == "no record"
    assert scanned.counts[1][place].sum() == (applications["inquiries"].to_numpy() == -999).sum()
    assert place not in inquiries.ordinary_classes()


def test_the_fit_is_statsmodels_maximum(applications):
    scanned = scan(open_rows(applications), FEATURES, target="bad")

    fit = fit_codes(scanned, woe_of(scanned))

    oracle = sm.Logit(applications["bad"].to_numpy(), design_of(scanned)).fit(
        disp=0, method="newton", tol=1e-12
    )
    assert fit.coefficients == pytest.approx(oracle.params, abs=1e-9)
    assert fit.errors == pytest.approx(oracle.bse, abs=1e-9)
    assert fit.log_likelihood == pytest.approx(oracle.llf, rel=1e-12)
    assert fit.null_log_likelihood == pytest.approx(oracle.llnull, rel=1e-9)


def test_weighted_fit_is_statsmodels_weighted_maximum(applications):
    scanned = scan(open_rows(applications), FEATURES, target="bad", weight="weight")

    fit = fit_codes(scanned, woe_of(scanned))

    oracle = sm.GLM(
        applications["bad"].to_numpy(),
        design_of(scanned),
        family=sm.families.Binomial(),
        freq_weights=applications["weight"].to_numpy(),
    ).fit(tol=1e-12, tol_criterion="deviance")
    assert fit.coefficients == pytest.approx(oracle.params, abs=1e-8)
    assert fit.errors == pytest.approx(oracle.bse, abs=1e-8)


def test_signed_fit_is_the_bounded_maximum(applications):
    # arrange: weight of evidence turned round, which asks for a coefficient above nought
    scanned = scan(open_rows(applications), FEATURES, target="bad")
    woe = woe_of(scanned)
    woe[1] *= -1

    # act
    fit = fit_codes(scanned, woe, signed=True)

    # assert: held at nought, and the others as if it were not there
    without = fit_codes(scanned, woe, chosen=[0, 2])
    assert fit.coefficients[2] == pytest.approx(0, abs=1e-9)
    assert math.isnan(fit.errors[2])
    assert fit.coefficients[[0, 1, 3]] == pytest.approx(without.coefficients, abs=1e-7)


def test_ridge_is_the_penalised_maximum(applications):
    scanned = scan(open_rows(applications), FEATURES, target="bad")
    design, bad = design_of(scanned), applications["bad"].to_numpy()

    fit = fit_codes(scanned, woe_of(scanned), l2=50.0)

    def loss(beta):
        eta = design @ beta
        return np.logaddexp(0, eta).sum() - (bad * eta).sum() + 25 * (beta[1:] ** 2).sum()

    oracle = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-6})
    assert fit.coefficients == pytest.approx(oracle.x, abs=1e-5)


def test_files_frames_and_codes_on_disk_give_the_same_fit(applications, tmp_path):
    file = tmp_path / "applications.parquet"
    pq.write_table(applications, file, row_group_size=7_000)
    (tmp_path / "codes").mkdir()
    in_memory = scan(open_rows(applications), FEATURES, target="bad")
    expected = fit_codes(in_memory, woe_of(in_memory)).coefficients

    frame = scan(open_rows(applications.to_pandas()), FEATURES, target="bad")
    reader = scan(open_rows(applications.to_reader()), FEATURES, target="bad")
    stored = scan(
        open_rows(file),
        FEATURES,
        target="bad",
        classes=in_memory.classes,
        folder=tmp_path / "codes",
        threads=3,
    )

    assert np.array_equal(fit_codes(frame, woe_of(frame)).coefficients, expected)
    assert np.array_equal(fit_codes(reader, woe_of(reader)).coefficients, expected)
    assert len(list((tmp_path / "codes").iterdir())) == 6
    assert all(np.array_equal(a, b) for a, b in zip(stored.counts, in_memory.counts, strict=True))
    assert fit_codes(stored, woe_of(stored)).coefficients == pytest.approx(expected, abs=1e-10)


def test_more_categories_than_classes_fall_into_other():
    levels = [f"place {number:03d}" for number in range(300)]
    table = pa.table({"place": levels * 10, "bad": [0, 1] * 1500})

    scanned = scan(open_rows(table), [FeatureConfig("place", kind=Kind.CATEGORICAL)], target="bad")

    assert scanned.counts[0][OTHER].sum() == 460  # 46 of 300 places, ten rows each
    assert scanned.counts[0].sum() == 3000


def test_a_column_of_nothing_is_all_missing():
    table = pa.table({"turnover": pa.nulls(4, pa.float64()), "bad": [0, 1, 0, 1]})

    scanned = scan(open_rows(table), [FeatureConfig("turnover")], target="bad")

    assert scanned.counts[0][MISSING].tolist() == [2, 2]
    with pytest.raises(FitNotConverged, match="turnover has the same WOE on every row"):
        fit_codes(scanned, woe_of(scanned))


def test_separated_classes_are_said_to_be_so():
    table = pa.table({"turnover": [1.0, 2.0, 3.0, 4.0] * 50, "bad": [0, 0, 1, 1] * 50})
    scanned = scan(open_rows(table), [FeatureConfig("turnover")], target="bad")

    with pytest.raises(FitNotConverged, match="separated"):
        fit_codes(scanned, woe_of(scanned))


def test_the_same_feature_twice_is_said_to_be_collinear():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 9, 500).astype(float)
    table = pa.table({"a": values, "b": values, "bad": rng.integers(0, 2, 500)})
    scanned = scan(open_rows(table), [FeatureConfig("a"), FeatureConfig("b")], target="bad")

    with pytest.raises(FitNotConverged, match="collinear"):
        fit_codes(scanned, woe_of(scanned))


@pytest.mark.parametrize(
    ("columns", "refusal", "names"),
    [
        ({"turnover": [1.0, math.inf]}, InfiniteValue, "turnover has 1 infinite"),
        ({"turnover": ["2026-01-01", "2026-02-01"]}, NotANumber, "turnover.*2026-01-01"),
        ({"bad": [0, 2]}, TargetNotBinary, "bad holds 2"),
        ({"bad": [0, 0]}, OneClassTarget, "2(.0)? good and 0(.0)? bad"),
        ({"weight": [1.0, -3.0]}, BadSetting, "weight weight is -3"),
        ({"weight": [1.0, None]}, BadSetting, "weight weight is nan"),
    ],
)
def test_bad_input_is_named(columns, refusal, names):
    table = pa.table({"turnover": [1.0, 2.0], "bad": [0, 1], "weight": [1.0, 1.0], **columns})

    with pytest.raises(refusal, match=names):
        scan(open_rows(table), [FeatureConfig("turnover")], target="bad", weight="weight")


def test_bad_tables_are_named(tmp_path):
    with pytest.raises(MissingColumn, match="turnover is missing"):
        scan(open_rows(pa.table({"bad": [0, 1]})), [FeatureConfig("turnover")], target="bad")
    with pytest.raises(RepeatedColumn, match="turnover stands more than once"):
        open_rows(pd.DataFrame([[1, 2]], columns=["turnover", "turnover"]))
    with pytest.raises(BadSetting, match="a Parquet file or a folder"):
        open_rows(tmp_path)
    with pytest.raises(BadSetting, match="data is int"):
        open_rows(3)
    with pytest.raises(OneClassTarget):
        empty = pa.table({"turnover": pa.array([], pa.float64()), "bad": pa.array([], pa.int8())})
        scan(open_rows(empty), [FeatureConfig("turnover")], target="bad")


@pytest.fixture(scope="module")
def card(applications):
    return fit_scorecard(
        applications,
        target="bad",
        config=ScorecardConfig(name="card", features=FEATURES, min_bin_bads=5),
    )


def test_scoring_a_file_is_scoring_its_table(applications, card, tmp_path):
    strange = pa.table(
        {
            "turnover": [None, math.nan, math.inf, -math.inf, 0.0, -0.0],
            "inquiries": [-999.0, None, 3.0, -999.0000001, -998.9999, 4.0],
            "trade": ["food", None, "mining", "retail", "repair", ""],
            "bad": pa.array([0, 1, 0, 1, 0, 1], pa.int8()),
            "weight": [1.0] * 6,
        }
    )
    table = pa.concat_tables([applications, strange])
    file = tmp_path / "applications.parquet"
    pq.write_table(table, file, row_group_size=6_000)

    done = score_rows(card, open_rows(file), tmp_path / "scores.parquet", keep=["weight"])

    assert done == table.num_rows
    expected = card.score_table(table, keep=["weight"]).select(
        ["weight", "score", "grade", "pd", "grade_pd"]
    )
    assert pq.read_table(tmp_path / "scores.parquet").equals(expected)


def test_scoring_nothing_gives_a_file_without_rows(applications, card, tmp_path):
    done = score_rows(card, open_rows(applications.slice(0, 0)), tmp_path / "scores.parquet")

    assert done == 0
    assert pq.read_table(tmp_path / "scores.parquet").column_names == [
        "score",
        "grade",
        "pd",
        "grade_pd",
    ]


def test_a_broken_part_leaves_no_file(card, tmp_path):
    words = pa.table({"turnover": ["much"], "inquiries": [1.0], "trade": ["food"]})

    with pytest.raises(NotANumber, match="much"):
        score_rows(card, open_rows(words), tmp_path / "scores.parquet")

    assert list(tmp_path.iterdir()) == []
