"""The gateway to the bank core, over real HTTP, against a core that errs in every way."""

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.kernel.signed_http import verify
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.gateway import wire

pytestmark = pytest.mark.django_db
KEY = "gateway-test-key"
ON = date(2026, 7, 1)
SETTLED = (200, {"key": "K-1", "status": "settled", "settled_amount": "100.00", "reason": ""})
UNKNOWN = (404, {"code": "unknown-key", "detail": "no order with this key has come"})


class Core(ThreadingHTTPServer):
    """Answers POST and GET as told, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.post, self.get = SETTLED, UNKNOWN
        self.asked: list[tuple[str, str, dict]] = []
        self.signed: list[bool] = []
        self.release = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Core

    def _answer(self, method, told):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            verify(method, self.path, body, dict(self.headers), key=KEY, now=datetime.now(UTC))
            self.server.signed.append(True)
        except Exception:
            self.server.signed.append(False)
        self.server.asked.append((method, self.path, json.loads(body) if body else {}))
        status, said = told
        if said == "silence":
            self.server.release.wait(5)
            return
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        self._answer("POST", self.server.post)

    def do_GET(self):
        self._answer("GET", self.server.get)

    def log_message(self, *args):
        pass


@pytest.fixture
def core(settings, monkeypatch):
    server = Core()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    settings.KUAIDAI = replace(
        settings.KUAIDAI,
        platform_url=f"http://127.0.0.1:{server.server_address[1]}",
        platform_key=KEY,
    )
    monkeypatch.setattr(wire, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(wire, "BREAKER", CircuitBreaker())
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def pay():
    return bank_core.transfer_out(
        key="K-1", to_account="A-1", amount=Decimal("100.00"), memo="Loan", on=ON
    )


def test_an_order_is_signed_and_says_all_the_core_needs(core) -> None:
    moved = pay()
    assert (moved.is_settled, str(moved.settled)) == (True, "100.00")
    assert core.signed == [True]
    assert core.asked == [
        (
            "POST",
            "/bank-core/transfers",
            {
                "key": "K-1", "from_account": "LENDER", "to_account": "A-1", "amount": "100.00",
                "memo": "Loan", "on": "2026-07-01", "sent_on": "2026-07-01",
            },
        )
    ]  # fmt: skip


def test_a_partial_debit_says_how_much_came(core) -> None:
    core.post = (200, {**SETTLED[1], "settled_amount": "40.00"})
    moved = bank_core.debit(
        key="K-1", from_account="A-1", amount=Decimal(100), memo="", on=ON, partial=True
    )
    assert str(moved.settled) == "40.00"
    assert core.asked[0][2]["partial"] is True


@pytest.mark.parametrize("get", [UNKNOWN, (200, {**SETTLED[1], "settled_amount": "40.00"})])
@pytest.mark.parametrize("order", ["transfer", "debit"])
def test_a_transfer_is_paid_whole_or_its_outcome_is_unknown(core, get, order) -> None:
    """A loan of the whole amount must not come from a part that arrived."""
    core.post, core.get = (200, {**SETTLED[1], "settled_amount": "40.00"}), get
    with pytest.raises(CoreUnavailable):
        if order == "transfer":
            pay()
        else:
            bank_core.debit(
                key="K-1", from_account="A-1", amount=Decimal(100), memo="", on=ON, partial=False
            )


def test_a_rejection_is_taken_with_its_reason(core) -> None:
    core.post = (200, {"key": "K-1", "status": "rejected", "reason": "unknown_account"})
    moved = pay()
    assert (moved.is_settled, moved.reason) == (False, "unknown_account")


@pytest.mark.parametrize(
    "told",
    [
        (200, "silence"),
        (500, {}),
        (503, b"down"),
        (401, {"title": "bad signature"}),
        (429, {"title": "too many"}),
        (400, {"title": "malformed"}),
    ],
    ids=lambda told: f"{told[0]}-{told[1]!r:.10}",
)
def test_whatever_the_answer_money_that_moved_is_found_by_its_key(core, told) -> None:
    core.post, core.get = told, SETTLED
    assert str(pay().settled) == "100.00"
    assert [(method, path) for method, path, _ in core.asked] == [
        ("POST", "/bank-core/transfers"),
        ("GET", "/bank-core/transfers/K-1"),
    ]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_order_the_core_cannot_read_and_never_saw_is_rejected(core, status) -> None:
    core.post = (status, {"title": "no"})
    moved = pay()
    assert (moved.is_settled, moved.reason) == (False, f"HTTP {status}")


@pytest.mark.parametrize(
    ("post", "get"),
    [
        ((503, {}), UNKNOWN),
        ((503, {}), (503, {})),
        ((401, {}), UNKNOWN),
        ((422, {}), (503, {})),
        ((422, {}), (401, {})),
        ((404, {"title": "no such page"}), UNKNOWN),
        ((405, {}), UNKNOWN),
        ((302, {}), UNKNOWN),
        ((503, {}), (404, {"title": "no such page"})),
        ((422, {}), (404, b"<html>not found</html>")),
        ((422, {}), (404, {"code": "no-such-place"})),
        ((200, b'{"key": "K-1", "sta'), UNKNOWN),
        ((200, b"[]"), UNKNOWN),
        ((200, {"key": "K-1", "status": "pending"}), UNKNOWN),
        ((200, {"key": "K-2", "status": "settled", "settled_amount": "100.00"}), UNKNOWN),
        ((200, {"key": "K-1", "status": "settled", "settled_amount": "100.01"}), UNKNOWN),
        ((200, {"key": "K-1", "status": "settled", "settled_amount": "0.00"}), UNKNOWN),
        ((200, {"key": "K-1", "status": "settled", "settled_amount": "NaN"}), UNKNOWN),
        ((200, {"key": "K-1", "status": "settled", "settled_amount": "lots"}), UNKNOWN),
    ],
)
def test_an_outcome_that_is_not_known_is_never_guessed(core, post, get) -> None:
    core.post, core.get = post, get
    with pytest.raises(CoreUnavailable):
        pay()


def test_nobody_listening_is_an_unknown_outcome(core, settings) -> None:
    settings.KUAIDAI = replace(settings.KUAIDAI, platform_url="http://127.0.0.1:9")
    with pytest.raises(CoreUnavailable, match="ConnectError"):
        pay()


def test_accounts_and_entries_are_read(core) -> None:
    core.get = (200, [{"account_no": "A-1", "balance": "12.50"}])
    assert [str(account.balance) for account in bank_core.accounts("U-1")] == ["12.50"]
    core.get = (200, [{"on": "2026-07-01", "amount": "-5.00", "balance": "7.50", "memo": "m"}])
    [entry] = bank_core.entries("A-1")
    assert (entry.on, str(entry.amount), str(entry.balance)) == ("2026-07-01", "-5.00", "7.50")
    core.get = UNKNOWN
    assert bank_core.accounts("U-2") == bank_core.entries("A-2") == ()


@pytest.mark.parametrize(
    "told",
    [
        (200, b"[{"),
        (200, {"rows": []}),
        (200, [{"account": "A"}]),
        (200, ["A"]),
        (400, {}),
        (401, {}),
    ],
)
def test_accounts_that_cannot_be_read_are_no_answer(core, told) -> None:
    core.get = told
    with pytest.raises(CoreUnavailable):
        bank_core.accounts("U-1")
    with pytest.raises(CoreUnavailable):
        bank_core.entries("A-1")
