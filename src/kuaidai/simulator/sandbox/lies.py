"""Nonsense on demand: what the bank core says of orders, made wrong after the fact."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from kuaidai.simulator.sandbox.exchange import Response, answer
from kuaidai.simulator.sandbox.faults import Mode


def _wrong_amount(said: dict[str, Any]) -> dict[str, Any]:
    more = {
        name: f"{_amount(said.get(name)) + 1:.2f}"
        for name in ("amount", "settled_amount")
        if name in said
    }
    return said | more


def _negative(said: dict[str, Any]) -> dict[str, Any]:
    return said | {"settled_amount": f"-{_amount(said.get('amount')):.2f}", "status": "settled"}


def _amount(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)


_LIES: Mapping[Mode, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Mode.WRONG_KEY: lambda said: said | {"key": f"{said.get('key')}-OTHER"},
    Mode.WRONG_AMOUNT: _wrong_amount,
    Mode.NEGATIVE: _negative,
    Mode.WRONG_STATUS: lambda said: said | {"status": "in_two_minds"},
}


def falsified(response: Response, mode: Mode) -> Response:
    """`response` with its order falsified; of a batch only the last line."""
    lie = _LIES.get(mode)
    if lie is None or response.status != 200:
        return response
    said = json.loads(response.body)
    if not isinstance(said, dict) or "status" not in said:
        return response
    results = said.get("results")
    if isinstance(results, list):
        return answer(said | {"results": [*results[:-1], lie(results[-1])]})
    return answer(lie(said))
