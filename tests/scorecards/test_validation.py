"""Validation and its report."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from tests.scorecards.conftest import sample

from kuaidai.risk.scorecards import ScorecardConfig
from kuaidai.risk.scorecards.cross_validation import cross_validate, leave_one_out
from kuaidai.risk.scorecards.errors import BadSetting, OneClassTarget
from kuaidai.risk.scorecards.validation import validate

pytestmark = pytest.mark.slow  # cross-validation fits dozens of cards


@pytest.fixture(scope="module")
def later():
    return sample(rows=1500, seed=11)


@pytest.fixture(scope="module")
def report(card, frame, later):
    return validate(card, frame, later, "bad")


@pytest.fixture(scope="module")
def html(report, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.write_html_report(path)
    return path.read_text(encoding="utf-8")


def test_figures_equal_sklearn_on_the_later_sample(report, card, later) -> None:
    scores = card.scores(later)
    pds = card.probabilities(scores)

    assert report.oot.auc.auc == pytest.approx(roc_auc_score(later["bad"], -scores))
    assert report.oot.brier == pytest.approx(brier_score_loss(later["bad"], pds))
    assert report.oot.rows == 1500
    assert sum(row.rows for row in report.oot.calibration) == 1500
    assert sum(row.rows for row in report.oot.grades) == 1500
    assert sum(b.goods + b.bads for b in report.oot.distribution) == 1500


def test_one_population_is_stable_and_a_moved_one_is_not(report, card, frame, later) -> None:
    assert report.psi.level == "stable"

    moved = later.assign(bureau=later["bureau"] - 60)
    shifted = validate(card, frame, moved, "bad")

    assert shifted.psi.level == "act"
    by_name = {row.feature: row.stability.level for row in shifted.csi}
    assert by_name["bureau"] == "act"
    assert by_name["queries"] == "stable"
    assert any("bureau moved" in finding for finding in shifted.findings)


def test_figures_are_plain_json(report) -> None:
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))

    assert document["oot"]["auc"]["auc"] == report.oot.auc.auc


def test_without_later_rows_the_report_says_so(card, frame) -> None:
    alone = validate(card, frame, None, "bad")

    assert alone.oot is None
    assert "No out-of-time sample" in alone.findings[0]


def test_one_class_out_of_time_is_refused(card, frame, later) -> None:
    with pytest.raises(OneClassTarget, match="out of time"):
        validate(card, frame, later.assign(bad=0), "bad")


def test_the_report_holds_charts_tables_and_the_figures(html, report, card) -> None:
    assert html.count("<svg") == 5 + len(card.characteristics)
    assert html.count("<details") >= html.count("<svg")
    assert f"{report.oot.auc.auc:.3f}" in html
    assert f"{report.psi.index:.3f}" in html
    assert card.version_hash in html
    for c in card.characteristics:
        assert c.feature.title_zh in html
        for attribute in c.attributes:
            assert f"<td>{attribute.points}</td>" in html


def test_the_report_needs_nothing_from_outside(html) -> None:
    links = re.findall(r"""(?:src|href)=["']([^"'#]+)""", html)

    assert [link for link in links if not link.startswith("data:")] == []
    assert "<script" not in html


def test_names_in_the_report_are_escaped(card, frame, tmp_path) -> None:
    odd = replace(card, name="<script>alert(1)</script>")
    path = tmp_path / "odd.html"
    validate(odd, frame, None, "bad").write_html_report(path)

    assert "<script" not in path.read_text(encoding="utf-8")


def test_cross_validation_is_below_the_development_auc_and_repeatable(
    frame, config, report
) -> None:
    small = frame.head(800)
    first = cross_validate(small, target="bad", config=config, folds=3, repeats=2)
    again = cross_validate(small, target="bad", config=config, folds=3, repeats=2)

    assert first == again
    assert len(first.aucs) == 2
    assert first.fits == 6
    assert first.low < first.auc < first.high
    assert 0.6 < first.auc < 0.9


def test_cross_validation_of_noise_finds_nothing(config) -> None:
    noise = sample(rows=400, seed=1)
    rng = np.random.default_rng(0)
    noise["bad"] = rng.permutation(noise["bad"].to_numpy())

    found = cross_validate(noise, target="bad", config=config, folds=4)

    assert found.low < 0.5 < max(found.high, 0.5001)
    assert found.auc < 0.6


def test_leave_one_out_judges_each_row_by_a_card_without_it(frame, config) -> None:
    tiny = frame.head(60)
    seen: list[tuple[int, int]] = []
    small: ScorecardConfig = replace(
        config,
        features=config.features[:2],
        min_bin_share=0.1,
        min_bin_bads=2,
        max_bins=3,
        l2=1.0,
        p_max=None,
        max_bin_p_value=None,
    )

    found = leave_one_out(tiny, target="bad", config=small, progress=lambda *at: seen.append(at))

    assert (found.method, found.fits, seen[-1]) == ("leave-one-out", 60, (60, 60))
    assert 0.3 < found.auc < 1


def test_folds_must_fit_the_sample(frame, config) -> None:
    with pytest.raises(BadSetting, match="folds"):
        cross_validate(frame.head(50), target="bad", config=config, folds=1)
