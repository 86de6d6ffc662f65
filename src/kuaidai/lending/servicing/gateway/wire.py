"""Signed HTTP to the bank core: bounded in time and size, behind a circuit breaker.

An answer that cannot be read, or does not fit what was asked, is no answer: `CoreUnavailable`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.foundation.platform_requests import signed_headers
from kuaidai.kernel.money import ZERO, yuan
from kuaidai.lending.servicing.domain.core_orders import Movement, OrderKind, OrderRequest
from kuaidai.lending.servicing.errors import CoreUnavailable

LENDER_ACCOUNT = "LENDER"
TIMEOUT_S = 5.0
LONGEST_FACTOR = 2.0
"""A whole answer may take this many time-outs: one that trickles in is given up too."""
LARGEST_ANSWER = 32 * 1024 * 1024
BREAKER = CircuitBreaker(failures_to_open=10, rest_s=5.0)
"""Ten silences in a row, then five seconds of peace for the core."""
_NOT_NOW = frozenset({401, 403, 408, 425, 429})
"""Refusals that say nothing about the order itself: wrong signature or clock, too many calls."""
_REFUSED = frozenset({400, 413, 422})
"""Refusals by which the core says it read the order and will not act. Others (a proxy's 404 or 405, a
redirect) say nothing about it."""
_PATHS: Mapping[OrderKind, str] = {
    OrderKind.TRANSFER: "/bank-core/transfers",
    OrderKind.DEBIT: "/bank-core/debits",
    OrderKind.HOLD: "/bank-core/holds",
    OrderKind.RELEASE: "/bank-core/releases",
}


@dataclass(frozen=True)
class Answer:
    """What came back, read whole."""

    status: int
    content: bytes

    def json(self) -> Any:
        """The content as JSON. Raises `ValueError`."""
        return json.loads(self.content)


@lru_cache(maxsize=1)
def _client(_process: int) -> httpx.Client:
    """One client a process: connections are kept and the certificates are read once."""
    return httpx.Client(limits=httpx.Limits(max_connections=100, max_keepalive_connections=20))


def call(
    method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float | None = None
) -> Answer:
    """Ask the core. Raises `CoreUnavailable` for silence, a broken core or a refusal for now."""
    if not BREAKER.allows():
        raise CoreUnavailable(why="it failed too often just now")
    try:
        answer = _ask(method, path, body, timeout_s if timeout_s is not None else TIMEOUT_S)
    except CoreUnavailable:
        BREAKER.failed()
        raise
    BREAKER.succeeded()
    if answer.status in _NOT_NOW:
        raise CoreUnavailable(why=f"HTTP {answer.status}")
    return answer


def _ask(method: str, path: str, body: dict[str, Any] | None, timeout_s: float) -> Answer:
    content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
    headers = signed_headers(method, path, content, key=settings.KUAIDAI.platform_key)
    url = settings.KUAIDAI.platform_url + path
    client = _client(os.getpid())
    try:
        with client.stream(
            method, url, content=content, headers=headers, timeout=timeout_s
        ) as response:
            answer = Answer(response.status_code, _read(response, timeout_s * LONGEST_FACTOR))
    except httpx.RequestError as error:
        raise CoreUnavailable(why=type(error).__name__) from error
    if answer.status >= 500:
        raise CoreUnavailable(why=f"HTTP {answer.status}")
    return answer


def _read(response: httpx.Response, longest_s: float) -> bytes:
    """The answer's body, within its time and size."""
    given_up_at, parts, size = time.monotonic() + longest_s, list[bytes](), 0
    for part in response.iter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER or time.monotonic() > given_up_at:
            raise CoreUnavailable(why="an answer without end")
        parts.append(part)
    return b"".join(parts)


