"""What a product's parameters mean to an application: choices, titles, and the loan they make."""

from __future__ import annotations

from decimal import Decimal

from kuaidai.lending.origination.domain.terms import Choice
from kuaidai.lending.products.catalogue import Product


def choice_of(product: Product, *, most: Decimal) -> Choice:
    """What the product lets an applicant choose, up to `most`."""
    return Choice(
        least=product.floor,
        most=most,
        step=product.draw_step,
        tenors_months=tuple(product.tenors_months),
        methods=tuple(str(method) for method in product.methods),
    )


def purpose_codes(product: Product) -> tuple[str, ...]:
    """The codes of the purposes the product lends for."""
    return tuple(purpose.code for purpose in product.purposes)


def purpose_titles(product: Product, code: str) -> tuple[str, str]:
    """English and Chinese title of a purpose."""
    for purpose in product.purposes:
        if purpose.code == code:
            return purpose.title_en, purpose.title_zh
    return code, code


_METHOD_TITLES = {
    "equal_instalment": ("Equal instalments (level payment)", "等额本息"),
    "equal_principal": ("Equal principal", "等额本金"),
    "interest_monthly_principal_at_maturity": (
        "Interest monthly, principal at maturity",
        "按月付息、到期还本",
    ),
    "revolving": ("Revolving: draw and repay at will, interest monthly", "随借随还、按月付息"),
}


def method_titles(method: str) -> tuple[str, str]:
    """English and Chinese title of a repayment method."""
    return _METHOD_TITLES.get(method, (method, method))
