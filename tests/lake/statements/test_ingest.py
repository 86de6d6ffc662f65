"""Statements in the lake: accounts held elsewhere, their transactions and balances, nobody's name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lake.statements.conftest import CAMT, MT940, camt_in, mt940_of
from tests.support.rows import row_of, write_csv

from kuaidai.data.features.compute import compute_batch
from kuaidai.data.lake import Lake
from kuaidai.data.lake.bank_statements import (
    Balance,
    Entry,
    Party,
    Statement,
    StatementFormat,
    errors,
    purposes,
    read_statements,
)
from kuaidai.data.lake.bank_statements.ingest import StatementIngest, ingest_statements
from kuaidai.data.lake.bank_statements.purposes import purpose_of
from kuaidai.data.lake.bank_statements.rows import daily_balances
from kuaidai.data.lake.bank_statements.tokens import Tokens
from kuaidai.kernel.identifiers import MalformedUscc

FIRM, OTHER_FIRM = "91110000600037341L", "92340621MA2UK3C369"
KEY = b"a key of the tests"


def _ingest(lake: Lake, path: Path, uscc: str | None = FIRM, **values) -> StatementIngest:
    return ingest_statements(lake, path, personal_key=KEY, uscc=uscc, **values)


def _rows(lake: Lake, dataset: str) -> list[dict[str, object]]:
    return lake.arrow(dataset).to_pylist()


def _transactions(lake: Lake) -> list[dict[str, object]]:
    return sorted(_rows(lake, "transactions"), key=lambda r: (r["booked_on"], r["sequence"]))


def _nothing_in(lake: Lake) -> bool:
    return not any(_rows(lake, name) for name in ("accounts", "transactions", "daily_balances"))


@pytest.mark.parametrize("path", [CAMT, MT940], ids=["camt.053", "MT940"])
def test_a_statement_becomes_rows(path, lake) -> None:
    done = _ingest(lake, path)

    assert (done.statements, done.entries) == (1, 6)
    (account,) = _rows(lake, "accounts")
    assert account == {
        "account_no": Tokens(KEY).account("INVENTED-ACCOUNT-0001"),
        "uscc": FIRM,
        "opened_on": date(2026, 6, 30),
        "kind": "general",
        "currency": "CNY",
        "held_at": "elsewhere",
    }
    shown = [
        (r["booked_on"].day, r["sequence"], r["direction"], r["amount"], r["purpose"], r["balance_after"])
        for r in _transactions(lake)
    ]  # fmt: skip
    assert shown == [
        (1, 0, "credit", Decimal(12000), "sales", Decimal(62000)),
        (1, 1, "debit", Decimal(8000), "purchase", Decimal(54000)),
        (3, 0, "debit", Decimal(1000), "payroll", Decimal(53000)),
        (3, 1, "debit", Decimal(2000), "payroll", Decimal(51000)),
        (6, 0, "credit", Decimal(500), "returned", Decimal(51500)),
        (10, 0, "debit", Decimal(1200), "cash", Decimal(50300)),
    ]
    balances = {r["balance_on"]: r["balance"] for r in _rows(lake, "daily_balances")}
    assert len(balances) == 11
    assert balances[date(2026, 6, 30)] == 50000
    assert balances[date(2026, 7, 2)] == 54000
    assert balances[date(2026, 7, 5)] == 51000
    assert balances[date(2026, 7, 10)] == 50300


def test_a_second_time_changes_nothing(lake) -> None:
    _ingest(lake, CAMT)
    before = lake.runs()

    again = _ingest(lake, CAMT)

    assert again.report.runs == ()
    assert again.report.skipped == ("invented_camt053.xml",)
    assert lake.runs() == before


def test_the_same_entries_in_the_other_format_are_the_same_transactions(lake) -> None:
    _ingest(lake, CAMT)
    before = [r["transaction_id"] for r in _transactions(lake)]

    _ingest(lake, MT940, uscc=None)

    assert [r["transaction_id"] for r in _transactions(lake)] == before


def test_entries_without_references_are_told_apart_and_known_again(lake, write) -> None:
    coffee = ":61:2607010701D5,00NMSC"
    day = mt940_of(coffee, coffee, coffee, closing="C260701CNY85,00")
    month = mt940_of(coffee, coffee, coffee, ":61:2607020702D5,00NMSC", closing="C260731CNY80,00")

    _ingest(lake, write(day, "day.sta"))
    assert len(_transactions(lake)) == 3
    _ingest(lake, write(month, "month.sta"))

    assert [(r["booked_on"].day, r["sequence"]) for r in _transactions(lake)] == [
        (1, 0), (1, 1), (1, 2), (2, 0),
    ]  # fmt: skip
    assert len(_rows(lake, "accounts")) == 1


def test_statements_that_follow_one_another_within_a_day_are_added_up(lake, write) -> None:
    coffee = ":61:2607010701D5,00NMSC"
    morning = mt940_of(coffee, closing="C260701CNY95,00")
    evening = mt940_of(coffee, opening="C260701CNY95,00", closing="C260701CNY90,00")

    _ingest(lake, write(morning + evening, "day.sta"))

    assert [r["sequence"] for r in _transactions(lake)] == [0, 1]
    balances = {r["balance_on"]: r["balance"] for r in _rows(lake, "daily_balances")}
    assert balances == {date(2026, 6, 30): 100, date(2026, 7, 1): 90}


def test_an_earlier_statement_moves_the_first_day_of_the_account_back(lake, write) -> None:
    _ingest(lake, write(mt940_of(), "july.sta"))
    june = mt940_of(opening="C260531CNY100,00", closing="C260630CNY100,00")

    _ingest(lake, write(june, "june.sta"), uscc=None)
    _ingest(lake, write(mt940_of(closing="C260702CNY100,00"), "more.sta"), uscc=None)

    assert [r["opened_on"] for r in _rows(lake, "accounts")] == [date(2026, 5, 31)]


def test_payments_between_own_accounts(lake, write) -> None:
    here = row_of("accounts", account_no="990001", uscc=FIRM, currency="CNY")
    lake.ingest(write_csv(write("", "accounts.csv"), [here]))
    _ingest(lake, CAMT)
    text = mt940_of(
        ":61:2607010701D7,00NTRFA", ":86:/IBAN/990001/NAME/Invented Firm 0001",
        ":61:2607010701C7,00NTRFB", ":86:166?00X?31INVENTED-ACCOUNT-0001?32Invented Firm 0001",
        ":61:2607010701C1,00NTRFC", ":86:/IBAN/990002/NAME/Invented Buyer",
        closing="C260701CNY101,00",
    )  # fmt: skip

    _ingest(lake, write(text, "own.sta"))

    own = Tokens(KEY).account("INVENTED-ACCOUNT-0009")
    found = [r["purpose"] for r in _transactions(lake) if r["account_no"] == own]
    assert found == ["transfer_own", "transfer_own", "other"]


def test_a_delivery_is_known_from_the_day_it_came(lake) -> None:
    _ingest(lake, CAMT, received_on=date(2026, 7, 20))

    assert {run.received_on for run in lake.runs()} == {date(2026, 7, 20)}


@pytest.mark.parametrize("path", [CAMT, MT940], ids=["camt.053", "MT940"])
def test_no_personal_data_reaches_the_lake(path, lake, write) -> None:
    named = write(path.read_bytes(), f"INVENTED-ACCOUNT-0001{path.suffix}")

    _ingest(lake, named)

    texts = []
    root = Path(str(lake.root))
    for file in root.rglob("*"):
        assert "INVENTED" not in str(file.relative_to(root))
        if file.suffix == ".parquet":
            texts.append(str(pq.read_table(file, partitioning=None).to_pydict()))
        elif file.is_file():
            texts.append(file.read_text(encoding="utf-8"))
    assert len(texts) > 3
    for word in ("invented", "goods", "inv-1", "wage-1", "bk1"):
        assert not [text for text in texts if word in text.lower()]


def test_tokens_need_the_key() -> None:
    one, other = Tokens(b"one"), Tokens(b"other")

    assert one.account("XX00 1234") == one.account("xx001234")
    assert one.account("XX001234") != other.account("XX001234")
    assert one.party(Party("Name", "XX001234")) == one.account("XX001234")
    assert one.party(Party("Invented  buyer")) == one.party(Party("INVENTED BUYER"))
    assert one.party(Party()) is None
    assert one.transaction("a", "bc") != one.transaction("ab", "c")


@pytest.mark.parametrize(
    ("content", "values", "refusal", "reason"),
    [
        (mt940_of(), {"uscc": None}, errors.WhoseAccount, "statement 1 is of an account"),
        (mt940_of(), {"uscc": "91110000600037341N"}, MalformedUscc, "check digit"),
        (mt940_of(), {"currency": "cny"}, errors.WrongCurrency, "ISO 4217"),
        (mt940_of(), {"currency": "EUR"}, errors.StatementInOtherCurrency, "is in CNY, not EUR"),
        (mt940_of(closing="C260701CNY99,99"), {}, errors.StatementUnbalanced, "is -0.01 away"),
        (mt940_of(closing="D260701CNY100,00"), {}, errors.StatementUnbalanced, "is -200.00 away"),
        (mt940_of(closing="C260629CNY100,00"), {}, errors.StatementIncomplete, "before it opens"),
        (mt940_of().replace(":25:", ":21:"), {}, errors.StatementIncomplete, "names no account"),
        (mt940_of().replace(":60F", ":65"), {}, errors.StatementIncomplete, "no booked opening"),
        (mt940_of().replace(":62F", ":64"), {}, errors.StatementIncomplete, "no booked closing"),
        (
            mt940_of(":61:260701C0,005NTRFX", closing="C260701CNY100,005"),
            {},
            errors.StatementIncomplete,
            "entry 1 has more than two decimals",
        ),
        (
            mt940_of() + mt940_of(opening="C260701USD1,", closing="C260701USD1,"),
            {},
            errors.StatementInOtherCurrency,
            "statement 2 is in USD, not CNY",
        ),
    ],
)
def test_refused_whole(content, values, refusal, reason, lake, write) -> None:
    with pytest.raises(refusal) as refused:
        _ingest(lake, write(content, "s.sta"), **values)

    assert reason in str(refused.value)
    assert "INVENTED" not in refused.value.text("en") + refused.value.text("zh")
    assert _nothing_in(lake)


def test_an_entry_in_another_currency_is_refused(lake, write) -> None:
    text = camt_in("08").replace('<Amt Ccy="CNY">500.00', '<Amt Ccy="USD">500.00')

    with pytest.raises(errors.StatementInOtherCurrency):
        _ingest(lake, write(text))

    assert _nothing_in(lake)


def test_another_firms_account_is_refused(lake, write) -> None:
    _ingest(lake, CAMT)
    before = lake.runs()
    mixed = mt940_of() + MT940.read_text(encoding="utf-8").partition("\n")[2]

    with pytest.raises(errors.AccountOfAnother, match="statement 2") as refused:
        _ingest(lake, write(mixed, "s.sta"), uscc=OTHER_FIRM)

    assert (refused.value.values["found"], refused.value.values["wanted"]) == (FIRM, OTHER_FIRM)
    assert lake.runs() == before


@pytest.mark.parametrize("number", ["INVENTED-ACCOUNT-0009", "10020030/INVENTED-ACCOUNT-0009"])
def test_an_account_of_this_bank_is_refused(number, lake, write) -> None:
    here = row_of("accounts", account_no="INVENTED-ACCOUNT-0009", uscc=FIRM, currency="CNY")
    lake.ingest(write_csv(write("", "accounts.csv"), [here]))

    with pytest.raises(errors.AccountKeptHere, match="statement 1"):
        _ingest(lake, write(mt940_of().replace("INVENTED-ACCOUNT-0009", number), "s.sta"))


def _entry(amount: int, **values: object) -> Entry:
    day = date(2026, 7, 1)
    return replace(Entry(day, day, Decimal(amount), "CNY"), **values)


@pytest.mark.parametrize(
    ("entry", "purpose"),
    [
        (_entry(5), "other"),
        (_entry(5, purpose_code="GDDS"), "sales"),
        (_entry(-5, purpose_code="GDDS"), "purchase"),
        (_entry(-5, purpose_code="SALA"), "payroll"),
        (_entry(5, purpose_code="SALA"), "other"),
        (_entry(-5, purpose_code="TAXS", code="PMNT/ICDT/DMCT"), "tax"),
        (_entry(5, purpose_code="GDDS", reversal=True), "returned"),
        (_entry(-5, code="PMNT/RDDT/UPDD"), "returned"),
        (_entry(-5, code="PMNT/CNTR/CWDL"), "cash"),
        (_entry(5, code="PMNT/MCRD/POSP"), "sales"),
        (_entry(-5, code="PMNT/MCRD/POSP"), "other"),
        (_entry(5, code="LDAS/FTLN/DDWN"), "loan_in"),
        (_entry(-5, code="LDAS/FTLN/PPAY"), "loan_repayment"),
        (_entry(5, code="LDAS/FTLN/INTR"), "other"),
        (_entry(-5, code="CAMT/ACCB/ZABA"), "transfer_own"),
        (_entry(-5, code="PMNT/ICDT/TAXE"), "tax"),
        (_entry(5, code="NRTI"), "returned"),
        (_entry(-5, code="FCMZ"), "transfer_own"),
        (_entry(5, code="NLDP"), "loan_in"),
        (_entry(-5, code="NTRF", bank_code="109"), "returned"),
        (_entry(-5, code="NTRF", bank_code="105"), "other"),
        (_entry(-5, code="PMNT"), "other"),
    ],
)
def test_purposes_by_code(entry, purpose) -> None:
    assert purpose_of(entry) == purpose


def test_the_page_names_every_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "bank-statements.md").read_text(encoding="utf-8")
    tables = (
        purposes.TRADE,
        purposes.BY_PURPOSE_CODE,
        [family.partition("/")[2] for family in purposes.LENDING],
        purposes.BY_FAMILY,
        purposes.BY_SUBFAMILY,
        purposes.BY_MT940_TYPE,
        purposes.BY_GERMAN_CODE,
    )

    assert [code for table in tables for code in table if not re.search(rf"\b{code}\b", page)] == []


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(-(10**6), 10**6)), max_size=30),
    st.integers(-(10**6), 10**6),
)
def test_daily_balances_end_on_the_closing_balance(moves, start) -> None:
    first = date(2026, 7, 1)
    entries = tuple(_entry(amount, booked_on=first + timedelta(days=day)) for day, amount in moves)
    end = Decimal(start + sum(amount for _, amount in moves))
    statement = Statement(
        StatementFormat.MT940, "1", "X", "CNY",
        Balance(first, Decimal(start), "CNY"),
        Balance(first + timedelta(days=20), end, "CNY"),
        entries,
    )  # fmt: skip

    found = dict(daily_balances(statement))

    assert len(found) == 21
    assert found[first + timedelta(days=20)] == end
    for day in range(20):
        until = sum(amount for on, amount in moves if on <= day)
        assert found[first + timedelta(days=day)] == start + until


def test_days_outside_of_the_period_give_the_closing_balance_only() -> None:
    (statement,) = read_statements(MT940)
    closing = statement.closing
    assert closing is not None
    early = replace(statement.entries[0], booked_on=date(2026, 6, 1))

    odd = replace(statement, entries=(early, *statement.entries[1:]))

    assert dict(daily_balances(odd)) == {closing.on: closing.amount}
    page = replace(odd, closing=replace(closing, final=False))
    assert dict(daily_balances(page)) == {}


def test_features_see_the_account_elsewhere(lake) -> None:
    _ingest(lake, CAMT)
    subjects = pa.table(
        {
            "uscc": [FIRM],
            "person_id": pa.array([None], pa.string()),
            "observed_on": [date(2026, 8, 1)],
        }
    )

    (row,) = compute_batch(lake, subjects).to_pylist()

    assert row["credit_turnover_12m"] == 12000  # the returned payment is no income
    assert row["transactions_12m"] == 6
    assert row["returned_debits_6m"] == 1
    assert row["balance_minimum_6m"] == 50000
