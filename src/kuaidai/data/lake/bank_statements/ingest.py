"""Statements of a firm's accounts at other banks into the lake: all of a file or nothing of it."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kuaidai.data.lake import IngestReport, Lake
from kuaidai.data.lake.bank_statements.errors import (
    AccountKeptHere,
    AccountOfAnother,
    StatementIncomplete,
    StatementInOtherCurrency,
    StatementUnbalanced,
    WhoseAccount,
    WrongCurrency,
)
from kuaidai.data.lake.bank_statements.model import Statement
from kuaidai.data.lake.bank_statements.reading import read_statements
from kuaidai.data.lake.bank_statements.rows import OwnedStatement, Row, rows_of
from kuaidai.data.lake.bank_statements.tokens import Tokens, plain_number
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import arrow_schema
from kuaidai.kernel.identifiers import parse_uscc
from kuaidai.kernel.money import CENT, LARGEST


@dataclass(frozen=True)
class StatementIngest:
    """What an ingest of a statement file did. `report` is the lake's, under the file's own name."""

    statements: int
    entries: int
    report: IngestReport


def ingest_statements(
    lake: Lake,
    path: Path,
    *,
    personal_key: bytes,
    uscc: str | None = None,
    currency: str = "CNY",
    received_on: date | None = None,
) -> StatementIngest:
    """Ingest a camt.053 or MT940 file of accounts that a firm holds at other banks.

    `uscc` is the firm's; without it the lake must know the accounts already. `personal_key` keys the
    tokens of account numbers and counterparties; `received_on` is the day of the delivery, None for
    a history load. Raises the refusals of `errors`, `MalformedUscc` and those of `Lake.ingest`; then
    nothing was changed. The same file a second time changes nothing.
    """
    if not re.fullmatch("[A-Z]{3}", currency):
        raise WrongCurrency(value=currency)
    firm = parse_uscc(uscc) if uscc else None
    statements = read_statements(path)
    for number, statement in enumerate(statements, 1):
        require_complete(statement, currency, path.name, number)
    tokens = Tokens(personal_key)
    _require_elsewhere(lake, statements, path.name)
    owned = _owned(lake, statements, firm, tokens, path.name)
    rows = rows_of(owned, tokens)
    rows["accounts"] = _new_accounts(lake, rows["accounts"])
    report = _hand_over(lake, path, rows, received_on)
    return StatementIngest(len(statements), sum(len(s.entries) for s in statements), report)


def require_complete(statement: Statement, currency: str, name: str, number: int) -> None:
    """Raises a refusal unless a statement can become rows: it names its account, is in `currency`
    throughout, has both balances, and they and the entries add up to the cent."""
    opening, closing = statement.opening, statement.closing
    if not statement.account:
        raise StatementIncomplete(value=name, number=number, why="it names no account")
    if opening is None or closing is None:
        which = "opening" if opening is None else "closing"
        why = f"it has no booked {which} balance"
        raise StatementIncomplete(value=name, number=number, why=why)
    if closing.on < opening.on:
        why = f"it closes on {closing.on}, before it opens on {opening.on}"
        raise StatementIncomplete(value=name, number=number, why=why)
    for found in (statement.currency, opening.currency, closing.currency):
        _require_currency(found, currency, name, number)
    for place, entry in enumerate(statement.entries, 1):
        _require_currency(entry.currency, currency, name, number)
        if not _is_money(entry.amount):
            why = f"the amount of entry {place} has more than two decimals or 16 digits"
            raise StatementIncomplete(value=name, number=number, why=why)
    if statement.difference:
        raise StatementUnbalanced(
            value=name,
            number=number,
            opening=opening.amount,
            entries=sum((entry.amount for entry in statement.entries), Decimal(0)),
            closing=closing.amount,
            difference=statement.difference,
        )


def _require_currency(found: str, wanted: str, name: str, number: int) -> None:
    if found != wanted:
        raise StatementInOtherCurrency(value=name, number=number, found=found or "?", wanted=wanted)


def _is_money(amount: Decimal) -> bool:
    return abs(amount) <= LARGEST and amount == amount.quantize(CENT)


def _require_elsewhere(lake: Lake, statements: Sequence[Statement], name: str) -> None:
    """Raises `AccountKeptHere` for an account number that the lake has in clear, as this bank's own."""
    numbers = [_as_written(statement.account) for statement in statements]
    asked = sorted({form for forms in numbers for form in forms})
    here = {row["account_no"] for row in _accounts(lake, "account_no", asked)}
    for number, forms in enumerate(numbers, 1):
        if here & forms:
            raise AccountKeptHere(value=name, number=number)


def _as_written(account: str) -> set[str]:
    """The ways in which a bank may write its own account number; MT940 puts the bank's code before it."""
    number = plain_number(account)
    return {account, number, number.rpartition("/")[2]}


def _owned(
    lake: Lake, statements: Sequence[Statement], firm: str | None, tokens: Tokens, name: str
) -> list[OwnedStatement]:
    """Statements with the firm whose they are: the one that the lake knows, or `firm`."""
    of_file = sorted({tokens.account(statement.account) for statement in statements})
    known = {row["account_no"]: row["uscc"] for row in _accounts(lake, "account_no", of_file)}
    found: list[tuple[Statement, str]] = []
    for number, statement in enumerate(statements, 1):
        account = tokens.account(statement.account)
        owner = known.get(account, firm)
        if owner is None:
            raise WhoseAccount(value=name, number=number)
        if firm is not None and owner != firm:
            raise AccountOfAnother(value=name, number=number, found=owner, wanted=firm)
        found.append((statement, owner))
    theirs: dict[str, set[str]] = defaultdict(set)
    for row in _accounts(lake, "uscc", sorted({owner for _, owner in found})):
        theirs[row["uscc"]].add(row["account_no"])
    for statement, owner in found:
        theirs[owner].add(tokens.account(statement.account))
    return [
        OwnedStatement(statement, owner, frozenset(theirs[owner])) for statement, owner in found
    ]


def _accounts(lake: Lake, column: str, values: list[str]) -> list[Row]:
    table = lake.table("accounts")
    rows: list[Row] = table.filter(table[column].isin(values)).to_pyarrow().to_pylist()
    return rows


def _new_accounts(lake: Lake, rows: list[Row]) -> list[Row]:
    """Accounts that the lake has not, or has only from a later day on."""
    known = _accounts(lake, "account_no", [row["account_no"] for row in rows])
    opened = {row["account_no"]: row["opened_on"] for row in known}
    return [row for row in rows if row["opened_on"] < opened.get(row["account_no"], date.max)]


def _hand_over(
    lake: Lake, path: Path, rows: dict[str, list[Row]], received_on: date | None
) -> IngestReport:
    """Give the lake the rows as files of its datasets, named after the digest of the statement file:
    a file's own name often holds the account number."""
    if not any(rows.values()):
        return IngestReport((), ())
    with path.open("rb") as file:
        staged = f"statement-{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}.parquet"
    with tempfile.TemporaryDirectory(prefix="kuaidai-statement-") as folder:
        for dataset, found in rows.items():
            if found:
                table = pa.Table.from_pylist(found, schema=arrow_schema(DATASETS[dataset]))
                (Path(folder) / dataset).mkdir()
                pq.write_table(table, Path(folder) / dataset / staged)
        report = lake.ingest(Path(folder), received_on=received_on)
    runs = tuple(replace(run, file=path.name) for run in report.runs)
    return IngestReport(runs, () if runs else (path.name,))
