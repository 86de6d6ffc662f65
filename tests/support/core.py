"""A bank core of a test's own: the sandbox's, with two firms' accounts, served on a port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.lending.servicing.gateway import wire
from kuaidai.simulator.sandbox.app import Sandbox
from kuaidai.simulator.sandbox.bank_core import LENDER, BankCore
from kuaidai.simulator.sandbox.orders import Kind, Order
from kuaidai.simulator.sandbox.server import listen

KEY = "core-test-key"
ACCOUNT, OTHER = "6222000000001234", "6222000000005678"
OPENING = Decimal("1000.00")


@dataclass
class Core:
    """The running core."""

    sandbox: Sandbox
    url: str

    @property
    def bank(self) -> BankCore:
        """Its accounts."""
        return self.sandbox.bank

    def fault(self, mode: str, seconds: float = 0.0) -> None:
        """Make it misbehave; `ok` ends that and closes the circuit."""
        self.sandbox.faults.set({"platform": "bank_money", "mode": mode, "seconds": seconds})
        if mode == "ok":
            wire.BREAKER.succeeded()

    def balance(self, account: str = ACCOUNT) -> Decimal:
        """What an account holds now."""
        entries = self.bank.entries(account)
        return Decimal(entries[0]["balance"]) if entries else OPENING

    def moves(self, key: str) -> list[str]:
        """What was booked on our account under a key."""
        return [e["amount"] for e in self.bank.entries(LENDER) if e["key"] == key]

    def book(self, key: str, amount: str, on: date, *, account: str = ACCOUNT) -> None:
        """Let the core debit a firm for us, without an order of ours."""
        cents = int(Decimal(amount) * 100)
        self.bank.move(Order(key, account, LENDER, cents, "", on, partial=False, kind=Kind.DEBIT))


@contextmanager
def serving(folder: Path) -> Iterator[Core]:
    """A core with fresh accounts until the block ends."""
    cents = int(OPENING * 100)
    bank = BankCore(
        folder / "core.sqlite",
        [(ACCOUNT, "F-1", cents), (OTHER, "F-2", cents)]
        + [(f"62220000{n:08d}", f"B-{n}", cents) for n in range(10, 60)],
    )
    sandbox = Sandbox(None, bank, KEY)  # type: ignore[arg-type]  # no reports are asked for
    server = listen(sandbox, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Core(sandbox, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
        bank.close()


@pytest.fixture
def core(settings, monkeypatch, tmp_path):
    """The core of this test, and the gateway pointed at it with a short time-out."""
    with serving(tmp_path) as running:
        settings.KUAIDAI = replace(settings.KUAIDAI, platform_url=running.url, platform_key=KEY)
        monkeypatch.setattr(wire, "TIMEOUT_S", 0.4)
        monkeypatch.setattr(wire, "BREAKER", CircuitBreaker(failures_to_open=10, rest_s=5.0))
        yield running
