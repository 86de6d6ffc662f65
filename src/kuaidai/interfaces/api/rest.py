"""The API object: routers, error answers, and an OpenAPI document that declares the errors."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from kuaidai.interfaces.api import problems
from kuaidai.interfaces.api.routers import (
    applications,
    authorisations,
    contracts,
    loans,
    login,
    products,
    staff,
)


class Rest(NinjaAPI):
    """NinjaAPI whose OpenAPI document gives problem details their own media type."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The document, with `application/problem+json` for every declared error."""
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                _name_media_types(operation["responses"])
        return schema


def _name_media_types(responses: dict[Any, Any]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= 400 and "application/json" in content:
            content[problems.MEDIA_TYPE] = content.pop("application/json")


api = Rest(
    title="kuaidai",
    version="1",
    description="Apply for, sign, draw and repay a quick loan. Errors are RFC 9457 problem details.",
    urls_namespace="api-v1",
)
problems.install(api)
api.add_router("", login.router, tags=["login"])
api.add_router("", products.router, tags=["products"])
api.add_router("", authorisations.router, tags=["firms and authorisations"])
api.add_router("", applications.router, tags=["applications"])
api.add_router("", contracts.router, tags=["contracts"])
api.add_router("", loans.router, tags=["facilities and loans"])
api.add_router("/staff", staff.router, tags=["staff"])
