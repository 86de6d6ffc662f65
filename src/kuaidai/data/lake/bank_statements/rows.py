"""Rows of the lake from statements: accounts, transactions, end-of-day balances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from kuaidai.data.lake.bank_statements.model import Entry, Statement
from kuaidai.data.lake.bank_statements.purposes import OTHER, OWN, purpose_of
from kuaidai.data.lake.bank_statements.tokens import Tokens, plain_number
from kuaidai.kernel.money import ZERO

LONGEST_PERIOD = timedelta(days=731)
"""A statement over a longer period gives its closing balance only, not one of every day."""

Row = dict[str, Any]


@dataclass(frozen=True)
class OwnedStatement:
    """A statement of which it is known whose it is. `accounts` are the firm's own account numbers, as
    the lake has them."""

    statement: Statement
    uscc: str
    accounts: frozenset[str] = frozenset()


def rows_of(owned: Sequence[OwnedStatement], tokens: Tokens) -> dict[str, list[Row]]:
    """Rows by dataset, without personal data.

    An entry that several statements show is there once, a day's balance as the last of them gives it.
    """
    transactions: dict[str, Row] = {}
    balances: dict[tuple[str, date], Row] = {}
    before: Statement | None = None
    seen: Counter[tuple[str, ...]] = Counter()
    for item in owned:
        account = tokens.account(item.statement.account)
        if before is None or not _follows(before, item.statement):
            seen = Counter()
        before = item.statement
        for row in _transactions(item, account, tokens, seen):
            transactions.setdefault(row["transaction_id"], row)
        for on, amount in daily_balances(item.statement):
            balances[account, on] = {
                "account_no": account,
                "uscc": item.uscc,
                "balance_on": on,
                "balance": amount,
            }
    return {
        "accounts": _accounts(owned, tokens),
        "transactions": _numbered(list(transactions.values())),
        "daily_balances": list(balances.values()),
    }


def _accounts(owned: Sequence[OwnedStatement], tokens: Tokens) -> list[Row]:
    """A row per account, open since the first day that a statement tells of."""
    rows: dict[str, Row] = {}
    for item in owned:
        account, first = tokens.account(item.statement.account), _first_day(item.statement)
        row = rows.setdefault(
            account,
            {
                "account_no": account,
                "uscc": item.uscc,
                "opened_on": first,
                "kind": "general",
                "currency": item.statement.currency,
                "held_at": "elsewhere",
            },
        )
        row["opened_on"] = min(row["opened_on"], first)
    return list(rows.values())


def _first_day(statement: Statement) -> date:
    days = [entry.booked_on for entry in statement.entries]
    return min([*days, *(b.on for b in (statement.opening, statement.closing) if b is not None)])


def _follows(before: Statement, statement: Statement) -> bool:
    """Whether a statement takes up where the one before it ended: then it shows none of its entries."""
    if before.account != statement.account or before.closing is None or statement.opening is None:
        return False
    return (
        before.closing.amount == statement.opening.amount
        and before.closing.on <= statement.opening.on
    )


def _transactions(
    item: OwnedStatement, account: str, tokens: Tokens, seen: Counter[tuple[str, ...]]
) -> Iterator[Row]:
    after = _balances_after(item.statement)
    for entry, balance in zip(item.statement.entries, after, strict=True):
        if not entry.amount:
            continue
        party = tokens.party(entry.party)
        facts = _identity(entry, party)
        seen[facts] += 1
        purpose = purpose_of(entry)
        if purpose == OTHER and _is_own(entry, item.accounts, tokens):
            purpose = OWN
        yield {
            "transaction_id": tokens.transaction(account, *facts, str(seen[facts])),
            "account_no": account,
            "uscc": item.uscc,
            "booked_on": entry.booked_on,
            "direction": entry.direction,
            "amount": abs(entry.amount),
            "counterparty": party,
            "purpose": purpose,
            "balance_after": balance,
        }


def _identity(entry: Entry, party: str | None) -> tuple[str, ...]:
    """What makes an entry the same in two statements; equal ones of a day are counted apart.

    The bank's own reference says it with day and amount. Without one, all that the entry shows does.
    """
    core = (entry.booked_on.isoformat(), str(entry.amount.normalize()), entry.reference)
    if entry.bank_reference:
        return (*core, entry.bank_reference)
    shown = (entry.code, entry.bank_code, entry.purpose_code, party or "", entry.remittance)
    return (*core, entry.value_on.isoformat(), str(entry.reversal), *shown)


def _is_own(entry: Entry, accounts: Collection[str], tokens: Tokens) -> bool:
    number = plain_number(entry.party.account)
    return bool(number) and (number in accounts or tokens.account(number) in accounts)


def _in_order(statement: Statement) -> bool:
    """Whether the entries stand in booking order, so that a running balance means something."""
    return all(one.booked_on <= next_.booked_on for one, next_ in pairwise(statement.entries))


def _balances_after(statement: Statement) -> list[Decimal | None]:
    if statement.opening is None or not _in_order(statement):
        return [None] * len(statement.entries)
    total, after = statement.opening.amount, list[Decimal | None]()
    for entry in statement.entries:
        total += entry.amount
        after.append(total)
    return after


def daily_balances(statement: Statement) -> Iterator[tuple[date, Decimal]]:
    """The balance at the end of each day from the opening to the closing day.

    Only the closing balance where the entries' booking days lie outside of that period or the period
    is longer than `LONGEST_PERIOD`; nothing of a day that a further page goes on with.
    """
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None:
        return
    moves: dict[date, Decimal] = {}
    for entry in statement.entries:
        moves[entry.booked_on] = moves.get(entry.booked_on, ZERO) + entry.amount
    within = all(opening.on <= day <= closing.on for day in moves)
    if within and closing.on - opening.on <= LONGEST_PERIOD:
        balance = opening.amount
        for offset in range((closing.on - opening.on).days):
            day = opening.on + timedelta(days=offset)
            balance += moves.get(day, ZERO)
            yield day, balance
    if closing.final:
        yield closing.on, closing.amount


def _numbered(transactions: list[Row]) -> list[Row]:
    """Transactions with their place within the day of their account, in the order of the statements."""
    places: Counter[tuple[str, date]] = Counter()
    for row in transactions:
        day = row["account_no"], row["booked_on"]
        row["sequence"] = places[day]
        places[day] += 1
    return transactions
