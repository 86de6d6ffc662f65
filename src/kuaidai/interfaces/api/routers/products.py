"""The product catalogue."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from kuaidai.interfaces.api.responses import answers
from kuaidai.interfaces.api.schemas import PathCode, ProductOut, PurposeOut
from kuaidai.lending.origination import queries as applications
from kuaidai.lending.products.catalogue import Product, all_products
from kuaidai.lending.products.catalogue import product as product_of

router = Router()


def _product(product: Product) -> ProductOut:
    kinds = applications.required_authorisations(product.code)
    return ProductOut(
        code=product.code,
        line=product.line,
        name_en=product.name_en,
        name_zh=product.name_zh,
        floor=product.floor,
        cap=product.cap,
        step=product.draw_step,
        tenors_months=list(product.tenors_months),
        methods=[str(method) for method in product.methods],
        purposes=[
            PurposeOut(code=held.code, title_en=held.title_en, title_zh=held.title_zh)
            for held in product.purposes
        ],
        required_authorisations=[str(kind) for kind in kinds],
    )


@router.get("/products", response=answers(list[ProductOut], problems=()))
def list_products(request: HttpRequest) -> list[ProductOut]:
    """Every product on offer; needs no token."""
    return [_product(product) for product in all_products()]


@router.get("/products/{code}", response=answers(ProductOut, problems=(404, 422)))
def get_product(request: HttpRequest, code: PathCode) -> ProductOut:
    """One product; needs no token."""
    return _product(product_of(code))
