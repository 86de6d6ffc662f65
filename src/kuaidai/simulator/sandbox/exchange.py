"""What the sandbox hears and answers, free of any web server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One HTTP request; `path` without its query string, `target` with it."""

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises `Problem` 400 when it is not one."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise Problem(400, "malformed-body", "the body is not JSON") from None
        if not isinstance(value, dict):
            raise Problem(400, "malformed-body", "the body is not a JSON object")
        return value


@dataclass(frozen=True)
class Response:
    """One HTTP answer; status 0 is none at all: the connection is closed."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


NO_ANSWER = Response(0, b"")


class Problem(Exception):
    """A refusal, told as problem details (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail

    def response(self) -> Response:
        """The problem as an HTTP answer."""
        body = {
            "type": "about:blank",
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return Response(
            self.status, json.dumps(body).encode(), content_type="application/problem+json"
        )


def answer(value: Any, *, status: int = 200) -> Response:
    """`value` as a JSON answer."""
    return Response(status, json.dumps(value, ensure_ascii=False).encode())