@contextmanager
def reading() -> Iterator[None]:
    """An answer that cannot be read is no answer."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise CoreUnavailable(why="an answer that cannot be read") from error


def amount_of(said: Any) -> Decimal:
    """An amount as the core writes it. Raises `ValueError` or `ArithmeticError` for anything else."""
    amount = Decimal(str(said))
    if not amount.is_finite() or amount != yuan(amount):
        raise ValueError(f"amount {said!r}")
    return yuan(amount)


def movement_of(said: Any, request: OrderRequest) -> Movement:
    """What the core says of our order. Raises `CoreUnavailable` unless it fits what we asked.

    Less than the whole fits only a `partial` order: a loan of the whole must not come from a part.
    """
    with reading():
        status, settled, booked_on = str(said["status"]), ZERO, None
        if status not in ("settled", "rejected") or said["key"] != request.key:
            raise ValueError(f"status {status!r}")
        if "amount" in said and amount_of(said["amount"]) != request.amount:
            raise ValueError(f"amount {said['amount']!r}")
        if status == "settled":
            settled = amount_of(said.get("settled_amount", request.amount))
            booked_on = date.fromisoformat(str(said.get("booked_on", request.on)))
            if not 0 < settled <= request.amount:
                raise ValueError(f"settled {settled} of {request.amount}")
            if settled != request.amount and not request.partial:
                raise ValueError(f"settled {settled} of {request.amount}, not to be split")
        reason, reference = str(said.get("reason") or ""), str(said.get("reference") or "")
        return Movement(request.key, settled, reason[:500], booked_on, reference[:64])


def body_of(request: OrderRequest, sent_on: date | None = None) -> dict[str, Any]:
    """The order as the core reads it; `sent_on` is the bank's day when it is sent."""
    body: dict[str, Any] = {"key": request.key}
    match request.kind:
        case OrderKind.TRANSFER:
            body |= {"from_account": LENDER_ACCOUNT, "to_account": request.account}
        case OrderKind.DEBIT:
            body |= {"from_account": request.account, "to_account": LENDER_ACCOUNT}
            body |= {"partial": request.partial}
        case OrderKind.HOLD:
            body |= {"account": request.account}
        case OrderKind.RELEASE:
            body |= {"account": request.account, "hold_key": request.hold_key}
    body |= {
        "amount": str(yuan(request.amount)),
        "memo": request.memo,
        "on": request.on.isoformat(),
    }
    return body if sent_on is None else body | {"sent_on": sent_on.isoformat()}


def ask_for(request: OrderRequest) -> Movement | None:
    """What became of an order by its key, None if the core says that it does not know it.

    A 404 alone is no such word: it may be a proxy's. Raises `CoreUnavailable`.
    """
    found = call("GET", f"/bank-core/transfers/{quote(request.key, safe='')}")
    with reading():
        said = found.json()
        if found.status == 404 and said["code"] == "unknown-key":
            return None
        if found.status != 200:
            raise ValueError(f"HTTP {found.status}")
    return movement_of(said, request)


def carry_out(
    request: OrderRequest, *, sent_on: date | None = None, asked_before: bool = False
) -> Movement:
    """Send an order; after silence or a refusal ask what became of its key.

    One that was sent before is asked for first. An order the core refuses to read is rejected only
    if no earlier try of it was settled. Raises `CoreUnavailable` while the outcome is unknown.
    """
    if asked_before:
        known = ask_for(request)
        if known is not None:
            return known
    try:
        answer = call("POST", _PATHS[request.kind], body_of(request, sent_on))
        if answer.status not in _REFUSED:
            with reading():
                if answer.status not in (200, 201):
                    raise ValueError(f"HTTP {answer.status}")
                said = answer.json()
            return movement_of(said, request)
    except CoreUnavailable:
        found = ask_for(request)
        if found is None:
            raise  # the core does not know the key, so it did not act: the next try sends it anew
        return found
    return _after_refusal(request, answer)


def _after_refusal(request: OrderRequest, answer: Answer) -> Movement:
    found = ask_for(request)
    if found is None:
        return Movement(request.key, ZERO, f"HTTP {answer.status}")
    if b'"key-reused"' in answer.content:
        raise CoreUnavailable(why="it knows this key as another order")
    return found
