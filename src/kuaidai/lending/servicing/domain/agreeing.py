"""The terms that a product version gives a loan: the same for quote, contract and drawdown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kuaidai.lending.products.catalogue import Product
from kuaidai.lending.servicing.domain.conventions import Conventions, full_order
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.lending.servicing.domain.terms import LoanTerms


def conventions_of(product: Product) -> Conventions:
    """The product version's conventions, as they are frozen on a contract."""
    return Conventions.from_dict(
        {
            "day_count": str(product.day_count),
            "due_order": [str(bucket) for bucket in full_order(product.allocation_order)],
            **product.conventions,
        }
    )


def terms_for(
    product: Product, *, amount: Decimal, months: int, method: str, annual_rate: Decimal, on: date
) -> LoanTerms:
    """The terms of a loan of `amount`, drawn in full on `on` and repaid over `months`.

    Raises `ValueError` for terms that make no loan.
    """
    return LoanTerms(
        principal=amount,
        annual_rate=annual_rate,
        method=RepaymentMethod(method),
        start_on=on,
        instalments=months,
        conventions=conventions_of(product),
        settlement_day=product.settlement_day,
        grace_days=product.grace_days,
        penalty_multiplier=product.penalty_multiplier,
        misuse_multiplier=product.misuse_multiplier,
    )
