"""The bank core's money: accounts, transfers, debits and holds, each done once by key, in SQLite.

Balances open at the drop's last end-of-day balance. An account never goes below zero nor below what
is held on it; the lender's own account pays loans out and takes repayments in.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.simulator.sandbox.exchange import Problem
from kuaidai.simulator.sandbox.orders import LENDER, Order, amount_text, read_batch
from kuaidai.simulator.sandbox.positions import Positions

__all__ = ["LENDER", "BankCore", "Order", "amount_text"]
LENDER_FUNDS = 10_000_000_000_00
MOST_ENTRIES = 500
"""How many of an account's entries one answer shows, newest first."""
MOST_IN_STATEMENT = 5_000
"""How many entries one page of a day's statement shows."""

_TABLES = """
create table if not exists origin (fingerprint text not null);
create table if not exists account (
    account_no text primary key, uscc text not null, balance integer not null check (balance >= 0));
create index if not exists account_firm on account (uscc);
create table if not exists movement (
    key text primary key, request text not null, answer text not null);
create table if not exists batch (
    key text primary key, request text not null, results text not null);
create table if not exists hold (
    key text primary key, account_no text not null references account,
    cents integer not null check (cents >= 0));
create index if not exists hold_account on hold (account_no);
create table if not exists entry (
    seq integer primary key autoincrement, account_no text not null references account,
    key text not null, booked_on text not null, cents integer not null, balance integer not null,
    counterparty text not null, memo text not null);
create index if not exists entry_account on entry (account_no, seq);
create index if not exists entry_day on entry (account_no, booked_on, seq);
"""


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
        for table in ("entry", "hold", "batch", "movement", "account", "origin"):
            self._database.execute(f"delete from {table}")
        self._database.executemany(
            "insert into account (account_no, uscc, balance) values (?, ?, ?)",
            [*opening, (LENDER, LENDER, LENDER_FUNDS)],
        )
        self._database.execute("insert into origin values (?)", (fingerprint,))
        self._database.execute("commit")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("begin immediate")
            try:
                yield
                self._database.execute("commit")
            except BaseException:
                self._database.execute("rollback")
                raise

    def move(self, order: Order) -> dict[str, Any]:
        """Settle or reject an order; the same key gives the first answer again.

        Raises `Problem` 422 when the key was used for another order.
        """
        with self._transaction():
            (result,) = self._carry_out([order])
        if result is None:
            raise Problem(422, "key-reused", "this key belongs to another order; use a new one")
        return result

    def _carry_out(self, orders: Sequence[Order]) -> list[dict[str, Any] | None]:
        """The answer to each order, None where its key belongs to another order."""
        known: dict[str, tuple[str, dict[str, Any]]] = {
            key: (request, json.loads(answer))
            for key, request, answer in self._database.execute(
                "select key, request, answer from movement"
                " where key in (select value from json_each(?))",
                (json.dumps([order.key for order in orders]),),
            )
        }
        positions, answers = Positions(self._database, orders), list[dict[str, Any] | None]()
        for order in orders:
            request = order.request()
            if order.key not in known:
                known[order.key] = (request, positions.carry_out(order, request))
            before, answer = known[order.key]
            answers.append(answer if before == request else None)
        positions.write()
        return answers

    def debit_batch(self, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out a batch of debits; the same key gives the first results again.

        A line that cannot be read is rejected, one whose key belongs to another order refused; the
        others are carried out. Raises `Problem` 422 when the batch's key came with other orders.
        """
        key, lines = read_batch(body)
        request = sha256_hex(canonical_json(lines))
        with self._transaction():
            done = self._database.execute(
                "select request, results from batch where key = ?", (key,)
            ).fetchone()
            if done is None:
                results = self._batch_results(lines, body)
                self._database.execute(
                    "insert into batch values (?, ?, ?)", (key, request, json.dumps(results))
                )
        if done is None:
            return _batch_answer(key, results)
        if done[0] != request:
            raise Problem(422, "key-reused", "this key belongs to another batch; use a new one")
        return _batch_answer(key, json.loads(done[1]))

    def _batch_results(
        self, lines: list[dict[str, Any]], body: dict[str, Any]
    ) -> list[dict[str, Any]]:
        common = {"sent_on": body["sent_on"]} if "sent_on" in body else {}
        results: dict[int, dict[str, Any]] = {}
        orders: dict[int, Order] = {}
        for place, line in enumerate(lines):
            try:
                orders[place] = Order.read(line | common, debit=True)
            except Problem as problem:
                results[place] = {
                    "key": line.get("key"), "status": "rejected", "reason": problem.code,
                }  # fmt: skip
        for place, answer in zip(orders, self._carry_out(list(orders.values())), strict=True):
            refused = {"key": orders[place].key, "status": "refused", "reason": "key_reused"}
            results[place] = refused if answer is None else answer
        return [results[place] for place in range(len(lines))]

    def batch_results(self, key: str) -> dict[str, Any]:
        """The results of the batch with `key`; raises `Problem` 404 when none came."""
        with self._lock:
            row = self._database.execute(
                "select results from batch where key = ?", (key,)
            ).fetchone()
        if row is None:
            raise Problem(404, "unknown-key", "no batch with this key has come")
        return _batch_answer(key, json.loads(row[0]))

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
        """The firm's accounts with balances and what of them is held; raises `Problem` 404."""
        with self._lock:
            rows = self._database.execute(
                "select account_no, balance,"
                " coalesce((select sum(cents) from hold h where h.account_no = a.account_no), 0)"
                " from account a where uscc = ? order by 1",
                (uscc,),
            ).fetchall()
        if not rows:
            raise Problem(404, "unknown-firm", "no account belongs to this firm")
        return [
            {"account_no": number, "balance": amount_text(cents), "held": amount_text(held)}
            for number, cents, held in rows
        ]

    def _balance(self, number: str) -> int:
        row = self._database.execute(
            "select balance from account where account_no = ?", (number,)
        ).fetchone()
        if row is None:
            raise Problem(404, "unknown-account", "no account has this number")
        return int(row[0])

    def entries(self, number: str) -> list[dict[str, Any]]:
        """The account's movements, newest first, credits positive; raises `Problem` 404."""
        with self._lock:
            self._balance(number)
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

    def statement(self, number: str, on: date, *, after: int = 0) -> dict[str, Any]:
        """The account's statement of one day: opening, entries, closing; raises `Problem` 404.

        One page of entries whose `seq` is above `after`; `next` is what to give as `after` for the
        following page, or null on the last.
        """
        with self._lock:
            balance = self._balance(number)
            total = "select coalesce(sum(cents), 0), count(*) from entry where account_no = ?"
            (later, _) = self._database.execute(
                f"{total} and booked_on > ?", (number, on.isoformat())
            ).fetchone()
            (moved, count) = self._database.execute(
                f"{total} and booked_on = ?", (number, on.isoformat())
            ).fetchone()
            rows = self._database.execute(
                "select seq, e.key, cents, json_extract(answer, '$.reference') from entry e"
                " left join movement m on m.key = e.key"
                " where account_no = ? and booked_on = ? and seq > ? order by seq limit ?",
                (number, on.isoformat(), after, MOST_IN_STATEMENT),
            ).fetchall()
        closing = balance - later
        return {
            "account_no": number,
            "on": on.isoformat(),
            "opening": amount_text(closing - moved),
            "closing": amount_text(closing),
            "count": count,
            "entries": [
                {"seq": seq, "key": key, "amount": amount_text(cents), "reference": reference or ""}
                for seq, key, cents, reference in rows
            ],
            "next": rows[-1][0] if len(rows) == MOST_IN_STATEMENT else None,
        }


def _batch_answer(key: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"key": key, "status": "done", "results": results}
