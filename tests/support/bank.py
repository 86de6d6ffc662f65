"""A small simulated bank for tests: its drop, the sandbox platforms on a port, and its customers."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kuaidai.data.sources import connector
from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.foundation.actors import Actor
from kuaidai.lending.servicing.gateway import wire
from kuaidai.simulator.emit import write_drop
from kuaidai.simulator.sandbox.app import Sandbox
from kuaidai.simulator.sandbox.server import listen, open_sandbox
from kuaidai.simulator.world import build_world

ENDS_ON = date(2026, 6, 30)
KEY = "test-platform-key"
SYSTEM = Actor.system("tests")
PRODUCT = "credit-quick-loan"


@dataclass(frozen=True)
class Customer:
    """An owner and the firm they apply for."""

    person_no: str
    uscc: str
    firm: str
    phone: str

    @property
    def actor(self) -> Actor:
        """The owner as an actor."""
        return Actor("person", self.person_no, self.person_no)


@dataclass(frozen=True)
class Platforms:
    """The running sandbox."""

    sandbox: Sandbox
    url: str

    def fault(self, platform: str, mode: str, seconds: float = 0.0) -> None:
        """Make a platform misbehave until the test ends."""
        self.sandbox.faults.set({"platform": platform, "mode": mode, "seconds": seconds})
        if mode == "ok":
            wire.BREAKER.succeeded()  # the platform is tried again at once

    def code_for(self, phone: str) -> str:
        """The newest one-time code that was sent to a phone."""
        newest = self.sandbox.inbox.messages(phone)[0]
        found = re.search(r"\d{6}", newest["text"])
        assert found is not None
        return found.group()


@pytest.fixture(scope="session")
def bank_drop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The data drop of 120 firms, and the cast chosen from it."""
    folder = tmp_path_factory.mktemp("bank") / "drop"
    world = build_world(firms=120, months=24, seed=11, ends_on=ENDS_ON)
    return folder, write_drop(world, folder).cast


@pytest.fixture(scope="session")
def running_platforms(bank_drop, tmp_path_factory):
    """The sandbox over the drop, served on a free port."""
    folder, _ = bank_drop
    state = tmp_path_factory.mktemp("sandbox") / "bank.sqlite"
    sandbox = open_sandbox(folder, state=state, key=KEY)
    server = listen(sandbox, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Platforms(sandbox, f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    thread.join(timeout=5)


@pytest.fixture
def platforms(running_platforms, settings, tmp_path, monkeypatch):
    """The sandbox without faults, and the platform pointed at it."""
    settings.KUAIDAI = replace(
        settings.KUAIDAI, platform_url=running_platforms.url, platform_key=KEY, home=tmp_path
    )
    fresh = {source: CircuitBreaker() for source in connector.PATH_OF}
    monkeypatch.setattr(connector, "_BREAKERS", fresh)
    yield running_platforms
    for target in running_platforms.sandbox.faults.all():
        running_platforms.fault(target, "ok")


def player(bank_drop, role: str, number: int = 0) -> Customer:
    """Somebody of the cast: number 0 is the demo's, higher ones its spares."""
    _, cast = bank_drop
    found = cast[role] if number == 0 else cast["spares"][role][number - 1]
    return Customer(found["person_id"], found["uscc"], found["firm"], found["phone"])
