"""Posting rules: every movement has one, and whatever is posted by rule balances in either book."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.domain.entries import Line
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.ledger.domain.rules import DEFAULT, PostingRules, WrongRules, lines_of

cents = st.integers(-(10**14), 10**14).map(lambda n: Decimal(n).scaleb(-2))
differences = st.dictionaries(st.sampled_from(Movement), cents)


def balances(*posted: dict[Movement, str]) -> dict[str, Decimal]:
    """What the accounts hold after these differences were posted, debits less credits."""
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for difference in posted:
        for line in lines_of({kind: Decimal(value) for kind, value in difference.items()}):
            held[line.account] += line.debit - line.credit
    return {account: value for account, value in held.items() if value}


@given(differences)
def test_any_differences_balance_on_and_off_the_balance_sheet(differences) -> None:
    lines = lines_of(differences)
    for memorandum in (False, True):
        book = [x for x in lines if chart.CHART[x.account].is_memorandum is memorandum]
        assert sum(x.debit for x in book) == sum(x.credit for x in book)
    assert all((x.debit > 0) != (x.credit > 0) for x in lines)
    sides = [(x.account, x.debit > 0) for x in lines]
    assert len(sides) == len(set(sides))


@given(differences)
def test_a_difference_taken_back_leaves_nothing(differences) -> None:
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    back = {kind: -value for kind, value in differences.items()}
    for line in (*lines_of(differences), *lines_of(back)):
        held[line.account] += line.debit - line.credit
    assert not any(held.values())


def test_every_movement_has_exactly_one_rule() -> None:
    assert set(DEFAULT) == set(Movement)


def test_an_instalment_is_posted_line_by_line() -> None:
    paid = {Movement.PRINCIPAL_PAID: Decimal("800.00"), Movement.INTEREST_PAID: Decimal("43.50")}
    assert lines_of(paid) == (
        Line("1010", debit=Decimal("843.50")),
        Line("1310", credit=Decimal("800.00")),
        Line("1320", credit=Decimal("43.50")),
    )


def test_at_non_accrual_income_becomes_a_memorandum_and_is_income_again_when_paid() -> None:
    accrued, suspended = (
        {Movement.INTEREST_ACCRUED: "90.00"},
        {Movement.INTEREST_SUSPENDED: "90.00"},
    )
    assert balances(accrued, suspended) == {"9010": Decimal(90), "9090": Decimal(-90)}

    later = {Movement.OFF_INTEREST_ACCRUED: "30.00"}
    paid = {Movement.OFF_INTEREST_PAID: "120.00"}
    assert balances(accrued, suspended, later, paid) == {
        "1010": Decimal(120),
        "6010": Decimal(-120),
    }


def test_a_write_off_uses_the_allowance_and_the_next_provisioning_charges_the_rest() -> None:
    """1,000 lent and lost, 600 of it provided for: the loss of the whole life is 1,000."""
    life = (
        {Movement.DRAWN: "1000.00"},
        {Movement.PROVISION_PRINCIPAL: "600.00"},
        {Movement.PRINCIPAL_WRITTEN_OFF: "1000.00"},
    )
    assert balances(*life)["1390"] == Decimal(400)  # 400 short: a debit balance

    provided = balances(*life, {Movement.PROVISION_PRINCIPAL: "400.00"})
    assert provided == {
        "1010": Decimal(-1000),
        "6700": Decimal(1000),
        "9020": Decimal(1000),
        "9090": Decimal(-1000),
    }


def test_a_recovery_lowers_the_losses_and_the_memorandum() -> None:
    lost = {Movement.PRINCIPAL_WRITTEN_OFF: "1000.00", Movement.PROVISION_PRINCIPAL: "1000.00"}
    held = balances(lost, {Movement.RECOVERED: "150.00"})
    assert (held["6700"], held["9020"], held["1010"]) == (Decimal(850), Decimal(850), Decimal(150))
    assert "1390" not in held


def test_unmatched_money_that_is_applied_passes_through_settlement_once() -> None:
    received = {Movement.UNMATCHED_RECEIVED: "500.00"}
    applied = {Movement.UNMATCHED_APPLIED: "500.00", Movement.PRINCIPAL_PAID: "500.00"}
    assert balances(received, applied) == {"1010": Decimal(500), "1310": Decimal(-500)}


def test_a_product_may_have_rules_of_its_own() -> None:
    rules = PostingRules.from_data({"P1": {"fee_charged": "1323/6010"}})
    charged = {Movement.FEE_CHARGED: Decimal(8)}
    own = lines_of(charged, product_code="P1", rules=rules)
    assert [line.account for line in own] == ["1323", "6010"]
    others = lines_of(charged, product_code="P2", rules=rules)
    assert [line.account for line in others] == ["1323", "6020"]


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"draw": "1310/1010"}, "there is no movement 'draw'"),
        ({"drawn": "1310"}, "not a debit and a credit"),
        ({"drawn": "1310/1011"}, "no account 1011"),
        ({"drawn": "1310/1310"}, "both sides"),
        ({"drawn": "1310/9090"}, "mixes"),
        ({"drawn": ""}, "empty"),
    ],
)
def test_rules_no_book_can_be_kept_by_are_refused(own, why) -> None:
    with pytest.raises(WrongRules, match=why):
        PostingRules.from_data({"P1": own})


def test_a_movement_without_a_rule_is_named() -> None:
    with pytest.raises(WrongRules, match="recovered"):
        PostingRules({kind: rule for kind, rule in DEFAULT.items() if kind != Movement.RECOVERED})
