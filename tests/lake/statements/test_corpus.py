"""Forty-nine MT940 files of real banks and four camt files, against the results beside them.

The results of MT940 are YAML with Python tags. They are read by a loader that makes plain values of
these tags and can call nothing.
"""

from __future__ import annotations

import ast
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from kuaidai.data.lake.bank_statements import Entry, Statement, errors, read_statements
from kuaidai.data.lake.bank_statements.ingest import require_complete

pytestmark = pytest.mark.timeout(120)

_FOLDERS = {
    "betterplace": (
        "amount_formats",
        "currency_in_25",
        "empty_86",
        "empty_entry_date",
        "empty_line",
        "missing_crlf_at_end",
        "sepa_mt9401",
        "sepa_snippet",
        "sepa_snippet_broken",
        "with_binary_character",
    ),
    "cmxl": (
        "account_balance_credit",
        "account_balance_debit",
        "account_identification_iban",
        "account_identification_legacy",
        "available_balance",
        "closing_balance",
        "mt940",
        "reference",
        "statement_details",
        "statement_line",
        "statement_number",
    ),
    "jejik": (
        "abnamro",
        "generic",
        "ing",
        "knab",
        "postfinance",
        "rabobank-iban",
        "rabobank",
        "sns",
        "triodos",
    ),
    "mBank": ("mt940", "mt942", "with_newline_in_tnr"),
    "sberbank": ("171011_01234945",),
    "self-provided": (
        "details_60-63",
        "empty_non_swift",
        "february_30",
        "gv_codes",
        "invalid_statement",
        "long_statement_number",
        "malformed_details",
        "mt942",
        "overly_long_details",
        "raiffeisen-cmi",
        "raphaelm",
        "sparkassen",
        "transaction_details_wrapped",
        "whitespace",
        "wrapped_timestamp",
    ),
}
FILES = [f"{folder}/{name}" for folder, names in _FOLDERS.items() for name in names]
NO_STATEMENT = {"self-provided/invalid_statement"}


class _Plain(yaml.SafeLoader):
    """Makes mappings, decimals and dates of the Python tags in the expected results."""


