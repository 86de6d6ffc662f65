"""The answers an endpoint declares: its result, and the problems it may give."""

from __future__ import annotations

from typing import Any

from kuaidai.interfaces.api.problems import Problem

OPEN = (400, 422, 429, 503)
"""Problems of endpoints that need no token."""

GUARDED = (400, 401, 403, 404, 409, 422, 429, 503)
"""Problems of endpoints behind a token."""

_TEXT = {"schema": {"type": "string"}}
FILES: dict[str, Any] = {
    "responses": {200: {"content": {"application/pdf": _TEXT, "text/csv": _TEXT}}}
}
"""What an endpoint that answers with a document adds to the OpenAPI document."""


def answers(
    result: Any, *, status: int = 200, problems: tuple[int, ...] = GUARDED
) -> dict[int, Any]:
    """`result` under `status`, and problem details under each of `problems`."""
    return {status: result, **dict.fromkeys(problems, Problem)}
