"""Money: rounding half-up, what a person may type, floors."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuaidai.kernel.money import MalformedAmount, floor_to, money_text, parse_amount, yuan


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01"), ("3315.2777", "3315.28")],
)
def test_amounts_round_half_up_to_the_cent(value: str, expected: str) -> None:
    assert yuan(value) == Decimal(expected)


def test_a_float_is_never_money() -> None:
    with pytest.raises(TypeError, match=r"0\.1"):
        yuan(0.1)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("¥ 1,234.5", "1234.50"), ("300000", "300000.00"), (" 0.01 ", "0.01"), ("1，000", "1000.00")],
)
def test_people_may_type_commas_and_the_sign(typed: str, expected: str) -> None:
    assert parse_amount(typed) == Decimal(expected)


@pytest.mark.parametrize("typed", ["", "abc", "1e5", "NaN", "1.234", "--1", "1" * 17, "１２三"])
def test_other_texts_are_refused_with_the_value(typed: str) -> None:
    with pytest.raises(MalformedAmount) as refused:
        parse_amount(typed)
    assert repr(typed) in str(refused.value)
    assert "1234.50" in refused.value.text("zh-hans")


@given(
    st.decimals(0, 10**9, places=2, allow_nan=False, allow_infinity=False),
    st.sampled_from([Decimal("0.01"), Decimal(1000), Decimal(10000)]),
)
def test_a_floor_is_a_multiple_just_below(amount: Decimal, step: Decimal) -> None:
    floored = floor_to(amount, step)
    assert floored <= amount < floored + step
    assert floored % step == 0


def test_a_floor_needs_a_positive_step() -> None:
    with pytest.raises(ValueError, match="positive"):
        floor_to(Decimal(1), Decimal(0))


def test_money_is_written_with_sign_commas_and_cents() -> None:
    assert money_text(Decimal("1234567.8")) == "¥ 1,234,567.80"
