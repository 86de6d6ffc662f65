"""The sandbox over HTTP: signatures, authorisations, faults, and money that never goes missing."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from kuaidai.data.lake.datasets import DATASETS, PLATFORM_DATASETS
from kuaidai.data.lake.messages import report_schema, rows_to_tables
from kuaidai.kernel.signed_http import sign
from kuaidai.simulator.sandbox.app import AUTHORISATION_KINDS, Sandbox
from kuaidai.simulator.sandbox.bank_core import LENDER, BankCore, Order
from kuaidai.simulator.sandbox.server import LARGEST_BODY, listen, open_sandbox

KEY = "test-key"
AS_OF = "2026-11-23"


class Caller:
    """Signs and sends requests to a running sandbox."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = KEY,
        at: datetime | None = None,
    ) -> httpx.Response:
        content = b"" if body is None else json.dumps(body).encode()
        headers = sign(
            method, path, content, key=key, now=at or datetime.now(UTC), nonce=secrets.token_hex(8)
        )
        return self.client.request(method, path, content=content, headers=headers)

    def report(self, platform: str, subject: dict[str, str], **changes: Any) -> httpx.Response:
        body = {
            "uscc": subject["uscc"],
            "resident_id": subject["resident_id"],
            "person_name": subject["name"],
            "as_of": AS_OF,
            "authorisation": {
                "id": "AUT-1",
                "kind": AUTHORISATION_KINDS[platform],
                "text_hash": "0" * 64,
            },
        }
        return self.send("POST", f"/{platform.replace('_', '-')}/reports", body | changes)

    def fault(self, platform: str, mode: str, seconds: float = 5) -> None:
        body = {"platform": platform, "mode": mode, "seconds": seconds}
        self.client.post("/faults", json=body).raise_for_status()


