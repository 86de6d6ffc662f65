"""Monitoring: figures against outside oracles, matured vintages only, findings at their limits."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from tests.scorecards.conftest import sample

from kuaidai.kernel.calendars import add_months, month_end
from kuaidai.risk.scorecards.errors import BadSetting, MissingColumn, SampleTooSmall
from kuaidai.risk.scorecards.monitoring import (
    Level,
    MonitoringReport,
    Thresholds,
    development_auc,
    matured_through,
    monitor,
)

ON = date(2026, 6, 30)


def outcomes(card, frame, *, on=ON, months_back=14):
    """Decisions spread over the fourteen months before `on`, scored by the card."""
    days = [add_months(on, -1 - place % months_back) for place in range(len(frame))]
    return pa.table({"decided_on": days, "score": card.scores(frame), "bad": frame["bad"]})


def held(card, **changed):
    frame = sample(rows=6000, seed=11)
    return monitor(card, frame, month=ON, on=ON, **changed)


def codes(report):
    return {(finding.code, finding.subject): finding.level for finding in report.findings}


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 36))
def test_a_vintage_is_matured_when_the_window_of_each_of_its_days_is_over(on, window):
    last = matured_through(on, window)

    assert last == month_end(last)
    assert month_end(add_months(last.replace(day=1), window)) <= on
    following = month_end(last + timedelta(days=1))
    assert month_end(add_months(following.replace(day=1), window)) > on


def test_the_same_population_is_stable(card):
    report = held(card)

    assert report.level is Level.STABLE
    assert report.findings == ()
    assert report.population.rows == sum(n for _, n in report.population.by_grade) == 6000
    assert report.score is None and report.performance is None


def test_stability_is_the_formula_over_the_cards_own_counts(card):
    frame = sample(rows=6000, seed=11)
    names = [card.grade_of(int(score)).grade for score in card.scores(frame)]

    report = held(card)

    expected = 0.0
    everyone = sum(grade.rows for grade in card.grades)
    for grade in card.grades:
        before, after = grade.rows / everyone, names.count(grade.grade) / 6000
        expected += (after - before) * math.log(after / before)
    assert report.grade.index == pytest.approx(expected, rel=1e-12)


def test_a_moved_characteristic_is_named_and_the_score_moves_with_it(card):
    frame = sample(rows=6000, seed=11)
    moved = frame.assign(bureau=frame["bureau"] - 60)
    before = dict(held(card).population.by_score)

    report = monitor(card, moved, month=ON, on=ON, reference=before)

    assert codes(report)["CSI", "bureau"] is Level.ALERT
    assert codes(report)["SCORE_PSI", ""] is Level.ALERT
    assert ("CSI", "turnover") not in codes(report)
    (bureau,) = (f for f in report.findings if f.subject == "bureau")
    assert "Bureau score moved" in bureau.en and "“征信评分”" in bureau.zh
    same = monitor(card, frame, month=ON, on=ON, reference=before)
    assert same.score.index == 0


def test_a_shift_that_chance_explains_is_no_finding(card):
    report = monitor(card, sample(rows=12, seed=5), month=ON, on=ON)

    assert report.grade.index >= 0.1 or any(
        c.stability.index >= 0.1 for c in report.characteristics
    )
    assert report.findings == ()


def test_discrimination_and_calibration_are_those_of_the_oracles_on_matured_rows_alone(card):
    # arrange: ON is a month end, so of fourteen months those up to June 2025 are matured
    frame = sample(rows=60_000, seed=17)
    table = outcomes(card, frame)
    frame = frame.assign(day=pd.to_datetime(table["decided_on"].to_pylist()))
    old = frame[frame["day"] <= "2025-06-30"]
    scores, bad = card.scores(old), old["bad"].to_numpy()

    # act
    report = held(card, performance=table)

    # assert
    judged = report.performance
    assert (judged.first, judged.last) == (date(2025, 4, 1), date(2025, 6, 1))
    assert (judged.rows, judged.bads) == (len(old), bad.sum())
    assert judged.immature == len(frame) - len(old)
    found = judged.discrimination
    assert found.auc.auc == pytest.approx(roc_auc_score(bad, -scores), abs=1e-12)
    ks = stats.ks_2samp(scores[bad == 1], scores[bad == 0])
    assert found.ks == pytest.approx(ks.statistic, abs=1e-12)
    assert found.ks_low < found.ks < found.ks_high
    for row, grade in zip(judged.calibration, card.grades, strict=True):
        names = [card.grade_of(int(score)).grade for score in scores]
        inside = np.array(names) == grade.grade
        seen = int(bad[inside].sum())
        for side, p_value in (("greater", row.p_more), ("less", row.p_fewer)):
            test = stats.binomtest(seen, int(inside.sum()), float(grade.pd), alternative=side)
            assert p_value == pytest.approx(test.pvalue, rel=1e-9)


def test_the_aucs_of_the_grades_in_development_come_from_the_cards_counts(card, frame):
    ranks = {grade.grade: -place for place, grade in enumerate(card.grades)}
    graded = [ranks[card.grade_of(int(score)).grade] for score in card.scores(frame)]

    assert development_auc(card) == pytest.approx(1 - roc_auc_score(frame["bad"], graded))


def test_pds_that_no_longer_hold_and_a_score_that_no_longer_separates_are_alerts(card):
    # arrange: outcomes drawn without regard to the score, far more often bad than the PDs say
    table = outcomes(card, sample(rows=8000, seed=3))
    rng = np.random.default_rng(1)
    noise = table.set_column(2, "bad", pa.array((rng.random(8000) < 0.5).astype(int)))

    # act
    found = codes(held(card, performance=noise))

    # assert
    assert found["AUC_UNPROVEN", ""] is Level.ALERT
    assert found["AUC_FELL", ""] is Level.ALERT
    assert found["PD_TOO_LOW", card.grades[0].grade] is Level.ALERT


def test_fewer_bads_than_the_pd_says_are_a_watch(card):
    doubled = replace(
        card,
        grades=tuple(replace(g, pd=min(Decimal("0.9"), g.pd * 3)) for g in card.grades),
    )

    found = codes(held(doubled, performance=outcomes(card, sample(rows=60_000, seed=17))))

    assert {level for (code, _), level in found.items() if code == "PD_TOO_HIGH"} == {Level.WATCH}


def test_without_enough_matured_bads_nothing_is_judged(card):
    young = outcomes(card, sample(rows=2000, seed=3), months_back=6)
    unlabelled = outcomes(card, sample(rows=2000, seed=3))
    unlabelled = unlabelled.set_column(2, "bad", pa.nulls(2000, pa.int64()))

    none_matured = held(card, performance=young).performance
    no_outcome = held(card, performance=unlabelled).performance

    assert (none_matured.rows, none_matured.immature, none_matured.first) == (0, 2000, None)
    assert none_matured.discrimination is None and none_matured.calibration == ()
    assert (no_outcome.rows, no_outcome.unlabelled) == (0, 2000 - no_outcome.immature)


def test_a_report_comes_back_from_json_as_it_was(card):
    report = held(card, performance=outcomes(card, sample(rows=8000, seed=17)), reference={600: 9})

    assert MonitoringReport.from_json(report.to_json()) == report


def test_what_cannot_be_monitored_is_refused(card, frame):
    with pytest.raises(SampleTooSmall, match="Month 2026-06 has 0"):
        monitor(card, frame.head(0), month=ON, on=ON)
    with pytest.raises(BadSetting, match="psi_watch"):
        Thresholds(psi_watch=0.3)
    with pytest.raises(BadSetting, match="bad is 2"):
        table = pa.table({"decided_on": [ON], "score": [600], "bad": [2]})
        monitor(card, frame, month=ON, on=ON, performance=table)
    with pytest.raises(MissingColumn, match="score"):
        monitor(card, frame, month=ON, on=ON, performance=pa.table({"decided_on": [ON]}))
    with pytest.raises(BadSetting, match="window_months"):
        monitor(card, frame, month=ON, on=ON, window_months=0)
