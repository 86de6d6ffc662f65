"""Risk classes: by days, by contagion, after restructuring, on the way back up."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.calendars import add_months
from kuaidai.lending.servicing.domain.classification import (
    Claim,
    Debtor,
    Override,
    Restructuring,
    RiskClass,
    Rule,
    classify_debtor,
)

ON = date(2026, 3, 31)
PASS, MENTION, SUBSTANDARD, DOUBTFUL, LOSS = RiskClass


def claim(outstanding="100000.00", loan_id="A", **facts) -> Claim:
    return Claim(loan_id, Decimal(outstanding), **facts)


def classes(*claims, on=ON, **facts):
    return [found.risk_class for found in classify_debtor(Debtor(claims, **facts), on)]


def rules(*claims, on=ON, **facts):
    found = classify_debtor(Debtor(claims, **facts), on)
    return [[reason.rule for reason in one.reasons] for one in found]


@pytest.mark.parametrize(
    ("days", "wanted"),
    [
        (0, PASS), (1, MENTION), (30, MENTION), (90, MENTION), (91, SUBSTANDARD),
        (270, SUBSTANDARD), (271, DOUBTFUL), (360, DOUBTFUL), (361, LOSS),
    ],
)  # fmt: skip
def test_days_past_due_give_the_class(days, wanted) -> None:
    assert classes(claim(days_past_due=days)) == [wanted]


def test_a_claim_paid_as_agreed_says_so() -> None:
    assert rules(claim()) == [[Rule.IN_ORDER]]


@pytest.mark.parametrize(
    ("bad", "good", "others_class"),
    [
        ("10000.00", "90000.00", MENTION),  # exactly 10 % is not more than 10 %
        ("10000.01", "89999.99", SUBSTANDARD),
    ],
)
def test_more_than_a_tenth_bad_makes_every_claim_bad(bad, good, others_class) -> None:
    found = classes(claim(bad, "A", days_past_due=300), claim(good, "B"))
    assert found == [DOUBTFUL, others_class]


def test_claims_of_retail_debtors_do_not_infect_each_other() -> None:
    pair = claim("50000.00", "A", days_past_due=100), claim("50000.00", "B")
    assert classes(*pair, contagion=False) == [SUBSTANDARD, PASS]


@pytest.mark.parametrize(
    ("share", "wanted"), [(None, PASS), ("0.20", PASS), ("0.2001", SUBSTANDARD)]
)
def test_a_fifth_overdue_at_all_banks_makes_the_claim_bad(share, wanted) -> None:
    everywhere = Decimal(share) if share else None
    assert classes(claim(), overdue_share_everywhere=everywhere) == [wanted]


def test_bad_debt_at_another_bank_is_at_least_special_mention() -> None:
    assert classes(claim(), bad_at_other_banks=True) == [MENTION]
    assert rules(claim(), bad_at_other_banks=True) == [[Rule.OTHER_DEBT_BAD]]


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        (None, SUBSTANDARD), ("0.4999", SUBSTANDARD), ("0.50", DOUBTFUL), ("0.8999", DOUBTFUL),
        ("0.90", LOSS),
    ],
)  # fmt: skip
def test_impairment_gives_the_class_by_the_expected_loss(share, wanted) -> None:
    lost = Decimal(share) if share else None
    assert classes(claim(credit_impaired=True, expected_loss_share=lost)) == [wanted]


def test_a_restructured_claim_is_watched_for_a_year() -> None:
    watched = claim(restructuring=Restructuring(watched_from=date(2025, 4, 20)))
    before, after = date(2026, 4, 19), date(2026, 4, 20)
    assert rules(watched, on=before) == [[Rule.RESTRUCTURED]]
    assert classes(watched, on=after) == [MENTION]
    assert rules(watched, on=after) == [[Rule.WATCH_NOT_CONFIRMED]]
    assert classes(watched, on=after, capacity_confirmed_on=after) == [PASS]
    assert classes(watched, on=after, capacity_confirmed_on=before) == [MENTION]


def test_the_watch_holds_two_periods_when_they_are_longer_than_a_year() -> None:
    yearly = claim(period_months=12, restructuring=Restructuring(watched_from=date(2025, 4, 20)))
    [found] = classify_debtor(Debtor((yearly,)), date(2026, 6, 1))
    assert found.watched_until == date(2027, 4, 20)


def test_restructuring_again_within_the_watch_is_at_least_substandard() -> None:
    again = claim(restructuring=Restructuring(watched_from=date(2026, 3, 20), again=True))
    assert classes(again) == [SUBSTANDARD]


def test_a_bad_claim_climbs_only_after_six_orderly_months_and_a_confirmation() -> None:
    bad = claim(previous=SUBSTANDARD, orderly_since=date(2025, 9, 30))
    day = date(2026, 3, 29)
    assert rules(bad, on=day) == [[Rule.CURE_RUNNING]]
    assert rules(bad, on=ON) == [[Rule.CURE_NOT_CONFIRMED]]
    assert classes(bad, on=ON, capacity_confirmed_on=day) == [SUBSTANDARD]
    assert classes(bad, on=ON, capacity_confirmed_on=ON) == [PASS]


def test_a_claim_with_quarters_between_its_due_days_needs_two_of_them() -> None:
    bad = claim(previous=LOSS, orderly_since=date(2026, 1, 31), period_months=6)
    [found] = classify_debtor(Debtor((bad,)), date(2026, 12, 31))
    assert found.risk_class is SUBSTANDARD
    assert "2027-01-31" in found.reasons[0].text_en


def test_paying_part_of_what_is_overdue_lifts_no_bad_claim() -> None:
    partly = claim(previous=DOUBTFUL, days_past_due=20)
    assert classes(partly) == [SUBSTANDARD]
    assert rules(partly) == [[Rule.CURE_NOT_BEGUN, Rule.OVERDUE]]


def test_the_first_orderly_day_is_kept_for_the_next_night() -> None:
    [first] = classify_debtor(Debtor((claim(previous=SUBSTANDARD),)), ON)
    assert first.orderly_since == ON
    [overdue] = classify_debtor(Debtor((claim(previous=SUBSTANDARD, days_past_due=1),)), ON)
    assert overdue.orderly_since is None


def test_a_cured_claim_waits_for_the_debtors_other_impaired_claims() -> None:
    cured = claim("95000.00", "A", previous=SUBSTANDARD, orderly_since=date(2025, 1, 1))
    other = claim("5000.00", "B", days_past_due=120)
    found = rules(cured, other, capacity_confirmed_on=ON, contagion=False)
    assert found[0] == [Rule.DEBTOR_NOT_CURED]


def test_two_cured_claims_do_not_hold_each_other_back() -> None:
    pair = [
        claim(loan_id=name, previous=SUBSTANDARD, orderly_since=date(2025, 1, 1)) for name in "AB"
    ]
    assert classes(*pair, capacity_confirmed_on=ON) == [PASS, PASS]


def test_a_claim_is_no_reason_for_itself() -> None:
    pair = claim("90000.00", "A", days_past_due=91), claim("10000.00", "B", previous=SUBSTANDARD)
    assert rules(*pair) == [[Rule.OVERDUE], [Rule.BAD_SHARE_HERE, Rule.CURE_RUNNING]]


def test_an_override_worsens_and_never_betters() -> None:
    lower = Override(SUBSTANDARD, "The owner has left")
    assert classes(claim(override=lower)) == [SUBSTANDARD]
    higher = Override(PASS, "A good friend")
    assert classes(claim(days_past_due=91, override=higher)) == [SUBSTANDARD]


def test_reasons_stand_gravest_first_in_both_languages() -> None:
    [found] = classify_debtor(Debtor((claim(days_past_due=91),), early_warning=True), ON)
    assert [r.rule for r in found.reasons][-1] is Rule.EARLY_WARNING
    texts = {r.rule: (r.text_en, r.text_zh) for r in found.reasons}
    assert texts[Rule.OVERDUE] == ("91 days past due.", "逾期 91 天。")


CLAIMS = st.builds(
    Claim,
    loan_id=st.just(""),
    outstanding=st.decimals("0.00", "1000000.00", places=2),
    days_past_due=st.sampled_from([0, 0, 0, 1, 89, 90, 91, 270, 271, 361]),
    previous=st.sampled_from(RiskClass),
    orderly_since=st.none() | st.dates(date(2025, 1, 1), ON),
    restructuring=st.none()
    | st.builds(Restructuring, st.dates(date(2025, 1, 1), ON), st.booleans()),
)
DEBTORS = st.builds(
    Debtor,
    claims=st.lists(CLAIMS, min_size=1, max_size=4).map(
        lambda rows: tuple(replace(row, loan_id=str(n)) for n, row in enumerate(rows))
    ),
    contagion=st.booleans(),
    bad_at_other_banks=st.booleans(),
    capacity_confirmed_on=st.none() | st.dates(date(2025, 1, 1), ON),
)


def severities(debtor):
    return [int(found.risk_class) for found in classify_debtor(debtor, ON)]


@given(DEBTORS, st.integers(0, 3), st.integers(1, 400))
def test_more_days_past_due_never_better_any_claim(debtor, which, days) -> None:
    claims = list(debtor.claims)
    place = which % len(claims)
    claims[place] = replace(claims[place], days_past_due=claims[place].days_past_due + days)
    later = severities(replace(debtor, claims=tuple(claims)))
    assert all(after >= before for before, after in zip(severities(debtor), later, strict=True))


@given(DEBTORS)
def test_contagion_never_betters_any_claim(debtor) -> None:
    alone = severities(replace(debtor, contagion=False))
    together = severities(replace(debtor, contagion=True))
    assert all(after >= before for before, after in zip(alone, together, strict=True))


@given(DEBTORS)
def test_the_class_is_what_the_gravest_reason_says(debtor) -> None:
    for found in classify_debtor(debtor, ON):
        assert found.risk_class == found.reasons[0].floor
        assert all(reason.text_en and reason.text_zh for reason in found.reasons)


@given(DEBTORS)
def test_nobody_leaves_the_bad_classes_within_six_months_of_arrears(debtor) -> None:
    for before, found in zip(debtor.claims, classify_debtor(debtor, ON), strict=True):
        if before.previous.is_bad and not found.risk_class.is_bad:
            assert before.days_past_due == 0
            assert before.orderly_since is not None
            assert add_months(before.orderly_since, 6) <= ON


def test_a_life_from_arrears_to_cure_takes_the_steps_in_order() -> None:
    """Due 1 January, nothing paid until 10 April, then everything, then orderly."""
    due, paid = date(2025, 1, 1), date(2025, 4, 10)
    held, seen = claim(), []
    for day in (due + timedelta(days=n) for n in range(300)):
        late = (day - due).days if day < paid else 0
        [found] = classify_debtor(
            Debtor((replace(held, days_past_due=late),), capacity_confirmed_on=day), day
        )
        if found.risk_class is not held.previous:
            seen.append((day, found.risk_class))
        held = replace(held, previous=found.risk_class, orderly_since=found.orderly_since)
    assert seen == [
        (date(2025, 1, 2), MENTION), (date(2025, 4, 2), SUBSTANDARD), (date(2025, 10, 10), PASS),
    ]  # fmt: skip