def _object(loader: _Plain, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_yaml_map(node)  # in two steps: the results refer to one another
    if isinstance(node, yaml.SequenceNode):
        values = loader.construct_sequence(node, deep=True)
        if suffix == "object/apply:decimal.Decimal":
            return Decimal(values[0])
        if suffix == "object/apply:mt940.models.Date":
            high, low, month, day = values[0]  # how `datetime.date` writes itself down
            return date(high * 256 + low, month, day)
        return values
    return None


_Plain.add_multi_constructor("tag:yaml.org,2002:python/", _object)


@cache
def _read(folder: Path, name: str) -> tuple[Statement, ...]:
    return read_statements(folder / f"{name}.sta")


@cache
def _expected(folder: Path, name: str) -> dict[str, Any]:
    text = (folder / f"{name}.yml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Plain)  # a SafeLoader


@pytest.fixture
def mt940_files(real_data: Path) -> Path:
    return real_data / "bank_statement_formats" / "mt940"


@pytest.fixture
def camt_files(real_data: Path) -> Path:
    return real_data / "bank_statement_formats" / "camt"


def test_the_list_is_the_whole_corpus(mt940_files) -> None:
    there = {str(p.relative_to(mt940_files).with_suffix("")) for p in mt940_files.rglob("*.sta")}

    assert there == set(FILES)
    assert len(there) == 49


def _signed(data: dict[str, Any]) -> Decimal:
    """The amount as the mark says: D and RC take money away, C and RD bring it."""
    size = abs(data["amount"]["amount"])
    return -size if data["status"] in ("D", "RC") else size


def _reference(text: str | None) -> str:
    bare = (text or "").strip()
    return "" if bare.upper() in ("NONREF", "NOREF", "NOTPROVIDED") else bare


def _references(data: dict[str, Any], found: Entry) -> tuple[str, str]:
    """The expected references of the customer and of the bank.

    The results are an older reader's, which kept `//` and what follows within the sixteen characters of
    the customer's reference and the rest in the details, or lost the former to field 86.
    """
    extra = (data["extra_details"] or "").partition("\n")[0]
    if data["customer_reference"] is None:
        lost = f"{found.bank_reference[:8]}{extra}" if extra else data["bank_reference"]
        return found.reference, _reference(lost)
    first, _, of_details = data["customer_reference"].partition("\n")
    own, _, bank = f"{first}{extra if len(first) >= 16 else ''}".partition("//")
    return (
        _reference(of_details if own == "KREF+" else own[:16]),
        _reference(data["bank_reference"] or bank),
    )


@pytest.mark.parametrize("name", sorted(set(FILES) - NO_STATEMENT))
def test_entries_of_mt940_are_as_expected(name, mt940_files) -> None:
    entries = [entry for statement in _read(mt940_files, name) for entry in statement.entries]
    wanted = [item["data"] for item in _expected(mt940_files, name)["transactions"]]
    wanted = [data for data in wanted if "amount" in data]

    assert [entry.amount for entry in entries] == [_signed(data) for data in wanted]
    assert [entry.value_on for entry in entries] == [data["date"] for data in wanted]
    assert [entry.booked_on for entry in entries] == [
        data.get("entry_date") or data["date"] for data in wanted
    ]
    assert [(entry.reference, entry.bank_reference) for entry in entries] == [
        _references(data, entry) for entry, data in zip(entries, wanted, strict=True)
    ]
    assert [entry.code for entry in entries] == [data["id"] or "" for data in wanted]
    assert [entry.reversal for entry in entries] == [len(data["status"]) == 2 for data in wanted]


@pytest.mark.parametrize("name", sorted(set(FILES) - NO_STATEMENT))
def test_balances_of_mt940_are_as_expected(name, mt940_files) -> None:
    statements, wanted = _read(mt940_files, name), _expected(mt940_files, name)["data"]

    for kind in ("opening", "closing"):
        found = wanted.get(f"final_{kind}_balance")
        if found is None:
            continue
        last = [b for s in statements if (b := getattr(s, kind)) is not None and b.final][-1]
        size = found["amount"]["amount"]
        assert abs(last.amount) == abs(size)
        assert (last.amount < 0) == (found["status"] == "D" and size != 0)
        assert (last.on, last.currency) == (found["date"], found["amount"]["currency"])
    number = wanted.get("statement_number")
    if number:
        assert statements[-1].number.split("/")[0] == number
    account = wanted.get("account_identification")
    if account:
        assert statements[-1].account == account.strip()


@pytest.mark.parametrize("name", sorted(NO_STATEMENT))
def test_a_file_without_fields_is_refused(name, mt940_files) -> None:
    assert _expected(mt940_files, name)["transactions"] == []

    with pytest.raises(errors.StatementUnreadable, match="no field of MT940"):
        _read(mt940_files, name)


READY = {
    "betterplace/sepa_mt9401", "betterplace/with_binary_character", "jejik/generic",
    "jejik/rabobank-iban", "jejik/sns", "mBank/mt940", "sberbank/171011_01234945",
    "self-provided/february_30", "self-provided/long_statement_number",
    "self-provided/transaction_details_wrapped", "self-provided/wrapped_timestamp",
}  # fmt: skip
CUT_SHORT = {
    "betterplace/sepa_snippet", "betterplace/sepa_snippet_broken", "jejik/abnamro", "jejik/ing",
    "jejik/knab", "jejik/postfinance", "jejik/rabobank", "jejik/triodos",
    "mBank/with_newline_in_tnr", "self-provided/details_60-63", "self-provided/malformed_details",
    "self-provided/overly_long_details", "self-provided/raiffeisen-cmi", "self-provided/whitespace",
}  # fmt: skip
"""Samples whose balances are those of a longer statement."""
NO_CURRENCY = {"self-provided/raphaelm"}


@pytest.mark.parametrize("name", sorted(set(FILES) - NO_STATEMENT))
def test_what_may_go_into_the_lake(name, mt940_files) -> None:
    statements = _read(mt940_files, name)

    def require_all() -> None:
        for number, statement in enumerate(statements, 1):
            require_complete(statement, statement.currency, name, number)

    if name in READY:
        require_all()
        return
    refusal = (
        errors.StatementUnbalanced
        if name in CUT_SHORT
        else errors.StatementInOtherCurrency
        if name in NO_CURRENCY
        else errors.StatementIncomplete
    )
    with pytest.raises(refusal):
        require_all()


def _golden(camt_files: Path, name: str) -> Any:
    return ast.literal_eval((camt_files / f"golden-{name}.pydata").read_text(encoding="utf-8"))


def test_the_valid_camt_file_is_as_expected(camt_files) -> None:
    currency, account, (wanted,) = _golden(camt_files, "camt053")

    (statement,) = read_statements(camt_files / "test-camt053.xml")

    assert (statement.currency, statement.account) == (currency, account)
    assert statement.number == wanted["name"]
    assert statement.opening is not None
    assert statement.closing is not None
    assert statement.opening.amount == Decimal(str(wanted["balance_start"]))
    assert statement.closing.amount == Decimal(str(wanted["balance_end_real"]))
    assert statement.closing.on.isoformat() == wanted["date"]
    facts = [
        {
            "amount": float(entry.amount),
            "date": entry.booked_on.isoformat(),
            "ref": entry.reference,
            "partner_name": entry.party.name,
            "account_number": entry.party.account,
            "transaction_type": entry.code.replace("/", "-"),
        }
        for entry in statement.entries
    ]
    assert facts == [{key: row[key] for key in facts[0]} for row in wanted["transactions"]]


def test_the_valid_camt_file_does_not_add_up(camt_files) -> None:
    (statement,) = read_statements(camt_files / "test-camt053.xml")

    with pytest.raises(
        errors.StatementUnbalanced, match=r"is -434\.16 away from closing 15121\.12"
    ):
        require_complete(statement, "EUR", "test-camt053.xml", 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test-camt053-no-ntry.xml", "line 22, BIC is not expected here; expected: BICFI,"),
        ("test-camt053-txdtls.xml", r"line 106, the text of Ctry breaks its rule \(pattern\)"),
    ],
)
def test_files_against_their_schema_are_refused(name, reason, camt_files) -> None:
    with pytest.raises(errors.StatementAgainstSchema, match=reason) as refused:
        read_statements(camt_files / name)

    assert refused.value.values["version"] == "camt.053.001.04"


def test_with_its_country_put_right_the_batch_is_as_expected(camt_files, tmp_path) -> None:
    _, _, (wanted,) = _golden(camt_files, "camt053-txdtls")
    text = (camt_files / "test-camt053-txdtls.xml").read_text(encoding="utf-8")
    text = text.replace("<Ctry>CH1</Ctry>", "<Ctry>CH</Ctry>").replace("CH2</Ctry>", "CH</Ctry>")
    path = tmp_path / "corrected.xml"
    path.write_text(text, encoding="utf-8")

    (statement,) = read_statements(path)

    assert statement.difference == 0
    facts = [(float(e.amount), e.reference, e.party.account) for e in statement.entries]
    assert facts == [(t["amount"], t["ref"], t["account_number"]) for t in wanted["transactions"]]
    assert [e.booked_on.isoformat() for e in statement.entries] == [
        t["date"] for t in wanted["transactions"]
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test-camt054.xml", r"it is a camt\.054\.001\.04 message; only camt\.053"),
        ("test-camt053.zip", "it is not text"),
    ],
)
def test_notifications_and_archives_are_refused(name, reason, camt_files) -> None:
    with pytest.raises(errors.StatementUnreadable, match=reason):
        read_statements(camt_files / name)
