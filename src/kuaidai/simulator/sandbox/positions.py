"""The balances and holds that some orders touch, worked out in memory and written back at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from kuaidai.simulator.sandbox.orders import Kind, Order, amount_text


class Positions:
    """The accounts of `orders` within one database transaction. `write` stores what was settled."""

    def __init__(self, database: sqlite3.Connection, orders: Sequence[Order]) -> None:
        self._database = database
        self._balances = self._read_balances(orders)
        self._holds: dict[str, tuple[str, int]] = self._read_holds()
        self._held: dict[str, int] = {}
        for number, cents in self._holds.values():
            self._held[number] = self._held.get(number, 0) + cents
        self._entries: list[tuple[Any, ...]] = []
        self._movements: list[tuple[str, str, str]] = []
        self._changed_holds: set[str] = set()
        self._number: int = database.execute(
            "select coalesce(max(rowid), 0) from movement"
        ).fetchone()[0]

    def _read_balances(self, orders: Sequence[Order]) -> dict[str, int]:
        numbers = {order.source for order in orders} | {order.target for order in orders}
        return dict(
            self._database.execute(
                "select account_no, balance from account"
                " where account_no in (select value from json_each(?))",
                (json.dumps(sorted(numbers)),),
            )
        )

    def _read_holds(self) -> dict[str, tuple[str, int]]:
        rows = self._database.execute(
            "select key, account_no, cents from hold where cents > 0"
            " and account_no in (select value from json_each(?))",
            (json.dumps(sorted(self._balances)),),
        )
        return {key: (number, cents) for key, number, cents in rows}

    def carry_out(self, order: Order, request: str) -> dict[str, Any]:
        """Settle or reject an order, and note its answer with what was asked."""
        work = {Kind.HOLD: self._hold, Kind.RELEASE: self._release}.get(order.kind, self._move)
        result = self._answer(order, *work(order))
        self._movements.append((order.key, request, json.dumps(result)))
        return result

    def _answer(self, order: Order, cents: int, reason: str) -> dict[str, Any]:
        self._number += 1
        return {
            "key": order.key,
            "status": "rejected" if reason else "settled",
            "amount": amount_text(order.cents),
            "settled_amount": amount_text(cents),
            "reason": reason,
            "booked_on": None if reason else order.booking_day.isoformat(),
            "reference": f"BC{self._number:012d}",
        }

    def _available(self, number: str) -> int:
        return self._balances[number] - self._held.get(number, 0)

    def _move(self, order: Order) -> tuple[int, str]:
        if order.source not in self._balances or order.target not in self._balances:
            return 0, "unknown_account"
        if order.source == order.target:
            return 0, "same_account"
        available = self._available(order.source)
        cents = min(order.cents, available) if order.partial else order.cents
        if cents > available or cents == 0:
            return 0, "insufficient_funds"
        self._book(order, order.source, order.target, -cents)
        self._book(order, order.target, order.source, cents)
        return cents, ""

    def _book(self, order: Order, number: str, other: str, cents: int) -> None:
        self._balances[number] += cents
        self._entries.append(
            (number, order.key, order.booking_day.isoformat(), cents, self._balances[number],
             other, order.memo)
        )  # fmt: skip

    def _hold(self, order: Order) -> tuple[int, str]:
        if order.source not in self._balances:
            return 0, "unknown_account"
        if order.cents > self._available(order.source):
            return 0, "insufficient_funds"
        self._set_hold(order.key, order.source, order.cents)
        return order.cents, ""

    def _release(self, order: Order) -> tuple[int, str]:
        number, left = self._holds.get(order.hold_key, ("", 0))
        if number != order.source:
            return 0, "unknown_hold"
        if order.cents > left:
            return 0, "more_than_held"
        self._set_hold(order.hold_key, number, left - order.cents)
        return order.cents, ""

    def _set_hold(self, key: str, number: str, cents: int) -> None:
        before = self._holds.get(key, (number, 0))[1]
        self._held[number] = self._held.get(number, 0) + cents - before
        self._holds[key] = (number, cents)
        self._changed_holds.add(key)

    def write(self) -> None:
        """Store balances, entries, holds and answers."""
        moved: Iterable[str] = {entry[0] for entry in self._entries}
        self._database.executemany(
            "update account set balance = ? where account_no = ?",
            [(self._balances[number], number) for number in moved],
        )
        self._database.executemany(
            "insert into entry (account_no, key, booked_on, cents, balance, counterparty, memo)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            self._entries,
        )
        self._database.executemany(
            "insert into hold (key, account_no, cents) values (?, ?, ?)"
            " on conflict (key) do update set cents = excluded.cents",
            [(key, *self._holds[key]) for key in sorted(self._changed_holds)],
        )
        self._database.executemany("insert into movement values (?, ?, ?)", self._movements)
