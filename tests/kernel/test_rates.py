"""Annualised rates against figures worked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from kuaidai.kernel.canonical import canonical_json
from kuaidai.kernel.rates import CashFlow, annualised_rate


def test_a_year_at_ten_percent_paid_once_costs_ten_percent_effective() -> None:
    flows = [CashFlow(date(2025, 1, 1), Decimal(1000)), CashFlow(date(2026, 1, 1), Decimal(-1100))]
    rate = annualised_rate(flows)
    assert rate.effective == Decimal("0.100000")
    assert rate.nominal == Decimal("0.095690")  # 12 x (1.1^(1/12) - 1)


def test_a_flat_fee_on_a_loan_repaid_early_costs_more_than_it_seems() -> None:
    flows = [CashFlow(date(2025, 1, 1), Decimal(1000)), CashFlow(date(2025, 7, 2), Decimal(-1050))]
    assert Decimal("0.10") < annualised_rate(flows).effective < Decimal("0.1035")


def test_flows_without_a_rate_are_refused() -> None:
    with pytest.raises(ValueError, match="annualised"):
        annualised_rate([CashFlow(date(2025, 1, 1), Decimal(1000))])


def test_canonical_json_is_one_byte_sequence_per_value() -> None:
    first = canonical_json({"b": Decimal("1.50"), "a": [date(2026, 1, 2), "利率"]})
    assert first == '{"a":["2026-01-02","利率"],"b":"1.50"}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_money_paid_back_on_the_day_it_came_has_no_rate():
    day = date(2026, 7, 1)
    with pytest.raises(ValueError, match="one day"):
        annualised_rate([CashFlow(day, Decimal("10000.00")), CashFlow(day, Decimal("-10000.00"))])
