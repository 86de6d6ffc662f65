from decimal import Decimal

import pytest

from kuaidai.lending.origination.domain.terms import (
    Choice,
    check_amount,
    check_method,
    check_months,
    check_purpose,
    retry_delay_seconds,
)
from kuaidai.lending.origination.errors import (
    AmountOffStep,
    AmountOutOfRange,
    MethodNotOffered,
    PurposeNotAllowed,
    TenorNotOffered,
)

CHOICE = Choice(
    least=Decimal("10000.00"),
    most=Decimal("350000.00"),
    step=Decimal("1000.00"),
    tenors_months=(6, 12),
    methods=("equal_instalment", "revolving"),
)


@pytest.mark.parametrize("amount", ["10000.00", "350000.00", "123000.00"])
def test_amounts_within_the_offer_pass(amount):
    check_amount(Decimal(amount), CHOICE)


def test_an_amount_above_the_limit_names_it_and_the_range():
    with pytest.raises(AmountOutOfRange) as refused:
        check_amount(Decimal("351000.00"), CHOICE)

    assert "351,000.00" in str(refused.value)
    assert "350,000.00" in str(refused.value)


def test_an_amount_below_the_floor_is_refused():
    with pytest.raises(AmountOutOfRange):
        check_amount(Decimal("9999.99"), CHOICE)


def test_an_amount_off_step_is_told_the_nearest_below():
    with pytest.raises(AmountOffStep) as refused:
        check_amount(Decimal("123456.78"), CHOICE)

    assert "123,000.00" in str(refused.value)


def test_unknown_tenor_method_and_purpose_name_the_choices():
    with pytest.raises(TenorNotOffered, match="6, 12"):
        check_months(7, CHOICE)
    with pytest.raises(MethodNotOffered, match="equal_instalment, revolving"):
        check_method("bullet", CHOICE)
    with pytest.raises(PurposeNotAllowed, match=r"'stocks'.*materials"):
        check_purpose("stocks", ("materials",))


def test_waits_between_collections_grow():
    assert [retry_delay_seconds(attempt) for attempt in (1, 2)] == [15, 60]
