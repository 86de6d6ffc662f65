"""Statements in ISO 20022 camt.053 (bank to customer statement), versions 02 to 14."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import BinaryIO

from lxml import etree

from kuaidai.data.lake.bank_statements.errors import StatementUnreadable
from kuaidai.data.lake.bank_statements.model import (
    Balance,
    Entry,
    Party,
    Statement,
    StatementFormat,
)
from kuaidai.data.lake.bank_statements.xml_stream import finished_elements

_NOT_GIVEN = {"NOTPROVIDED", "NONREF", "NOREF"}
_OPENING, _CLOSING, _BETWEEN = ("OPBD", "PRCD"), ("CLBD",), "ITBD"


def read_camt(stream: BinaryIO, name: str) -> tuple[Statement, ...]:
    """The statements of a camt.053 message, pages apart.

    Entries that are not booked (pending, information) are left out. A batch whose parts have
    amounts that sum to it becomes an entry per part. Raises `StatementUnreadable`,
    `StatementAgainstSchema`, `SchemasMissing`; `name` is what they call the file.
    """
    statements: list[Statement] = []
    balances: list[tuple[str, Balance]] = []
    entries: list[Entry] = []
    for element in finished_elements(stream, name, "camt.053", ("Bal", "Ntry", "Stmt")):
        kind = etree.QName(element).localname
        try:
            if kind == "Bal":
                balances.append(_balance(element))
            elif kind == "Ntry":
                entries += _entries(element)
            else:
                statements.append(_statement(element, balances, entries))
                balances, entries = [], []
        except ValueError as error:
            place = f"statement {len(statements) + 1}, entry {len(entries) + 1}"
            raise StatementUnreadable(value=name, why=f"{place}: {error}") from None
        element.clear()  # the empty shells that stay behind are small
    return tuple(statements)


def _statement(
    element: etree._Element, balances: list[tuple[str, Balance]], entries: list[Entry]
) -> Statement:
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
    currency = _text(element, "Acct/Ccy")
    if not currency:
        currency = next((balance.currency for _, balance in balances), "")
    own = [(kind, balance) for kind, balance in balances if balance.currency == currency]
    return Statement(
        format=StatementFormat.CAMT_053,
        number=_text(element, "Id"),
        account=account,
        currency=currency or next((entry.currency for entry in entries), ""),
        opening=_first_of(own, _OPENING) or next((b for k, b in own if k == _BETWEEN), None),
        closing=_first_of(own, _CLOSING) or _closing_between(own),
        entries=tuple(entries),
    )


def _first_of(balances: list[tuple[str, Balance]], kinds: tuple[str, ...]) -> Balance | None:
    return next((b for wanted in kinds for kind, b in balances if kind == wanted), None)


def _closing_between(balances: list[tuple[str, Balance]]) -> Balance | None:
    """The intermediate balance that a page closes on: the last one, unless the page opens on it."""
    between = [balance for kind, balance in balances if kind == _BETWEEN]
    opens = _first_of(balances, _OPENING) is None
    return between[-1] if len(between) > opens else None


def _balance(element: etree._Element) -> tuple[str, Balance]:
    kind = _text(element, "Tp/CdOrPrtry/Cd")
    between = kind == _BETWEEN or _text(element, "Tp/SubTp/Cd") == "INTM"
    amount, currency = _amount(element)
    on = _date(element, "Dt")
    if on is None:
        raise ValueError("a balance has no date")
    return kind, Balance(on, amount, currency, final=not between)


def _entries(element: etree._Element) -> list[Entry]:
    """The entry, or its parts where it is a batch that gives them all."""
    status = _text(element, "Sts/Cd") or _text(element, "Sts")
    if status != "BOOK":
        return []
    details = element.findall("NtryDtls/TxDtls", _names(element))
    whole = _entry(element, details[0] if len(details) == 1 else None)
    if len(details) < 2:
        return [whole]
    parts = [_part(whole, element, detail) for detail in details]
    total = sum((part.amount for part in parts if part is not None), Decimal(0))
    if None in parts or total != whole.amount:
        return [whole]
    return [part for part in parts if part is not None]


def _part(whole: Entry, element: etree._Element, detail: etree._Element) -> Entry | None:
    """A part of a batch as an entry; None where the part's amount is not given."""
    for place in (".", "AmtDtls/TxAmt"):
        holder = detail.find(place, _names(detail))
        if holder is None or holder.find("Amt", _names(detail)) is None:
            continue
        size, currency = _size(holder)
        if currency != whole.currency:
            continue
        debit = _text(detail, "CdtDbtInd") or _text(element, "CdtDbtInd")
        return _entry(element, detail, amount=-size if debit == "DBIT" else size)
    return None