@pytest.fixture(scope="module")
def opened(drop: Path, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The drop opened once; each test gets its own bank, faults and inbox over it."""
    return open_sandbox(drop, state=tmp_path_factory.mktemp("opened") / "money.sqlite", key=KEY)


@pytest.fixture
def sandbox(opened: Sandbox, tmp_path: Path) -> Sandbox:
    bank = BankCore(tmp_path / "money.sqlite", opened.archive.opening_balances())
    return Sandbox(opened.archive, bank, KEY)


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    server = listen(sandbox, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}") as client:
        yield Caller(client)
    server.shutdown()
    thread.join()
    server.server_close()
    sandbox.bank.close()


@pytest.fixture(scope="module")
def subjects(drop: Path) -> list[dict[str, str]]:
    rows = pq.read_table(drop / "owners.parquet").to_pylist()
    return [row for row in rows if row["role"] == "legal_representative"]


@pytest.mark.parametrize("platform", PLATFORM_DATASETS)
def test_a_report_fits_its_schema_and_holds_the_drops_rows(
    caller: Caller, drop: Path, subjects: list[dict[str, str]], platform: str
) -> None:
    subject = subjects[3]
    response = caller.report(platform, subject)

    assert response.status_code == 200
    report = response.json()
    assert list(Draft202012Validator(report_schema(platform)).iter_errors(report)) == []
    assert report["subject"] == {"uscc": subject["uscc"], "person_id": subject["person_id"]}
    tables = rows_to_tables(report["datasets"])
    for name in PLATFORM_DATASETS[platform]:
        whole = pq.read_table(drop / f"{name}.parquet")
        names = {column.name for column in DATASETS[name].columns}
        who = {subject["uscc"], subject["person_id"]} if name != "owners" else {subject["uscc"]}
        column = next(c for c in ("subject", "uscc", "person_id") if c in names)
        expected = whole.filter([value in who for value in whole[column].to_pylist()])
        public = [c.name for c in DATASETS[name].columns if not c.personal]
        assert tables[name].select(public).equals(expected.select(public)), name


def test_a_report_holds_nothing_known_after_its_date(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    report = caller.report("bank_core", subjects[0], as_of="2025-12-31").json()
    for name, rows in report["datasets"].items():
        days = [row[DATASETS[name].event_date] for row in rows]
        assert all(day <= "2025-12-31" for day in days), name
    assert report["datasets"]["daily_balances"]


def test_personal_columns_stay_with_the_platform(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    subject = subjects[0]
    response = caller.report("registry", subject)
    assert response.json()["datasets"]["owners"]
    for secret in (subject["resident_id"], subject["phone"], subject["name"]):
        assert secret not in response.text


def test_queries_without_a_good_signature_are_refused(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    body = {"uscc": subjects[0]["uscc"]}
    unsigned = caller.client.post("/tax/reports", json=body)
    wrong_key = caller.send("POST", "/tax/reports", body, key="another key")
    old = caller.send("POST", "/tax/reports", body, at=datetime.now(UTC) - timedelta(minutes=10))
    assert [unsigned.status_code, wrong_key.status_code, old.status_code] == [401, 401, 401]
    assert old.headers["content-type"] == "application/problem+json"


def test_a_signed_request_works_once(caller: Caller) -> None:
    content = json.dumps({"to": "19900000001", "text": "hello"}).encode()
    headers = sign(
        "POST", "/sms/messages", content, key=KEY, now=datetime.now(UTC), nonce="same-nonce"
    )
    first, second = (
        caller.client.post("/sms/messages", content=content, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 401)
    assert second.json()["code"] == "replayed"


def test_unknown_subjects_and_missing_authorisations_are_told_apart(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    firm, other = subjects[0], subjects[40]
    unknown_firm = caller.report("tax", firm | {"uscc": "91320000KD9999990A"})
    not_the_owner = caller.report("tax", firm | {"resident_id": other["resident_id"]})
    none = caller.report("tax", firm, authorisation=None)
    wrong = caller.report(
        "tax", firm, authorisation={"id": "A", "kind": "personal_bureau", "text_hash": "x"}
    )
    bad_date = caller.report("tax", firm, as_of="23/11/2026")
    answers = [unknown_firm, not_the_owner, none, wrong, bad_date]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (404, "unknown-firm"),
        (404, "unknown-person"),
        (403, "no-authorisation"),
        (403, "wrong-authorisation"),
        (422, "malformed-as-of"),
    ]


def test_faults_do_what_they_say_and_can_be_lifted(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    subject = subjects[5]
    caller.fault("tax", "down")
    assert caller.report("tax", subject).status_code == 503
    assert caller.report("courts", subject).status_code == 200
    caller.fault("tax", "malformed")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        caller.report("tax", subject).json()
    caller.fault("tax", "schema")
    broken = caller.report("tax", subject).json()
    assert list(Draft202012Validator(report_schema("tax")).iter_errors(broken))
    caller.fault("tax", "lying")
    lie = caller.report("tax", subject).json()
    assert lie["subject"]["uscc"] != subject["uscc"]
    caller.fault("tax", "slow", 0.4)
    started = time.monotonic()
    assert caller.report("tax", subject).status_code == 200
    assert time.monotonic() - started >= 0.4
    caller.fault("tax", "ok")
    assert caller.report("tax", subject).json()["subject"]["uscc"] == subject["uscc"]


@pytest.mark.parametrize(
    "body",
    [
        {"platform": "weather", "mode": "down"},
        {"platform": "tax", "mode": "sulking"},
        {"platform": "tax", "mode": "slow", "seconds": 999},
        {"platform": "tax", "mode": "slow", "seconds": "long"},
    ],
)
def test_faults_that_make_no_sense_are_refused(caller: Caller, body: dict[str, Any]) -> None:
    assert caller.client.post("/faults", json=body).status_code == 422


def _order(account: str, amount: str, **changes: Any) -> dict[str, Any]:
    body = {
        "key": secrets.token_hex(6),
        "from_account": LENDER,
        "to_account": account,
        "amount": amount,
        "memo": "drawdown",
        "on": AS_OF,
    }
    return body | changes


def _account(caller: Caller, uscc: str) -> tuple[str, Decimal]:
    (account,) = caller.send("GET", f"/bank-core/accounts/{uscc}").json()
    return account["account_no"], Decimal(account["balance"])


def test_accounts_open_at_the_last_balance_of_the_drop(
    caller: Caller, drop: Path, subjects: list[dict[str, str]]
) -> None:
    uscc = subjects[7]["uscc"]
    rows = pq.read_table(drop / "daily_balances.parquet", filters=[("uscc", "=", uscc)]).to_pylist()
    expected = max(rows, key=lambda row: row["balance_on"])["balance"]
    assert _account(caller, uscc)[1] == expected


def test_a_transfer_arrives_once_however_often_it_is_sent(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    uscc = subjects[1]["uscc"]
    number, before = _account(caller, uscc)
    order = _order(number, "50000.00")

    answers = [caller.send("POST", "/bank-core/transfers", order).json() for _ in range(3)]
    reused = caller.send("POST", "/bank-core/transfers", order | {"amount": "60000.00"})

    assert answers[0]["status"] == "settled"
    assert answers[1:] == answers[:1] * 2
    assert reused.status_code == 422
    assert caller.send("GET", f"/bank-core/transfers/{order['key']}").json() == answers[0]
    assert _account(caller, uscc)[1] == before + 50_000
    (entry,) = caller.send("GET", f"/bank-core/accounts/{number}/entries").json()
    assert (entry["direction"], entry["amount"], entry["memo"]) == (
        "credit",
        "50000.00",
        "drawdown",
    )


def test_a_lost_answer_leaves_the_outcome_to_be_asked_for(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    number, before = _account(caller, subjects[2]["uscc"])
    order = _order(number, "1000.00")
    caller.fault("bank_money", "lost")
    assert caller.send("POST", "/bank-core/transfers", order).status_code == 503
    caller.fault("bank_money", "ok")
    assert caller.send("GET", f"/bank-core/transfers/{order['key']}").json()["status"] == "settled"
    assert _account(caller, subjects[2]["uscc"])[1] == before + 1000
    assert caller.send("GET", "/bank-core/transfers/never-sent").status_code == 404


def test_a_debit_above_the_balance_is_rejected_or_settled_in_part(
    caller: Caller, subjects: list[dict[str, str]]
) -> None:
    uscc = subjects[4]["uscc"]
    number, balance = _account(caller, uscc)
    too_much = {"from_account": number, "to_account": LENDER, "amount": f"{balance + 100:.2f}"}

    whole = caller.send("POST", "/bank-core/debits", _order(number, "1") | too_much).json()
    part = caller.send(
        "POST", "/bank-core/debits", _order(number, "1", partial=True) | too_much
    ).json()
    empty = caller.send(
        "POST", "/bank-core/debits", _order(number, "1", partial=True) | too_much
    ).json()

    assert (whole["status"], whole["reason"]) == ("rejected", "insufficient_funds")
    assert (part["status"], Decimal(part["settled_amount"])) == ("settled", balance)
    assert (empty["status"], empty["settled_amount"]) == ("rejected", "0.00")
    assert _account(caller, uscc)[1] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1.234"},
        {"amount": "1e9"},
        {"amount": 5},
        {"key": ""},
        {"on": "yesterday"},
        {"memo": "x" * 600},
    ],
)
def test_malformed_orders_change_nothing(
    caller: Caller, subjects: list[dict[str, str]], change: dict[str, Any]
) -> None:
    number, before = _account(caller, subjects[6]["uscc"])
    response = caller.send("POST", "/bank-core/transfers", _order(number, "10.00") | change)
    assert response.status_code == 422
    assert _account(caller, subjects[6]["uscc"])[1] == before


def test_unknown_accounts_are_rejected(caller: Caller) -> None:
    answer = caller.send("POST", "/bank-core/transfers", _order("no-such-account", "10.00")).json()
    assert (answer["status"], answer["reason"]) == ("rejected", "unknown_account")
    assert caller.send("GET", "/bank-core/accounts/nobody").status_code == 404
    assert caller.send("GET", "/bank-core/accounts/nobody/entries").status_code == 404


def _debit(key: str, cents: int) -> Order:
    return Order(key, "A1", LENDER, cents, "due", date(2026, 11, 20), partial=False)


def test_concurrent_debits_never_overdraw(tmp_path: Path) -> None:
    bank = BankCore(tmp_path / "bank.sqlite", [("A1", "F1", 100_000)])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: bank.move(_debit(f"d{n}", 7_000)), range(60)))

    settled = [answer for answer in answers if answer["status"] == "settled"]
    assert len(settled) == 14  # 14 × 70.00 = 980.00 of 1,000.00
    assert bank.accounts("F1") == [{"account_no": "A1", "balance": "20.00", "held": "0.00"}]
    assert bank.entries(LENDER)[0]["balance"] == "10000000980.00"


def test_one_key_sent_from_many_threads_moves_money_once(tmp_path: Path) -> None:
    bank = BankCore(tmp_path / "bank.sqlite", [("A1", "F1", 100_000)])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bank.move(_debit("same", 30_000)), range(24)))
    assert all(answer == answers[0] for answer in answers)
    assert bank.accounts("F1")[0]["balance"] == "700.00"


def test_money_survives_a_restart_and_a_new_drop_starts_afresh(tmp_path: Path) -> None:
    path, opening = tmp_path / "bank.sqlite", [("A1", "F1", 100_000)]
    first = BankCore(path, opening)
    first.move(_debit("d1", 25_000))
    first.close()

    again = BankCore(path, opening)
    assert again.accounts("F1")[0]["balance"] == "750.00"
    assert again.outcome("d1")["status"] == "settled"
    again.close()
    fresh = BankCore(path, [("A1", "F1", 5_000)])
    assert fresh.accounts("F1")[0]["balance"] == "50.00"
    assert fresh.entries("A1") == []


def test_the_inbox_shows_messages_newest_first_and_escaped(caller: Caller) -> None:
    for text in ("first <b>", "second"):
        caller.send("POST", "/sms/messages", {"to": "19900000001", "text": text})
    caller.send("POST", "/sms/messages", {"to": "19900000002", "text": "third"})

    mine = caller.client.get("/sms/messages", params={"to": "19900000001"}).json()
    page = caller.client.get("/sms")

    assert [message["text"] for message in mine] == ["second", "first <b>"]
    assert page.text.index("third") < page.text.index("second") < page.text.index("first &lt;b&gt;")
    assert 'http-equiv="refresh"' in page.text
    bad = caller.send("POST", "/sms/messages", {"to": "110", "text": "x"})
    long = caller.send("POST", "/sms/messages", {"to": "19900000001", "text": "x" * 2000})
    assert (bad.status_code, long.status_code) == (422, 422)


def test_the_inbox_is_bounded(sandbox: Sandbox) -> None:
    for number in range(600):
        sandbox.inbox.receive({"to": "19900000001", "text": f"message {number}"})
    kept = sandbox.inbox.messages()
    assert len(kept) == 500
    assert kept[0]["text"] == "message 599"


def test_health_size_limits_and_strange_paths(caller: Caller) -> None:
    assert caller.client.get("/health").json() == {"status": "ok", "firms": 500}
    assert caller.client.get("/nowhere").status_code == 404
    assert caller.client.get("/tax/reports").status_code == 405
    too_large = caller.client.post("/faults", content=b"x" * (LARGEST_BODY + 1))
    assert too_large.status_code == 413
    assert caller.client.post("/faults", content=b"not json").status_code == 400


def test_a_folder_that_is_no_drop_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is not a drop.*kuaidai simulate"):
        open_sandbox(tmp_path, state=tmp_path / "money.sqlite", key=KEY)


@pytest.fixture
def run() -> Callable[..., Any]:
    from kuaidai.interfaces.cli import sandbox as sandbox_cli
    from kuaidai.interfaces.cli import simulate as simulate_cli

    def invoke(command: str, *arguments: str) -> Any:
        app = simulate_cli.app if command == "simulate" else sandbox_cli.app
        return CliRunner().invoke(app, list(arguments))

    return invoke


def test_simulate_writes_a_drop_and_tells_its_rows(run: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "drop"
    arguments = (
        "--firms",
        "30",
        "--months",
        "3",
        "--ends-on",
        "2026-10-31",
        "--out",
        str(out),
        "--json",
    )
    result = run("simulate", *arguments)
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["rows"]["accounts"] == 30
    assert pq.read_table(out / "accounts.parquet").num_rows == 30
    assert (out / "cast.json").exists()


def test_sandbox_refuses_a_fault_it_does_not_know(run: Callable[..., Any], drop: Path) -> None:
    from kuaidai.interfaces.cli.sandbox import WrongFault

    result = run("sandbox", "--drop", str(drop), "--fault", "tax=sulking")
    assert isinstance(result.exception, WrongFault)
    assert "tax=sulking" in str(result.exception)
