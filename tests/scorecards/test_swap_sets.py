"""Swap sets and overrides: who changes sides, how they turned out, and where the reports say so."""

import json

import numpy as np
import pytest
from tests.scorecards.conftest import FEATURES, sample

from kuaidai.risk.scorecards import ScorecardConfig
from kuaidai.risk.scorecards.errors import BadSetting, MissingColumn, TargetNotBinary
from kuaidai.risk.scorecards.fitting import fit_scorecard
from kuaidai.risk.scorecards.model_card import IntendedUse, render_model_card
from kuaidai.risk.scorecards.swap_sets import decisions_table, nearest_cut, swap_set
from kuaidai.risk.scorecards.validation import validate


@pytest.fixture(scope="module")
def weak(frame):
    """The card in use: it knows nothing but loan queries."""
    return fit_scorecard(frame, target="bad", config=ScorecardConfig("old-card", (FEATURES[1],)))


def test_the_four_cells_are_the_rows_of_two_cut_offs(weak, card):
    later = sample(seed=8)

    found = swap_set(weak, card, later, "bad", approve_from=540, after_from=545)

    old, new = weak.scores(later) >= 540, card.scores(later) >= 545
    brought = (~old & new).sum()
    assert found.swapped_in.rows == brought > 0
    assert found.swapped_in.bads == later["bad"][~old & new].sum()
    assert found.swapped_out.bad_rate == pytest.approx(later["bad"][old & ~new].mean())
    assert found.before.approved == pytest.approx(old.mean())
    assert found.after.bad_rate == pytest.approx(later["bad"][new].mean())
    assert found.after.auc > found.before.auc
    assert sum(cell.rows for cell in found.table.cells) == len(later)


def test_without_a_cut_off_the_new_card_approves_as_many(weak, card):
    later = sample(seed=8)

    found = swap_set(weak, card, later, "bad", approve_from=540)

    assert found.after.approved == pytest.approx(found.before.approved, abs=0.02)
    assert found.after.bad_rate < found.before.bad_rate
    assert found.findings() == ()
    back = swap_set(card, weak, later, "bad", approve_from=found.after.approve_from)
    assert "go bad more often" in back.findings()[0]


def test_cut_offs_between_ties_by_hand():
    scores = np.array([500, 520, 520, 560])
    assert nearest_cut(scores, 1.0) == 500
    assert nearest_cut(scores, 0.75) == 520
    assert nearest_cut(scores, 0.5) == 560  # 0.25 and 0.75 are as near: the stricter one
    assert nearest_cut(scores, 0.0) == 561


def test_outcomes_of_the_declined_need_not_be_known(weak, card):
    later = sample(seed=8)
    later["bad"] = later["bad"].where(weak.scores(later) >= 540)

    found = swap_set(weak, card, later, "bad", approve_from=540)

    assert found.swapped_in.known == 0
    assert np.isnan(found.swapped_in.bad_rate)
    assert found.findings() == ()
    with pytest.raises(TargetNotBinary):
        swap_set(weak, card, later.assign(bad=2), "bad", approve_from=600)
    with pytest.raises(BadSetting, match="at least 1"):
        swap_set(weak, card, later.head(0), "bad", approve_from=600)


def test_the_reports_show_swaps_and_overrides(weak, card, frame, tmp_path):
    later = sample(seed=8)
    people = sample(seed=9).assign(approved=lambda rows: (rows["queries"] < 3).astype(int))
    people["bad"] = people["bad"].where(people["approved"] == 1)

    found = validate(
        card,
        frame,
        later,
        "bad",
        approve_from=600,
        against=weak,
        against_from=600,
        decisions=people,
    )

    assert found.overrides == decisions_table(card, people, "approved", "bad", approve_from=600)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["swap"]["before"]["name"] == "old-card"
    assert plain["overrides"]["low_side"] == found.overrides.low_side > 0
    found.write_html_report(tmp_path / "report.html")
    for page in ((tmp_path / "report.html").read_text(), render_model_card(found, IntendedUse())):
        assert "换入换出分析" in page
        assert "人工推翻" in page
        assert "old-card" in page


def test_cut_offs_and_columns_that_are_missing_are_named(weak, card, frame):
    with pytest.raises(BadSetting, match="against_from"):
        validate(card, frame, None, "bad", against=weak)
    with pytest.raises(BadSetting, match="approve_from"):
        validate(card, frame, None, "bad", decisions=frame)
    with pytest.raises(MissingColumn, match="approved"):
        validate(card, frame, None, "bad", decisions=frame, approve_from=600)
    wrong = frame.assign(approved=np.nan)
    with pytest.raises(BadSetting, match="1 \\(approved\\) or 0"):
        validate(card, frame, None, "bad", decisions=wrong, approve_from=600)
