"""What every request gets: an id and a line in the log, and security headers."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)


_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_log = structlog.get_logger(__name__)


class RequestLog:
    """Gives each request an id (the proxy's own, if it sent a sound one) and logs its outcome.

    The log says which view answered, never the path or the query: those may carry identifiers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response, with the id in `X-Request-ID`."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            match = request.resolver_match
            if match is not None:
                _log.info(
                    "request", method=request.method, view=match.view_name, status=response.status_code,
                    elapsed_ms=int((time.monotonic() - started) * 1000),
                )  # fmt: skip
        response.headers["X-Request-ID"] = request_id
        return response


class SecurityHeaders:
    """Sets the content security policy: no script but our own files, no foreign frames."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response with the policy, unless a view set its own."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
