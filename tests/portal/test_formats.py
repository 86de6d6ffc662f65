"""Money, rates and dates as readers see them."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import override

from kuaidai.interfaces.portal.wording import movement_title
from kuaidai.interfaces.ui import formats


def test_money_has_thousands_and_two_places():
    assert formats.money(Decimal("1234567.891")) == "¥\u00a01,234,567.89"


def test_half_a_cent_goes_up():
    assert formats.money(Decimal("0.005")) == "¥\u00a00.01"


def test_a_debit_carries_a_minus_sign():
    assert formats.money(Decimal("-20000")) == "−¥\u00a020,000.00"


def test_money_refuses_floats():
    with pytest.raises(TypeError, match="never a float"):
        formats.money(1.5)


@pytest.mark.parametrize(
    ("language", "amount", "text"),
    [
        ("zh-hans", "300000", "¥\u00a030\u00a0万"),
        ("zh-hans", "2578000", "¥\u00a0257.8\u00a0万"),
        ("zh-hans", "1000", "¥\u00a01,000"),
        ("zh-hans", "10000.50", "¥\u00a010,000.50"),
        ("en", "300000", "¥\u00a0300,000"),
    ],
)
def test_short_money_is_never_less_exact_than_it_looks(language, amount, text):
    with override(language):
        assert formats.money_short(Decimal(amount)) == text


def test_a_rate_is_a_per_cent_rounded_half_up():
    assert formats.rate(Decimal("0.038550")) == "3.86%"


def test_days_in_both_languages():
    on = date(2026, 3, 9)
    with override("zh-hans"):
        assert formats.day(on) == "2026年3月9日"
    with override("en"):
        assert formats.day(on) == "9\u00a0March 2026"


def test_identifiers_are_masked():
    assert formats.masked("13812345678") == "138****5678"
    assert formats.masked_account("6217001234560376") == "····\u00a00376"


@pytest.mark.parametrize(
    ("memo", "language", "text"),
    [
        ("Loan DRW-1", "zh-hans", "贷款发放 DRW-1"),
        ("Repayment LN-7", "zh-hans", "贷款还款 LN-7"),
        ("Repayment LN-7", "en", "Loan repayment LN-7"),
        ("货款 LN-7 余款", "zh-hans", "货款 LN-7 余款"),
        ("Loan to a friend", "zh-hans", "Loan to a friend"),
    ],
)
def test_our_movements_on_the_account_are_told_in_the_readers_language(memo, language, text):
    with override(language):
        assert movement_title(memo) == text
