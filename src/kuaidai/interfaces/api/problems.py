"""Errors as problem details (RFC 9457), in the asker's language."""

from __future__ import annotations

import json
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from kuaidai.kernel.errors import Refusal

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("kuaidai.api")


class Problem(Schema):
    """What went wrong, with which value, and what to do. `code` is stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[dict[str, Any]] = []


def _respond(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    problem = Problem(
        type=f"urn:kuaidai:problem:{code.lower().replace('_', '-')}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        instance=request.path,
        errors=errors or [],
    )
    body = json.dumps(problem.model_dump(), ensure_ascii=False)
    response = HttpResponse(body, status=status, content_type=MEDIA_TYPE)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="kuaidai"'
    return response


def _title(refusal: Refusal) -> str:
    return refusal.code.replace("_", " ").capitalize()


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return _respond(
        request,
        status=refusal.http_status,
        code=refusal.code,
        title=_title(refusal),
        detail=refusal.text(get_language() or "en"),
    )


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"location": [str(part) for part in item["loc"]], "message": item["msg"]}
        for item in error.errors
    ]
    named = "; ".join(f"{'.'.join(item['location'])}: {item['message']}" for item in errors)
    return _respond(
        request,
        status=422,
        code="INVALID_REQUEST",
        title="Invalid request",
        detail=f"The request does not fit the API's schema: {named}.",
        errors=errors,
    )


def _unauthenticated(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return _respond(
        request,
        status=401,
        code="NOT_SIGNED_IN",
        title="Not signed in",
        detail="The access token is missing, unknown or expired; get one at /api/v1/login/token.",
    )


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _respond(
        request,
        status=error.status_code,
        code="BAD_REQUEST" if error.status_code == 400 else f"HTTP_{error.status_code}",
        title="Bad request",
        detail=str(error),
    )


def _missing(request: HttpRequest, _error: Http404) -> HttpResponse:
    return _respond(
        request,
        status=404,
        code="NOT_FOUND",
        title="Not found",
        detail=f"There is nothing at {request.path}; see /api/v1/docs.",
    )


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.error("api.failed", path=request.path, error=type(error).__name__, exc_info=error)
    return _respond(
        request,
        status=500,
        code="INTERNAL_ERROR",
        title="Internal error",
        detail="The platform failed on this request; nothing was changed. Try again, or report it.",
    )


def install(api: NinjaAPI) -> None:
    """Answer every error of `api` with problem details."""
    handlers: dict[type[Exception], Any] = {
        Refusal: _refused,
        ValidationError: _invalid,
        AuthenticationError: _unauthenticated,
        HttpError: _http,
        Http404: _missing,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
