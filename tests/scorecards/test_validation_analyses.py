"""Lift, grade tests, concentration, groups and overrides, against figures from elsewhere."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import auc, roc_auc_score
from tests.scorecards.conftest import sample

from kuaidai.risk.scorecards.errors import BadSetting, MissingColumn
from kuaidai.risk.scorecards.grading import concentration, judge_grade
from kuaidai.risk.scorecards.groups import group_table
from kuaidai.risk.scorecards.lift import lift_table
from kuaidai.risk.scorecards.overrides import override_table


def test_the_area_of_the_accuracy_profile_is_the_gini_coefficient() -> None:
    rng = np.random.default_rng(5)
    bad = (rng.random(4000) < 0.2).astype(float)
    scores = np.round(rng.normal(600 - 25 * bad, 40))

    points = lift_table(scores, bad, bands=len(scores))  # every distinct score its own band
    rows = [0.0, *(r.share_of_rows for r in points)]
    bads = [0.0, *(r.share_of_bads for r in points)]
    accuracy_ratio = (auc(rows, bads) - 0.5) / (0.5 * (1 - bad.mean()))

    assert accuracy_ratio == pytest.approx(2 * roc_auc_score(bad, -scores) - 1)


def test_bands_of_lift_end_with_everything_and_keep_ties_together() -> None:
    scores = np.array([500.0] * 7 + [600.0] * 3)
    bad = np.array([1.0] * 4 + [0.0] * 3 + [1.0, 0.0, 0.0])

    first, last = lift_table(scores, bad, bands=5)

    assert (first.rows, first.bads, first.lift) == (7, 4, pytest.approx((4 / 5) / 0.7))
    assert (last.rows, last.share_of_bads, last.lift) == (10, 1.0, 1.0)


def test_grades_are_judged_as_scipy_judges_them() -> None:
    found = judge_grade("B", rows=400, bads=11, pd=0.015)

    greater = stats.binomtest(11, 400, 0.015, alternative="greater").pvalue
    less = stats.binomtest(11, 400, 0.015, alternative="less").pvalue
    assert found.too_low_p == pytest.approx(greater)
    assert found.too_high_p == pytest.approx(less)
    assert math.isnan(judge_grade("D", rows=0, bads=0, pd=0.1).too_low_p)


def test_concentration_of_three_grades_by_hand() -> None:
    found = concentration([("A", 60), ("B", 30), ("C", 10)])

    assert found.index == pytest.approx(0.46)  # 0.36 + 0.09 + 0.01
    assert found.adjusted == pytest.approx((0.46 - 1 / 3) / (2 / 3))
    assert (found.largest, found.share) == ("A", 0.6)
    assert concentration([("A", 5)]).adjusted == 1.0


def test_groups_add_up_to_the_sample_and_name_the_disadvantaged(card) -> None:
    later = sample(rows=1500, seed=11)
    scores = card.scores(later)
    cut = int(np.median(scores))

    found = group_table(card, later, "bad", "grade", approve_from=cut)

    assert [g.group for g in found.groups][:2] == ["B", "A"]
    assert sum(g.rows for g in found.groups) == 1500
    assert sum(g.bads for g in found.groups) == later["bad"].sum()
    inside = (later["grade"] == "C").to_numpy()
    worst = next(g for g in found.groups if g.group == "C")
    assert worst.approved == pytest.approx((scores[inside] >= cut).mean())
    assert worst.auc == pytest.approx(roc_auc_score(later["bad"][inside], -scores[inside]))
    assert worst.ratio == pytest.approx(worst.approved / max(g.approved for g in found.groups))
    assert any(line.startswith("grade C: approved") for line in found.findings())


def test_without_a_cut_off_nobody_is_approved_or_declined(card) -> None:
    later = sample(rows=300, seed=11).assign(region="east")

    (row,) = group_table(card, later, "bad", "region").groups

    assert (row.approved, row.ratio, row.goods_declined) == (None, None, None)


def test_a_column_that_is_no_group_is_refused_by_name(card, frame) -> None:
    with pytest.raises(BadSetting, match="turnover"):
        group_table(card, frame, "bad", "turnover")
    with pytest.raises(MissingColumn, match="county"):
        group_table(card, frame, "bad", "county")


def test_overrides_by_hand() -> None:
    said = np.array([True] * 6 + [False] * 4)
    done = np.array([True] * 5 + [False] + [True] * 2 + [False] * 2)
    bad = np.array([0, 0, 0, 0, 1, math.nan, 1, 0, math.nan, math.nan])

    found = override_table(said, done, bad)

    agreed = found.cell(recommended=True, approved=True)
    low_side = found.cell(recommended=False, approved=True)
    high_side = found.cell(recommended=True, approved=False)
    assert (agreed.rows, agreed.bads, agreed.bad_rate) == (5, 1, 0.2)
    assert (low_side.rows, low_side.bads, low_side.bad_rate) == (2, 1, 0.5)
    assert (high_side.rows, high_side.known) == (1, 0)
    assert math.isnan(high_side.bad_rate)
    assert (found.low_side, found.high_side) == (0.2, 0.1)
    with pytest.raises(BadSetting, match="one length"):
        override_table(said, done, bad[:3])
