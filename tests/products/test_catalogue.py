"""The catalogue is data: it loads, it is consistent, and unknown codes are named."""

from decimal import Decimal

import pytest

from kuaidai.data.lake.datasets import PLATFORM_DATASETS
from kuaidai.lending.products.catalogue import UnknownProduct, all_products, product
from kuaidai.lending.servicing.domain.agreeing import conventions_of
from kuaidai.lending.servicing.domain.conventions import LEGAL_ORDER, Bucket, full_order
from kuaidai.lending.servicing.domain.methods import RepaymentMethod


def test_the_credit_quick_loan_is_as_the_bank_publishes_it() -> None:
    credit = product("credit-quick-loan")
    assert credit.name_zh == "信用快贷"
    assert credit.cap == Decimal("3000000.00")
    assert max(credit.tenors_months) == 12
    assert str(credit.day_count.value) == "act/360"
    assert credit.penalty_multiplier == Decimal("1.5")
    assert full_order(credit.allocation_order) == LEGAL_ORDER


@pytest.mark.parametrize("code", [p.code for p in all_products()])
def test_every_product_is_consistent(code: str) -> None:
    held = product(code)
    assert held.floor % held.draw_step == held.cap % held.draw_step == 0
    assert set(held.methods) <= {method.value for method in RepaymentMethod}
    assert set(held.required_sources + held.optional_sources) <= set(PLATFORM_DATASETS)
    assert sorted(full_order(held.allocation_order)) == sorted(Bucket)
    assert conventions_of(held).day_count is held.day_count
    assert held.grace_days >= 0
    assert 1 <= held.settlement_day <= 31
    assert held.floor >= held.minimum_draw > 0
    assert len({purpose.code for purpose in held.purposes}) == len(held.purposes) > 0


def test_an_unknown_product_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownProduct, match=r"'?gold-loan'?.*credit-quick-loan"):
        product("gold-loan")
