"""One query of one platform over real HTTP: what is sent, and every way an answer can be wrong."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime

import pytest
from tests.support.answering import Reply, answering_server
from tests.support.people import OTHER_USCC, RESIDENT_ID, USCC

from kuaidai.data.sources import connector
from kuaidai.data.sources.connector import Platform, query
from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.data.sources.domain.subject import Subject
from kuaidai.data.sources.domain.views import ReportStatus
from kuaidai.kernel.signed_http import verify
from kuaidai.parties.domain.views import AuthorisationView

ON = date(2026, 6, 30)
KEY = "shared-key"
SUBJECT = Subject(USCC, "示范商贸有限公司", "P1", "示例", RESIDENT_ID)
AUTHORISATION = AuthorisationView(
    "AUT-1", "registry_and_courts", USCC, "P1", "2026-1", "f" * 64, "zh-hans", ("application",),
    datetime(2026, 6, 30, tzinfo=UTC), ON, date(2028, 6, 30), None, "portal",
)  # fmt: skip


@pytest.fixture(autouse=True)
def closed_breakers(monkeypatch):
    """Breakers that no other test has opened."""
    fresh = {source: CircuitBreaker() for source in connector.PATH_OF}
    monkeypatch.setattr(connector, "_BREAKERS", fresh)
    return fresh


@pytest.fixture
def server():
    with answering_server() as running:
        yield running


def filing(period: str = "2026-05-01", **changes: object) -> dict[str, object]:
    return {
        "uscc": USCC, "period": period, "filed_on": "2026-06-10", "due_on": "2026-06-15",
        "sales_declared": "100000.00", "vat_declared": "1000.00", "cit_declared": "0.00",
        "tax_paid": "1000.00", "tax_relieved": "0.00", "arrears": "0.00", **changes,
    }  # fmt: skip


def report(filings: list[dict[str, object]] | None = None, **changes: object) -> dict[str, object]:
    return {
        "platform": "tax",
        "subject": {"uscc": USCC, "person_id": "P1"},
        "as_of": "2026-06-30",
        "datasets": {
            "tax_filings": [filing()] if filings is None else filings,
            "tax_ratings": [],
            "invoices": [],
        },
        **changes,
    }


def ask(server, timeout_s: float = 5.0):
    return query(Platform(server.url, KEY, timeout_s), "tax", SUBJECT, AUTHORISATION, ON)


def answers(server, value: object, status: int = 200) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    server.answer = lambda _: Reply(status, body)


def test_query_is_signed_and_carries_the_authorisation(server):
    answers(server, report())

    answer = ask(server)

    (request,) = server.received
    assert request.path == "/tax/reports"
    verify("POST", request.path, request.body, request.headers, key=KEY, now=datetime.now(UTC))
    assert json.loads(request.body) == {
        "uscc": USCC,
        "resident_id": RESIDENT_ID,
        "person_name": "示例",
        "as_of": "2026-06-30",
        "authorisation": {"id": "AUT-1", "kind": "registry_and_courts", "text_hash": "f" * 64},
    }
    assert answer.status is ReportStatus.RECEIVED
    assert answer.rows == {"tax_filings": 1, "tax_ratings": 0, "invoices": 0}
    assert json.loads(answer.payload) == report()
    assert (answer.attempts, answer.error_en, answer.error_zh) == (1, "", "")


def test_a_platform_that_stumbles_once_is_asked_again_with_a_fresh_nonce(server):
    replies = [Reply(503), Reply(200, json.dumps(report()).encode())]
    server.answer = lambda _: replies.pop(0)

    answer = ask(server)

    assert (answer.status, answer.attempts) == (ReportStatus.RECEIVED, 2)
    first, second = (request.headers["X-Kuaidai-Nonce"] for request in server.received)
    assert first != second


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_platform_that_stays_down_is_asked_three_times(server, status):
    answers(server, b"", status)

    answer = ask(server)

    assert (answer.status, answer.attempts, answer.payload) == (ReportStatus.FAILED, 3, None)
    assert f"HTTP {status}" in answer.error_en
    assert f"HTTP {status}" in answer.error_zh


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_not_repeated(server, status):
    answers(server, {"title": "no"}, status)

    answer = ask(server)

    assert (answer.status, answer.attempts) == (ReportStatus.FAILED, 1)
    assert f"HTTP {status}" in answer.error_en


def test_nobody_listening_is_a_failure_and_not_an_exception():
    answer = query(Platform("http://127.0.0.1:9", KEY), "tax", SUBJECT, AUTHORISATION, ON)

    assert (answer.status, answer.attempts) == (ReportStatus.FAILED, 3)
    assert "ConnectError" in answer.error_en


@pytest.mark.parametrize(("pieces", "pause_s"), [(1, 3.0), (100, 0.1)])
def test_slow_and_trickling_answers_are_given_up_in_time(server, pieces, pause_s):
    body = json.dumps(report()).encode()
    server.answer = lambda _: Reply(200, body, pieces, pause_s)
    started = time.monotonic()

    answer = ask(server, timeout_s=0.3)

    assert answer.status is ReportStatus.FAILED
    assert time.monotonic() - started < 2.5


def test_open_circuit_spares_the_platform(server, closed_breakers):
    answers(server, b"", 503)
    for _ in range(2):
        ask(server)
    before = len(server.received)

    answer = ask(server)

    assert before == 5  # three tries, then two until the circuit opened
    assert len(server.received) == before
    assert (answer.status, answer.attempts) == (ReportStatus.FAILED, 0)
    assert "left alone" in answer.error_en
    assert closed_breakers["courts"].allows()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "not JSON"),
        (json.dumps(report()).encode()[:200], "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"platform": NaN}', "not JSON"),
        (b'{"platform": 1e999}', "not JSON"),
        (b"[]", "does not fit the schema"),
        (report(platform="courts"), "platform does not fit the schema"),
        (report(as_of=20260630), "as_of does not fit the schema"),
        (report(datasets={"tax_filings": []}), "datasets does not fit the schema"),
        (report([filing(surprise=1)]), "datasets/tax_filings/0 does not fit the schema"),
        (report([filing(tax_paid="1,000.00")]), "datasets/tax_filings/0/tax_paid does not fit"),
        (report([filing(tax_paid="-1.00")]), "datasets/tax_filings/0/tax_paid does not fit"),
        (report([filing(tax_paid=1000.0)]), "datasets/tax_filings/0/tax_paid does not fit"),
        (report([filing(tax_paid=None)]), "datasets/tax_filings/0/tax_paid does not fit"),
        (report([filing("2026-02-30")]), "a value cannot be read"),
        (report(subject={"uscc": OTHER_USCC}), "about another firm"),
        (report(subject={"uscc": USCC, "person_id": "P2"}), "about another person"),
        (report([filing(), filing(uscc=OTHER_USCC)]), "tax_filings holds a row about another firm"),
        (report([filing(), filing()]), "tax_filings holds the same row twice"),
        (report(as_of="2026-07-01"), "after the business date"),
        (report(as_of="2026-05-29"), "more than 31 days ago"),
    ],
)
def test_wrong_answers_are_invalid_as_a_whole_and_say_why(server, body, fault):
    answers(server, body)

    answer = ask(server)

    assert answer.status is ReportStatus.INVALID
    assert fault in answer.error_en
    assert fault in answer.error_zh
    assert answer.rows == {}
    assert answer.attempts == 1


def test_answer_without_end_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(connector, "MOST_BYTES", 1000)
    answers(server, b"x" * 1_000_000)

    answer = ask(server)

    assert answer.status is ReportStatus.INVALID
    assert "larger than 1000 bytes" in answer.error_en
    assert len(answer.payload) == 1000
