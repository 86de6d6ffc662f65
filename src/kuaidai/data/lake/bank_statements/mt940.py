"""Statements in SWIFT MT940, as banks really write it; the fields are read by mt-940."""

from __future__ import annotations

import logging
import re
from datetime import date
from decimal import Decimal
from typing import Any

import mt940

from kuaidai.data.lake.bank_statements.errors import StatementUnreadable
from kuaidai.data.lake.bank_statements.model import (
    Balance,
    Entry,
    Party,
    Statement,
    StatementFormat,
)

logging.getLogger("mt940").setLevel(logging.CRITICAL)  # it logs fields with the names in them

_START = re.compile(r"(?m)^(?=:20:)")
_FIELD = re.compile(r"(?m)^:(?:\d\d[A-Z]?|NS):")
_NO_TYPE = "?"
_NOT_GIVEN = {"NONREF", "NOTPROVIDED", "NOREF"}
_NAMED = re.compile(r"/NAME/([^/\n]{1,70})")
_NUMBERED = re.compile(r"/IBAN/([A-Z0-9]{5,34})")
_MOST_DETAILS = 20


class _TooManyDetails(ValueError):
    """An entry with more fields 86 than any bank writes: mt-940 takes ever longer over each."""


def read_mt940(text: str, name: str) -> tuple[Statement, ...]:
    """The statements of an MT940 file, pages apart; what stands before the first is left out.

    Lines of a SWIFT envelope are skipped. A statement without balances has None for them. `name` is
    what refusals call the file. Raises `StatementUnreadable`.
    """
    text = re.sub(r"(?m)^(?:\{[^:\n][^\n]*|-\}.*)$", "-", text.replace("\r\n", "\n"))
    if not _FIELD.search(text):
        raise StatementUnreadable(value=name, why="it has no field of MT940, such as :20: or :61:")
    blocks = [block for block in _START.split(text) if _FIELD.search(block)]
    return tuple(_statement(block, name, number) for number, block in enumerate(blocks, 1))


def _statement(block: str, name: str, number: int) -> Statement:
    fields = mt940.models.Transactions(
        processors={
            "pre_statement": [mt940.processors.date_fixup_pre_processor, _typed],
            "post_transaction_details": [
                mt940.processors.transaction_details_post_processor,
                _details_of_an_entry,
            ],
            "post_non_swift": [_left_out],
        },
        options=mt940.Options.all(),
    )
    try:
        fields.parse(block)
        entries = tuple(_entry(item.data) for item in fields if "amount" in item.data)
        opening = _balance(fields.data, "final_opening", "opening", "intermediate_opening")
        closing = _balance(fields.data, "final_closing", "closing", "intermediate_closing")
    except (RuntimeError, ValueError, ArithmeticError) as error:
        why = f"statement {number}, after entry {len(fields)}: {_broken(error)}"
        raise StatementUnreadable(value=name, why=why) from None
    return Statement(
        format=StatementFormat.MT940,
        number=_joined(fields.data.get("statement_number"), fields.data.get("sequence_number")),
        account=(fields.data.get("account_identification") or "").strip(),
        currency=fields.currency or "",
        opening=opening,
        closing=closing,
        entries=entries,
    )


def _typed(_fields: Any, _tag: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Give an entry without a type one: mt-940 lets the next entry overwrite one that has none."""
    values["id"] = values.get("id") or _NO_TYPE
    return values


def _left_out(*_: Any) -> dict[str, Any]:
    """Nothing: fields of a bank's own (:NS:) say nothing that is read."""
    return {}


def _details_of_an_entry(
    fields: Any, _tag: Any, _values: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """Drop what is said about the whole statement (:86: after :62:), else mt-940 adds it to the last entry."""
    if any(f"{kind}closing_balance" in fields.data for kind in ("final_", "", "intermediate_")):
        return {}
    if fields.transactions:
        data = fields.transactions[-1].data
        data["_details"] = data.get("_details", 0) + 1
        if data["_details"] > _MOST_DETAILS:
            raise _TooManyDetails
    return result


def _broken(error: Exception) -> str:
    """What is wrong with a field, without its text."""
    if isinstance(error, RuntimeError) and len(error.args) > 1:
        return f"field :{getattr(error.args[1], 'id', '')}: is not written as MT940 has it"
    if isinstance(error, _TooManyDetails):
        return f"it has more than {_MOST_DETAILS} fields :86:"
    return "a date or an amount does not exist"


def _balance(data: dict[str, Any], *kinds: str) -> Balance | None:
    for kind in kinds:
        found = data.get(f"{kind}_balance")
        if found is not None:
            return Balance(
                _day(found.date),
                _exact(found.amount.amount),
                found.amount.currency,
                final=not kind.startswith("intermediate"),
            )
    return None


def _entry(data: dict[str, Any]) -> Entry:
    value_on = _day(data["date"])
    amount = data["amount"]
    mark = (data.get("status") or "").upper()
    details = data.get("transaction_details") or ""
    remittance = data.get("purpose") or details or data.get("extra_details") or ""
    kind = data.get("id") or ""
    return Entry(
        booked_on=_day(data["entry_date"]) if data.get("entry_date") else value_on,
        value_on=value_on,
        amount=_exact(amount.amount),
        currency=amount.currency or "",
        reversal=mark.startswith("R"),
        party=_party(data, details),
        reference=_customer_reference(data.get("customer_reference") or ""),
        bank_reference=_given(data.get("bank_reference")),
        code="" if kind == _NO_TYPE else kind,
        bank_code=str(data.get("transaction_code") or ""),
        purpose_code=data.get("purpose_code") or "",
        remittance=_spaced(remittance),
    )


def _party(data: dict[str, Any], details: str) -> Party:
    """The other side, from the structured details (?32, ?31) or the codes /NAME/ and /IBAN/."""
    flat = details.replace("\n", "")
    name = data.get("applicant_name") or (m[1] if (m := _NAMED.search(flat)) else "")
    account = data.get("gvc_applicant_iban") or data.get("applicant_iban")
    account = account or (m[1] if (m := _NUMBERED.search(flat)) else "")
    return Party(_spaced(name), _spaced(account))


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)


def _exact(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("amount")
    return value


def _customer_reference(text: str) -> str:
    """Field 61's reference; where it only points to field 86 (`KREF+`), the one that stands there."""
    own, _, of_details = text.partition("\n")
    return _given(of_details if own.strip() in ("KREF+", *_NOT_GIVEN) else own)


def _given(value: str | None) -> str:
    text = (value or "").strip()
    return "" if text.upper() in _NOT_GIVEN else text


def _joined(*parts: str | None) -> str:
    return "/".join(part for part in parts if part)


def _spaced(text: str) -> str:
    return " ".join(text.split())
