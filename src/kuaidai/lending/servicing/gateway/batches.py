"""Batches of debits on the wire: one call for many orders, each with its own key."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from kuaidai.lending.servicing.domain.core_orders import Movement, OrderRequest
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.gateway import wire
from kuaidai.lending.servicing.gateway.patience import patience

MOST_IN_BATCH = 5_000
TIMEOUT_S = 60.0
LONGEST_WAIT_S = 120.0
"""How long the results of a batch that was only accepted are waited for; less where patience ends."""
_PATH = "/bank-core/debit-batches"
_SPARE = ("to_account",)


def require_size(requests: Sequence[OrderRequest]) -> None:
    """Refuse a batch the core would not take. Raises `ValueError`."""
    if not 0 < len(requests) <= MOST_IN_BATCH:
        raise ValueError(f"a batch has 1 to {MOST_IN_BATCH} orders, not {len(requests)}")


def send_batch(
    batch_key: str, requests: Sequence[OrderRequest], *, sent_on: date
) -> dict[str, Movement]:
    """The outcome of each order of a batch; those the core said nothing sensible of are left out.

    Sending the same batch again gives the same results. After silence the batch is asked for by its
    key. Raises `CoreUnavailable` while nothing is known of the batch as a whole.
    """
    body = {
        "key": batch_key,
        "sent_on": sent_on.isoformat(),
        "orders": [_line(request) for request in requests],
    }
    asked = time.monotonic()
    try:
        timeout_s = patience().bounded(TIMEOUT_S)
        said = _results(batch_key, wire.call("POST", _PATH, body, timeout_s=timeout_s))
    except CoreUnavailable:
        if not patience().spend_since(asked):
            raise
        with patience().spending():
            said = _results(batch_key, _fetch(batch_key))
    return _outcomes(_waited_for(batch_key) if said is None else said, requests)


def _waited_for(batch_key: str) -> list[Any]:
    """The results of a batch that was only accepted. Raises `CoreUnavailable` when they do not come."""
    until = time.monotonic() + min(LONGEST_WAIT_S, patience().left_s)
    pause = 0.05
    with patience().spending():
        while (left_s := until - time.monotonic()) > 0:
            time.sleep(min(pause, left_s))
            pause = min(pause * 2, 2.0)
            said = _results(batch_key, _fetch(batch_key))
            if said is not None:
                return said
    raise CoreUnavailable(why="the batch is still being worked on")


def _line(request: OrderRequest) -> dict[str, Any]:
    return {name: value for name, value in wire.body_of(request).items() if name not in _SPARE}


def _fetch(batch_key: str) -> wire.Answer:
    return wire.call(
        "GET", f"{_PATH}/{quote(batch_key, safe='')}", timeout_s=patience().bounded(TIMEOUT_S)
    )


def _results(batch_key: str, answer: wire.Answer) -> list[Any] | None:
    """The lines of an answer, None while the core still works on them."""
    if answer.status >= 400:
        raise CoreUnavailable(why=f"HTTP {answer.status}")
    with wire.reading():
        said = answer.json()
        if said["key"] != batch_key or said["status"] not in ("accepted", "done"):
            raise ValueError("not our batch")
        if said["status"] == "accepted":
            return None
        return list(said["results"])


def _outcomes(said: Sequence[Any], requests: Sequence[OrderRequest]) -> dict[str, Movement]:
    """Each line that fits its order; a line said twice in different words is left out."""
    by_key: Mapping[str, OrderRequest] = {request.key: request for request in requests}
    found: dict[str, Movement] = {}
    doubtful: set[str] = set()
    for line in said:
        key = line.get("key") if isinstance(line, dict) else None
        request = by_key.get(key) if isinstance(key, str) else None
        if request is None:
            continue
        try:
            moved = wire.movement_of(line, request)
        except CoreUnavailable:
            doubtful.add(request.key)
            continue
        if found.setdefault(moved.key, moved) != moved:
            doubtful.add(moved.key)
    return {key: moved for key, moved in found.items() if key not in doubtful}
