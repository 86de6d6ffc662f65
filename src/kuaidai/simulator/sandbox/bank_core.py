"""The bank core's money: accounts, transfers and debits, each done once by key, in SQLite.

Balances open at the drop's last end-of-day balance. An account never goes below zero; the lender's
own account pays loans out and takes repayments in.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.simulator.sandbox.exchange import Problem

LENDER = "LENDER"
LENDER_FUNDS = 10_000_000_000_00
MOST_ENTRIES = 500
"""How many of an account's entries one answer shows, newest first."""

_TABLES = """
create table if not exists origin (fingerprint text not null);
create table if not exists account (
    account_no text primary key, uscc text not null, balance integer not null check (balance >= 0));
create index if not exists account_firm on account (uscc);
create table if not exists movement (
    key text primary key, request text not null, answer text not null);
create table if not exists entry (
    seq integer primary key autoincrement, account_no text not null references account,
    key text not null, booked_on text not null, cents integer not null, balance integer not null,
    counterparty text not null, memo text not null);
create index if not exists entry_account on entry (account_no, seq);
"""


@dataclass(frozen=True)
class Order:
    """An order to move money. `partial`: settle what is there when the whole is not."""

    key: str
    source: str
    target: str
    cents: int
    memo: str
    on: date
    partial: bool

    @classmethod
    def read(cls, body: dict[str, Any], *, debit: bool) -> Order:
        """The order in a request body; raises `Problem` 422 naming the field that is wrong."""
        key, source = _text(body, "key", 100), _text(body, "from_account", 40)
        target = _text(body, "to_account", 40) if not debit or "to_account" in body else LENDER
        memo = body.get("memo") or ""
        if not isinstance(memo, str) or len(memo) > 500:
            raise Problem(422, "malformed-memo", "memo must be a text of at most 500 characters")
        partial = body.get("partial", False)
        if not isinstance(partial, bool):
            raise Problem(422, "malformed-partial", "partial must be true or false")
        try:
            on = date.fromisoformat(_text(body, "on", 10))
        except ValueError:
            raise Problem(422, "malformed-on", "on must be a date such as 2026-11-23") from None
        return cls(key, source, target, _cents(body), memo, on, partial and debit)


