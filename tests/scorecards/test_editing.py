"""Edits by hand count what they say they count, and say who made them."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.proportion import proportions_ztest

from kuaidai.risk.scorecards import Scorecard
from kuaidai.risk.scorecards.binning_table import binning_table
from kuaidai.risk.scorecards.columns import read_column
from kuaidai.risk.scorecards.config import Kind
from kuaidai.risk.scorecards.editing import (
    assign_missing,
    assign_special,
    merge_bins,
    set_woe,
    split_bin,
)
from kuaidai.risk.scorecards.errors import BadSetting
from kuaidai.risk.scorecards.fitting import bin_data, fit_card

SIGNED = {"by": "modeller", "why": "credit committee of May"}


@pytest.fixture(scope="module")
def binned(frame, config):
    return bin_data(frame, target="bad", config=config)


def counted_anew(c, frame) -> list[tuple[float, float]]:
    """Goods and bads per attribute, from the rows."""
    codes = c.codes(read_column(frame, c.name, c.feature.kind))
    bad = frame["bad"].to_numpy()
    return [((1 - bad)[codes == p].sum(), bad[codes == p].sum()) for p in range(len(c.attributes))]


def test_merged_and_split_bins_are_counted_as_the_rows_would_be(binned, frame):
    turnover = binned.feature("turnover")
    merged = merge_bins(turnover, 0, 1, **SIGNED)
    split = split_bin(merged, 0, 150_000.0, **SIGNED)

    for changed in (merged, split):
        c = changed.characteristic()
        assert [(a.goods, a.bads) for a in c.attributes] == counted_anew(c, frame)
    assert len(split.groups) == len(merged.groups) + 1 == len(turnover.groups)
    assert split.bins()[1].low == pytest.approx(150_000, rel=0.05)
    assert merged.characteristic().iv < turnover.characteristic().iv
    log = split.record.edits
    assert [edit.action for edit in log] == ["merge", "split"]
    assert (log[0].by, log[0].why) == ("modeller", "credit committee of May")
    assert log[0].iv_after == log[1].iv_before == merged.characteristic().iv


def test_a_category_taken_out_stands_alone(binned, frame):
    grade = binned.feature("grade")
    place = next(
        p for p, b in enumerate(grade.bins()) if len(b.categories) > 1 or "A" in b.categories
    )
    names = grade.bins()[place].categories
    together = merge_bins(grade, 0, len(grade.groups) - 1, **SIGNED)

    found = split_bin(together, 0, ["A"], **SIGNED).characteristic()

    assert found.regular[1].bin.categories == ("A",)
    assert [(a.goods, a.bads) for a in found.attributes] == counted_anew(found, frame)
    with pytest.raises(BadSetting, match="some, not all"):
        split_bin(together, 0, ["Z"], **SIGNED)
    assert names


def test_missing_values_are_counted_with_the_bin_they_are_given_to(binned, frame):
    turnover = binned.feature("turnover")
    found = assign_missing(turnover, 0, **SIGNED).characteristic()

    own = turnover.characteristic()
    assert found.attributes[0].count == own.attributes[0].count + own.attributes[-1].count
    assert found.attributes[-1].woe == found.attributes[0].woe
    assert sum(a.count for a in found.attributes) == len(frame)
    assert (
        assign_missing(assign_missing(turnover, 0, **SIGNED), None, **SIGNED).characteristic().iv
        == own.iv
    )


def test_a_special_code_is_counted_with_the_bin_it_is_given_to(binned, frame):
    bureau = binned.feature("bureau")
    last = len(bureau.groups) - 1
    own = bureau.characteristic()
    code = next(a for a in own.attributes if a.bin.label == "no record")

    joined = assign_special(bureau, "no record", last, **SIGNED)
    merged = merge_bins(joined, 0, 1, **SIGNED)
    found = merged.characteristic()

    assert found.regular[-1].count == own.regular[-1].count + code.count
    placed = next(a for a in found.attributes if a.bin.label == "no record")
    assert placed.woe == found.regular[-1].woe
    assert placed.note == f"counted with the bin {found.regular[-1].bin.label}"
    assert sum(a.count for a in found.attributes) == len(frame)
    back = assign_special(joined, "no record", None, **SIGNED).characteristic()
    assert back.attributes == own.attributes
    with pytest.raises(BadSetting, match="one of no record"):
        assign_special(bureau, "thin file", 0, **SIGNED)
    with pytest.raises(BadSetting, match="no special code"):
        assign_special(binned.feature("turnover"), "thin file", 0, **SIGNED)


def test_an_edited_card_scores_by_its_edits_and_keeps_them(binned, frame):
    woe = set_woe(binned.feature("queries"), 0, 0.25, **SIGNED)
    merged = merge_bins(binned.feature("turnover"), 1, 2, **SIGNED)

    card = fit_card(binned.with_feature(woe).with_feature(merged))

    queries = next(c for c in card.characteristics if c.name == "queries")
    assert queries.attributes[0].woe == 0.25
    assert "by hand" in queries.attributes[0].note
    assert Scorecard.from_json(card.to_json()) == card
    counted = {grade.grade: grade.rows for grade in card.grades}
    scored = card.score_table(frame)["grade"].to_pylist()
    assert counted == {name: scored.count(name) for name in counted}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda b: merge_bins(b, 1, 1, **SIGNED), "the lower first"),
        (lambda b: merge_bins(b, 0, 99, **SIGNED), "between 0 and"),
        (lambda b: split_bin(b, 0, math.nan, **SIGNED), "finite number"),
        (lambda b: set_woe(b, 0, math.inf, **SIGNED), "finite number"),
        (lambda b: set_woe(b, 99, 0.0, **SIGNED), "between 0 and"),
        (lambda b: merge_bins(b, 0, 1, by="", why="x"), "signed"),
    ],
)
def test_edits_that_cannot_be_are_refused(binned, edit, words):
    with pytest.raises(BadSetting, match=words):
        edit(binned.feature("turnover"))


def test_the_table_has_divergence_and_p_values_as_scipy_and_statsmodels_give_them(card):
    c = next(c for c in card.characteristics if c.feature.kind is Kind.NUMERIC)
    table = binning_table(c)

    goods, bads = (np.array([getattr(row, side) for row in table]) for side in ("goods", "bads"))
    assert sum(row.js for row in table) == pytest.approx(jensenshannon(goods, bads) ** 2)
    assert sum(row.share for row in table) == pytest.approx(1)
    assert sum(row.iv for row in table) == pytest.approx(c.iv)
    for place in range(len(c.regular) - 1):
        pair = table[place : place + 2]
        oracle = proportions_ztest([r.bads for r in pair], [r.bads + r.goods for r in pair])[1]
        assert table[place].p_value == pytest.approx(oracle)
    assert table[len(c.regular) - 1].p_value is None