def _entry(
    element: etree._Element, detail: etree._Element | None, *, amount: Decimal | None = None
) -> Entry:
    booked = _date(element, "BookgDt") or _date(element, "ValDt")
    if booked is None:
        raise ValueError("the entry has neither a booking date nor a value date")
    effect, currency = _amount(element)
    within = element if detail is None else detail
    returned = within.find("RtrInf", _names(element)) is not None
    return Entry(
        booked_on=booked,
        value_on=_date(element, "ValDt") or booked,
        amount=effect if amount is None else amount,
        currency=currency,
        reversal=_text(element, "RvslInd") in ("true", "1") or returned,
        party=_party(within, debit=(effect if amount is None else amount) < 0),
        reference=_reference(within),
        bank_reference=_given(within, "Refs/AcctSvcrRef")
        or _given(element, "AcctSvcrRef")
        or _given(element, "NtryRef"),
        code=_code(element) or _code(within),
        bank_code=_text(element, "BkTxCd/Prtry/Cd") or _text(within, "BkTxCd/Prtry/Cd"),
        purpose_code=_text(within, "Purp/Cd"),
        remittance=_remittance(element, within),
    )


def _party(detail: etree._Element, *, debit: bool) -> Party:
    """Who was paid, or who paid; the other one where the bank names only that."""
    for side in ("Cdtr", "Dbtr") if debit else ("Dbtr", "Cdtr"):
        place = f"RltdPties/{side}"
        name = _text(detail, f"{place}/Pty/Nm") or _text(detail, f"{place}/Nm")
        account = f"{place}Acct/Id"
        number = _text(detail, f"{account}/IBAN") or _text(detail, f"{account}/Othr/Id")
        if name or number:
            return Party(name, number)
    return Party()


def _reference(detail: etree._Element) -> str:
    places = ("RmtInf/Strd/CdtrRefInf/Ref", "Refs/EndToEndId", "Refs/InstrId", "Refs/TxId")
    return next((found for place in places if (found := _given(detail, place))), "")


def _code(element: etree._Element) -> str:
    domain, family = "BkTxCd/Domn", "BkTxCd/Domn/Fmly"
    codes = (f"{domain}/Cd", f"{family}/Cd", f"{family}/SubFmlyCd")
    return "/".join(text for place in codes if (text := _text(element, place)))


def _remittance(element: etree._Element, detail: etree._Element) -> str:
    lines = [line.text or "" for line in detail.findall("RmtInf/Ustrd", _names(detail))]
    text = " ".join(line.strip() for line in lines)
    return text or _text(detail, "AddtlTxInf") or _text(element, "AddtlNtryInf")


def _amount(element: etree._Element) -> tuple[Decimal, str]:
    """The amount with its sign, and its currency."""
    size, currency = _size(element)
    return (-size if _text(element, "CdtDbtInd") == "DBIT" else size), currency


def _size(element: etree._Element) -> tuple[Decimal, str]:
    amount = element.find("Amt", _names(element))
    return Decimal(amount.text.strip()), amount.get("Ccy")


def _date(element: etree._Element, place: str) -> date | None:
    """A date, or the day of a time as it is written; offsets of time zones are left out."""
    text = _text(element, f"{place}/Dt") or _text(element, f"{place}/DtTm")
    return date.fromisoformat(text[:10]) if text else None


def _given(element: etree._Element, place: str) -> str:
    """A reference, or nothing where it says that there is none."""
    text = _text(element, place)
    return "" if text.upper() in _NOT_GIVEN else text


def _text(element: etree._Element, place: str) -> str:
    return (element.findtext(place, "", _names(element)) or "").strip()


def _names(element: etree._Element) -> dict[str | None, str]:
    return {None: etree.QName(element).namespace}
