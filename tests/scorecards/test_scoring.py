"""Scoring: a row and a table agree, the artefact comes back as it went, reasons are the losses."""

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.scorecards import Scorecard
from kuaidai.risk.scorecards.artefact import SCHEMA
from kuaidai.risk.scorecards.errors import BadArtefact, MissingColumn, NotANumber
from kuaidai.risk.scorecards.fitting import fit_scorecard

TYPICAL = {"turnover": 500000.0, "queries": 2, "bureau": 610.0, "grade": "B"}
cells = st.fixed_dictionaries(
    {
        "turnover": st.none() | st.floats(0, 1e9) | st.just(float("nan")),
        "queries": st.none() | st.floats(0, 40),
        "bureau": st.none() | st.floats(300, 900) | st.just(-999.0),
        "grade": st.none() | st.sampled_from(["A", "B", "M", "C", "D", ""]),
    }
)


def columns(rows) -> pa.Table:
    return pa.table(
        {
            "turnover": pa.array([r["turnover"] for r in rows], pa.float64()),
            "queries": pa.array([r["queries"] for r in rows], pa.float64()),
            "bureau": pa.array([r["bureau"] for r in rows], pa.float64()),
            "grade": pa.array([r["grade"] for r in rows], pa.string()),
        }
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(cells, min_size=1, max_size=8))
def test_a_row_scores_as_it_does_in_a_table(rows, card) -> None:
    table = card.score_table(columns(rows))

    for row, batch in zip(rows, table.to_pylist(), strict=True):
        alone = card.score(row)
        assert (alone.score, alone.grade, alone.pd, alone.grade_pd) == (
            batch["score"],
            batch["grade"],
            batch["pd"],
            batch["grade_pd"],
        )
        assert {p.feature: p.points for p in alone.points} == {
            name: batch[f"points_{name}"] for name in card.features
        }
        named = [batch[f"reason_{rank}"] for rank in (1, 2, 3, 4)]
        assert [r.feature for r in alone.reasons] == [name for name in named if name]


def test_the_score_is_the_base_plus_the_points(card) -> None:
    result = card.score(TYPICAL)

    assert result.score == result.base_points + sum(p.points for p in result.points)
    assert isinstance(result.pd, Decimal)
    assert -result.pd.as_tuple().exponent == 6
    assert result.version_hash == card.version_hash


def test_reasons_are_the_points_lost_largest_first_in_both_languages(card) -> None:
    result = card.score({"turnover": 1000.0, "queries": 12, "bureau": 350.0, "grade": "C"})

    lost = sorted((p.points_lost for p in result.points), reverse=True)
    assert [r.points_lost for r in result.reasons] == [points for points in lost if points][:4]
    by_name = {r.feature: r for r in result.reasons}
    assert by_name["queries"].en.startswith("Loan queries: ≥ ")
    assert by_name["queries"].zh.startswith("贷款查询次数：不低于 ")


def test_the_best_bins_leave_no_reason(card) -> None:
    best = {}
    for c in card.characteristics:
        top = max(c.attributes, key=lambda a: a.points).bin
        value = top.categories[0] if top.categories else top.special
        if value is None and top.label != "no data":
            value = top.low if top.low is not None else top.high - 1
        best[c.name] = value

    assert card.score(best).reasons == ()


def test_pd_falls_as_the_score_rises(card) -> None:
    pds = [card.pd_of(score) for score in range(300, 900, 25)]

    assert pds == sorted(pds, reverse=True)
    assert Decimal("0.000001") <= pds[-1] < pds[0] <= Decimal("0.999999")


@pytest.mark.parametrize(
    ("change", "refusal", "words"),
    [
        ({"grade": ...}, MissingColumn, "grade"),
        ({"queries": "several"}, NotANumber, "'several'"),
    ],
)
def test_a_bad_row_is_refused_with_its_value(change, refusal, words, card) -> None:
    row = {name: value for name, value in {**TYPICAL, **change}.items() if value is not ...}
    with pytest.raises(refusal, match=words):
        card.score(row)


def test_a_table_without_a_column_is_refused(card, frame) -> None:
    with pytest.raises(MissingColumn, match="bureau"):
        card.score_table(pa.Table.from_pandas(frame.drop(columns="bureau")))


def test_the_artefact_comes_back_exactly(card, frame) -> None:
    text = card.to_json()
    again = Scorecard.from_json(text)

    assert again == card
    assert again.to_json() == text
    assert again.version_hash == card.version_hash
    table = pa.Table.from_pandas(frame, preserve_index=False)
    assert again.score_table(table).equals(card.score_table(table))


