"""Every admission rule at its boundary, with the value and the threshold that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kuaidai.risk.policy.domain.decide import decide
from kuaidai.risk.policy.domain.decision import Outcome, Severity
from kuaidai.risk.policy.errors import FactsIncomplete

DECLINE, REFER = Severity.DECLINE, Severity.REFER
OVER_BY_A_CENT = {"credit_outstanding_elsewhere": 5_200_000.01}

JUST_INSIDE = [
    {"firm_age_months": 24},
    {"firm_age_months": 3, "tax_grade_latest": "M"},
    {"tax_grade_latest": "B"},
    {"tax_paid_12m": 5_000.00},
    {"tax_months_since_payment": 6},
    {"other_lenders": 2},
    {"worst_open_class": None, "worst_settled_class": None, "other_lenders": None},
    {"owner_age_years": 18},
    {"owner_age_years": 65},
    {"owner_max_dpd_24m": 30},
    {"queries_6m_owner": 8},
    {"queries_6m_firm": 8},
    {"card_utilisation_owner": 0.8},
    {"card_utilisation_owner": None},
    {"legal_representative_changes_24m": 1},
]

JUST_OUTSIDE = [
    ({"registration_status": "revoked"}, "REGISTRATION_NOT_OPEN", DECLINE, "revoked", "open"),
    ({"registration_status": None}, "REGISTRATION_UNKNOWN", REFER, "unknown", "known"),
    ({"firm_age_months": 23}, "FIRM_TOO_YOUNG", DECLINE, "23", "24"),
    ({"firm_age_months": None}, "FIRM_AGE_UNKNOWN", REFER, "unknown", "known"),
    ({"abnormal_listed_now": 1}, "ABNORMAL_LISTED", REFER, "1", "0"),
    ({"serious_violation_listed": 1}, "SERIOUS_VIOLATION", DECLINE, "1", "0"),
    ({"serious_violation_listed": True}, "SERIOUS_VIOLATION", DECLINE, "1", "0"),
    (
        {"legal_representative_changes_24m": 2},
        "LEGAL_REPRESENTATIVE_CHANGES",
        REFER,
        "2",
        "2",
    ),
    ({"tax_grade_latest": "C"}, "TAX_GRADE", DECLINE, "C", "A / B / M"),
    ({"tax_grade_latest": "D"}, "TAX_GRADE", DECLINE, "D", "A / B / M"),
    ({"tax_grade_latest": None}, "TAX_GRADE_UNKNOWN", REFER, "unknown", "known"),
    ({"tax_paid_12m": 4_999.99}, "TAX_TOO_LOW", DECLINE, "¥ 4,999.99", "¥ 5,000.00"),
    ({"tax_paid_12m": None}, "TAX_PAID_UNKNOWN", REFER, "unknown", "known"),
    ({"tax_months_since_payment": 7}, "NO_RECENT_TAX_PAYMENT", DECLINE, "7", "6"),
    ({"other_lenders": 3}, "ONE_LENDER_TOO_MANY", REFER, "3", "2"),
    ({"other_lenders": 4}, "TOO_MANY_LENDERS", DECLINE, "4", "2"),
    (OVER_BY_A_CENT, "CREDIT_ELSEWHERE", DECLINE, "¥ 5,000,000.01", "¥ 5,000,000.00"),
    (
        {"worst_open_class": "special_mention"},
        "OPEN_LOAN_SPECIAL_MENTION",
        REFER,
        "special_mention",
        "pass",
    ),
    (
        {"worst_open_class": "substandard"},
        "OPEN_LOAN_CLASS",
        DECLINE,
        "substandard",
        "special_mention",
    ),
    ({"worst_settled_class": "loss"}, "SETTLED_LOAN_CLASS", DECLINE, "loss", "pass"),
    (
        {"worst_settled_class": "special_mention"},
        "SETTLED_LOAN_SPECIAL_MENTION",
        REFER,
        "special_mention",
        "pass",
    ),
    ({"written_off_ever": 1}, "WRITTEN_OFF", DECLINE, "1", "0"),
    ({"overdue_amount_firm": 0.01}, "FIRM_OVERDUE", DECLINE, "¥ 0.01", "¥ 0.00"),
    ({"queries_6m_firm": 9}, "FIRM_QUERIES", REFER, "9", "8"),
    ({"dishonest_open_count": 1}, "DISHONEST_DEBTOR", DECLINE, "1", "0"),
    ({"dishonest_open_count": None}, "COURT_RECORD_UNKNOWN", REFER, "unknown", "known"),
    ({"enforcement_open_count": 1}, "OPEN_ENFORCEMENT", REFER, "1", "0"),
    ({"owner_age_years": 17}, "OWNER_TOO_YOUNG", DECLINE, "17", "18"),
    ({"owner_age_years": 66}, "OWNER_TOO_OLD", DECLINE, "66", "65"),
    ({"owner_age_years": None}, "OWNER_AGE_UNKNOWN", REFER, "unknown", "known"),
    ({"owner_max_dpd_24m": 31}, "OWNER_ARREARS", REFER, "31", "30"),
    ({"owner_max_dpd_24m": 60}, "OWNER_ARREARS", REFER, "60", "30"),
    ({"owner_max_dpd_24m": 61}, "OWNER_ARREARS_SERIOUS", REFER, "61", "60"),
    ({"owner_max_dpd_24m": 90}, "OWNER_ARREARS_SERIOUS", REFER, "90", "60"),
    ({"owner_max_dpd_24m": 91}, "OWNER_ARREARS_DECLINE", DECLINE, "91", "90"),
    ({"overdue_amount_owner": 12.5}, "OWNER_OVERDUE", DECLINE, "¥ 12.50", "¥ 0.00"),
    ({"queries_6m_owner": 9}, "OWNER_QUERIES", REFER, "9", "8"),
    ({"card_utilisation_owner": 0.81}, "CARD_UTILISATION", REFER, "81.0%", "80.0%"),
]


@pytest.mark.parametrize("changed", JUST_INSIDE, ids=str)
def test_a_value_on_the_threshold_passes(facts, policy, card, changed):
    held = decide(facts(**changed), policy=policy, scorecard=card)

    assert held.outcome is Outcome.APPROVED
    assert held.rule_hits == ()
    assert held.limit > 0


@pytest.mark.parametrize(
    ("changed", "code", "severity", "value", "threshold"), JUST_OUTSIDE, ids=str
)
def test_a_value_past_the_threshold_hits_one_rule(
    facts, policy, card, changed, code, severity, value, threshold
):
    held = decide(facts(**changed), policy=policy, scorecard=card)

    assert [(hit.code, hit.severity) for hit in held.rule_hits] == [(code, severity)]
    assert (held.rule_hits[0].value, held.rule_hits[0].threshold) == (value, threshold)
    declined = severity is DECLINE
    assert held.outcome is (Outcome.DECLINED if declined else Outcome.REFERRED)
    assert (held.limit == 0) is declined
    assert [reason.code for reason in held.reasons] == [code]


def test_five_million_elsewhere_is_admitted_but_leaves_no_room(facts, policy, card):
    held = decide(facts(credit_outstanding_elsewhere=5_200_000.00), policy=policy, scorecard=card)

    assert [hit.code for hit in held.rule_hits] == ["LIMIT_TOO_SMALL"]


def test_m_grade_exempts_from_age_and_from_nothing_else(facts, policy, card):
    young = facts(firm_age_months=6, tax_grade_latest="M", tax_paid_12m=4_000.0)

    held = decide(young, policy=policy, scorecard=card)

    assert [hit.code for hit in held.rule_hits] == ["TAX_TOO_LOW"]


def test_mortgages_do_not_count_as_credit_elsewhere_and_the_owners_business_loans_do(
    facts, policy, card
):
    mortgaged = facts(
        credit_outstanding_elsewhere=9_000_000.0, mortgage_outstanding_elsewhere=9_000_000.0
    )
    owner_borrows = facts(
        credit_outstanding_elsewhere=4_000_000.0,
        mortgage_outstanding_elsewhere=0.0,
        business_outstanding_owner=1_000_000.01,
    )

    assert decide(mortgaged, policy=policy, scorecard=card).rule_hits == ()
    hit = decide(owner_borrows, policy=policy, scorecard=card).rule_hits[0]
    assert (hit.code, hit.value) == ("CREDIT_ELSEWHERE", "¥ 5,000,000.01")


@pytest.mark.parametrize("status", ["failed", "invalid", "pending", "refused"])
def test_a_missing_required_source_refers_and_never_declines(facts, policy, card, status):
    found = facts(dishonest_open_count=2, tax_paid_12m=None, tax_grade_latest=None)
    gap = {**found.reports, "tax": {"status": status, "payload_hash": ""}}

    held = decide(replace(found, reports=gap), policy=policy, scorecard=card)

    assert held.outcome is Outcome.REFERRED
    codes = {hit.code: hit.severity for hit in held.rule_hits}
    assert codes["SOURCE_MISSING"] is REFER
    assert codes["DISHONEST_DEBTOR"] is DECLINE  # stays visible to the officer
    assert "SOURCE_MISSING" in [reason.code for reason in held.reasons]
    assert "DISHONEST_DEBTOR" not in [reason.code for reason in held.reasons]


def test_texts_name_value_and_threshold_in_both_languages(facts, policy, card):
    held = decide(facts(worst_open_class="special_mention", tax_paid_12m=4_999.99),
                  policy=policy, scorecard=card)  # fmt: skip

    texts = {hit.code: (hit.text_en, hit.text_zh) for hit in held.rule_hits}
    assert texts["TAX_TOO_LOW"] == (
        "Tax paid in the last 12 months is ¥ 4,999.99; at least ¥ 5,000.00 is required.",
        "近 12 个月纳税 ¥ 4,999.99，须不低于 ¥ 5,000.00。",
    )
    assert "special mention" in texts["OPEN_LOAN_SPECIAL_MENTION"][0]
    assert "关注" in texts["OPEN_LOAN_SPECIAL_MENTION"][1]


def test_the_worst_rule_wins_and_all_are_listed_gravest_first(facts, policy, card):
    held = decide(facts(queries_6m_owner=9, dishonest_open_count=1), policy=policy, scorecard=card)

    assert held.outcome is Outcome.DECLINED
    assert [hit.severity for hit in held.rule_hits] == [DECLINE, REFER]


def test_a_feature_that_was_not_computed_is_an_error_not_a_pass(facts, policy, card):
    found = facts()
    features = {k: v for k, v in found.features.items() if k != "overdue_amount_firm"}

    with pytest.raises(FactsIncomplete, match="overdue_amount_firm"):
        decide(replace(found, features=features), policy=policy, scorecard=card)