def _text(body: dict[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Problem(
            422, f"malformed-{name}", f"{name} must be a text of 1 to {longest} characters"
        )
    return value


def _cents(body: dict[str, Any]) -> int:
    text = body.get("amount")
    digits = text.replace(".", "", 1) if isinstance(text, str) and len(text) <= 19 else ""
    if not (digits.isascii() and digits.isdigit()) or not isinstance(text, str):
        raise Problem(422, "malformed-amount", 'amount must be a text such as "1234.50"')
    cents = Decimal(text) * 100
    if cents <= 0 or cents != int(cents):
        raise Problem(
            422, "malformed-amount", "amount must be above zero, with at most two decimals"
        )
    return int(cents)


def amount_text(cents: int) -> str:
    """`1234.50` for 123450 cents."""
    return f"{Decimal(cents) / 100:.2f}"


class BankCore:
    """The accounts and every movement between them. Safe for many threads."""

    def __init__(self, path: Path | str, opening: list[tuple[str, str, int]]) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.executescript(_TABLES)
        self._open_accounts(opening)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def _open_accounts(self, opening: list[tuple[str, str, int]]) -> None:
        fingerprint = sha256_hex(canonical_json([list(row) for row in opening]))
        known = self._database.execute("select fingerprint from origin").fetchone()
        if known is not None and known[0] == fingerprint:
            return
        self._database.execute("begin immediate")
        for table in ("entry", "movement", "account", "origin"):
            self._database.execute(f"delete from {table}")
        self._database.executemany(
            "insert into account (account_no, uscc, balance) values (?, ?, ?)",
            [*opening, (LENDER, LENDER, LENDER_FUNDS)],
        )
        self._database.execute("insert into origin values (?)", (fingerprint,))
        self._database.execute("commit")

    def move(self, order: Order) -> dict[str, Any]:
        """Settle or reject an order; the same key gives the first answer again.

        Raises `Problem` 422 when the key was used for another order.
        """
        request = canonical_json(order).decode()
        with self._lock:
            self._database.execute("begin immediate")
            try:
                done = self._database.execute(
                    "select request, answer from movement where key = ?", (order.key,)
                ).fetchone()
                if done is None:
                    result = self._settle(order)
                    self._database.execute(
                        "insert into movement values (?, ?, ?)",
                        (order.key, request, json.dumps(result)),
                    )
                self._database.execute("commit")
            except BaseException:
                self._database.execute("rollback")
                raise
        if done is None:
            return result
        if done[0] != request:
            raise Problem(422, "key-reused", "this key belongs to another order; use a new one")
        answer: dict[str, Any] = json.loads(done[1])
        return answer

    def _settle(self, order: Order) -> dict[str, Any]:
        balances = {
            number: row[0]
            for number in (order.source, order.target)
            if (row := self._balance(number)) is not None
        }
        if order.source not in balances or order.target not in balances:
            return _result(order, 0, "unknown_account")
        if order.source == order.target:
            return _result(order, 0, "same_account")
        available = balances[order.source]
        cents = min(order.cents, available) if order.partial else order.cents
        if cents > available or cents == 0:
            return _result(order, 0, "insufficient_funds")
        self._book(order, order.source, order.target, -cents, available - cents)
        self._book(order, order.target, order.source, cents, balances[order.target] + cents)
        return _result(order, cents, "")

    def _balance(self, number: str) -> tuple[int] | None:
        row: tuple[int] | None = self._database.execute(
            "select balance from account where account_no = ?", (number,)
        ).fetchone()
        return row

    def _book(self, order: Order, number: str, other: str, cents: int, balance: int) -> None:
        self._database.execute(
            "update account set balance = ? where account_no = ?", (balance, number)
        )
        self._database.execute(
            "insert into entry (account_no, key, booked_on, cents, balance, counterparty, memo)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (number, order.key, order.on.isoformat(), cents, balance, other, order.memo),
        )

    def outcome(self, key: str) -> dict[str, Any]:
        """What became of the order with `key`; raises `Problem` 404 when none came."""
        with self._lock:
            row = self._database.execute(
                "select answer from movement where key = ?", (key,)
            ).fetchone()
        if row is None:
            raise Problem(404, "unknown-key", "no order with this key has come")
        answer: dict[str, Any] = json.loads(row[0])
        return answer

    def accounts(self, uscc: str) -> list[dict[str, str]]:
        """The firm's accounts with their balances; raises `Problem` 404."""
        with self._lock:
            rows = self._database.execute(
                "select account_no, balance from account where uscc = ? order by 1", (uscc,)
            ).fetchall()
        if not rows:
            raise Problem(404, "unknown-firm", "no account belongs to this firm")
        return [{"account_no": number, "balance": amount_text(cents)} for number, cents in rows]

    def entries(self, number: str) -> list[dict[str, Any]]:
        """The account's movements, newest first, credits positive; raises `Problem` 404."""
        with self._lock:
            if self._balance(number) is None:
                raise Problem(404, "unknown-account", "no account has this number")
            rows = self._database.execute(
                "select seq, key, booked_on, cents, balance, counterparty, memo from entry"
                " where account_no = ? order by seq desc limit ?",
                (number, MOST_ENTRIES),
            ).fetchall()
        return [
            {
                "seq": seq,
                "key": key,
                "on": on,
                "direction": "credit" if cents > 0 else "debit",
                "amount": amount_text(cents),
                "balance": amount_text(balance),
                "counterparty": other,
                "memo": memo,
            }
            for seq, key, on, cents, balance, other, memo in rows
        ]


def _result(order: Order, cents: int, reason: str) -> dict[str, Any]:
    return {
        "key": order.key,
        "status": "rejected" if reason else "settled",
        "amount": amount_text(order.cents),
        "settled_amount": amount_text(cents),
        "reason": reason,
    }