def test_the_same_data_give_the_same_version_and_other_data_another(card, frame, config) -> None:
    assert (
        fit_scorecard(frame.copy(), target="bad", config=config).version_hash == card.version_hash
    )
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    assert fit_scorecard(arrow, target="bad", config=config).version_hash == card.version_hash
    other = replace(config, pdo=20.0)
    assert fit_scorecard(frame, target="bad", config=other).version_hash != card.version_hash


def test_the_artefact_names_what_it_was_made_from(card, frame) -> None:
    document = json.loads(card.to_json())

    assert document["schema"] == SCHEMA
    made = document["card"]["provenance"]
    assert made["rows"] == len(frame)
    assert made["bads"] == frame["bad"].sum()
    assert len(made["data_fingerprint"]) == 64
    assert {"kuaidai", "numba", "numpy", "python"} <= {name for name, _ in made["libraries"]}


def test_the_data_fingerprint_knows_no_order_and_no_parts(frame, config, tmp_path) -> None:
    weighted = frame.assign(weight=np.random.default_rng(1).random(len(frame)))
    mixed = weighted.sample(frac=1.0, random_state=2)
    for place, (start, size) in enumerate(((0, 100), (2000, 1000), (100, 1900))):
        part = pa.Table.from_pandas(mixed.iloc[start : start + size], preserve_index=False)
        pq.write_table(part, tmp_path / f"{place}.parquet", row_group_size=170)
    other = weighted.assign(queries=weighted["queries"].where(weighted.index != 5, 9.0))

    def marked(data):
        fitted = fit_scorecard(data, target="bad", weight="weight", config=config)
        return fitted.provenance.data_fingerprint

    assert marked(weighted) == marked(tmp_path) != marked(other)
    assert marked(weighted.assign(weight=1.0)) != marked(weighted)


def mended(document, **changed):
    """The document with its card changed and the checksum made to fit."""
    content = {"schema": document["schema"], "card": {**document["card"], **changed}}
    return json.dumps({**content, "version_hash": sha256_hex(canonical_json(content))})


OLDER = {"card": {"provenance": {"libraries": [["kuaidai", "0.0.9"]]}}}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: "not json", "not JSON"),
        (lambda d: json.dumps([1]), "schema"),
        (lambda d: json.dumps({**d, "schema": "other/9"}), "other/9"),
        (lambda d: json.dumps({**d, "schema": "kuaidai.scorecard/99"}), "newer.*upgrade kuaidai"),
        (lambda d: json.dumps({**OLDER, "schema": "kuaidai.scorecard/1"}), r"older.*\(0\.0\.9\)"),
        (lambda d: json.dumps({"schema": "kuaidai.scorecard/1"}), "older.*does not say which"),
        (
            lambda d: json.dumps({**d, "card": {**d["card"], "base_points": 900}}),
            "was changed after",
        ),
        (lambda d: json.dumps({**d, "card": None}), "was changed after"),
        (lambda d: json.dumps({**d, "note": "mine"}), "was changed after"),
        (lambda d: json.dumps({k: v for k, v in d.items() if k != "card"}), "does not fit"),
        (lambda d: json.dumps({**d, "card": {"x": float("nan")}}), "does not fit"),
        (lambda d: mended(d, extra=1), "does not fit"),
        (lambda d: mended(d, base_points="many"), "does not fit"),
        (lambda d: mended(d, config={**d["card"]["config"], "pdo": -1.0}), "does not fit.*pdo"),
    ],
)
def test_a_spoilt_artefact_is_refused_by_its_name(spoil, words, card) -> None:
    text = spoil(json.loads(card.to_json()))
    with pytest.raises(BadArtefact, match=f"card.json is not a readable scorecard.*{words}"):
        Scorecard.from_json(text, source="card.json")


def test_layout_and_order_of_an_artefact_do_not_matter(card) -> None:
    document = json.loads(card.to_json())
    shuffled = json.dumps(dict(reversed(document.items())), ensure_ascii=True)

    assert Scorecard.from_json(shuffled, source="card.json").to_json() == card.to_json()


def test_integers_decimals_and_text_numbers_read_alike(card) -> None:
    plain = card.score(TYPICAL)
    spelt = card.score(
        {**TYPICAL, "turnover": Decimal("500000.00"), "queries": np.int64(2), "bureau": "610"}
    )

    assert (spelt.score, spelt.pd) == (plain.score, plain.pd)


def test_kept_columns_pass_through_from_pandas_too(card, frame) -> None:
    named = frame.head(3).assign(uscc=["a", "b", "c"])

    assert card.score_table(named, keep=["uscc"])["uscc"].to_pylist() == ["a", "b", "c"]
    assert isinstance(named, pd.DataFrame)
