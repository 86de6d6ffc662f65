"""`kill -9` in the midst of a night, at each of its commits: the next run ends it as if nothing had been.

Other than in `test_crash_points` the process is gone for good here, with its connections and its memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from tests.support.bank import SYSTEM
from tests.support.core import Core, core
from tests.support.crashing import accounts, core_undone
from tests.support.lines import OPENS, draw, open_line, spend

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.models import Loan, LoanChunk, LoanLife
from kuaidai.lending.servicing.operations import drawing

__all__ = ["core"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EVE, NIGHT = date(2026, 7, 18), date(2026, 7, 20)
"""The last night of the past, and the night that is killed: the first due day."""
Told = dict[str, Any]


@dataclass
class Children:
    """Processes that do as told on a copy of the test's database; see `killed_child`."""

    core: Core
    server: subprocess.Popen[str]
    folder: Path
    template: str
    copy: str = field(init=False)

    def __post_init__(self) -> None:
        self.copy = f"{self.template}_copy"

    def run(self, deed: str, *, workers: int = 1, **kills: int) -> Told | None:
        """What the books hold after the deed; None if it was killed."""
        write = self.folder / "told.json"
        write.unlink(missing_ok=True)
        order = {"deed": deed, "on": str(NIGHT), "database": self.copy, "url": self.core.url,
                 "write": str(write), "workers": workers} | kills  # fmt: skip
        assert self.server.stdin
        assert self.server.stdout
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        code = int(self.server.stdout.readline())
        if code == -9 or (kills.get("kill_worker_at") and code == 1):
            return None
        assert code == 0, (deed, kills, code)
        told: Told = json.loads(write.read_text())
        told["books"]["accounts"] = repr(accounts(self.core))
        return told

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Books and core as they were before; the template has nobody connected."""
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.copy}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{self.copy}" TEMPLATE "{self.template}"')
        with core_undone(self.core):
            yield

    def ends_as_if_nothing_had_been(self, deed: str, wanted: Told, **how: int) -> None:
        """Kill the deed, do it again, and compare."""
        with self.fresh():
            assert self.run(deed, **how) is None, f"{how} was not reached again"
            found = self.run(deed, workers=how.get("workers", 1))
            assert found is not None
            assert found["books"] == wanted["books"], how


@pytest.fixture
def children(core, settings, tmp_path):
    """The processes, for the database as the test has made it when it first asks for a copy."""
    template = connection.settings_dict["NAME"]
    root = Path(__file__).parent.parent.parent
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed_child.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root,
        env=os.environ | {"PYTHONPATH": path, "KUAIDAI_HOME": str(settings.KUAIDAI.home)},
    )  # fmt: skip
    made = Children(core, server, tmp_path, template)
    yield made
    server.stdin.close()
    server.stdout.close()
    server.wait(timeout=60)
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{made.copy}" WITH (FORCE)')


@pytest.fixture
def book(core, monkeypatch):
    """Chunks of two: a loan that pays, one that pays in part, one that cannot be read, one with nothing
    due, and a drawdown whose payment nobody has heard of.
    """
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('servicing_loan_number', 1)")  # the next loan begins a chunk
    set_business_date(on=OPENS, actor=SYSTEM)
    for number in (10, 11, 12):
        draw(open_line(number), "30000.00", OPENS)
    spend(core, 10, left="30000.00")
    spend(core, 11, left="500.00")
    set_business_date(on=EVE, actor=SYSTEM)
    draw(open_line(13), "20000.00", EVE, months=3)
    late = open_line(14)
    operations.run_close_of_day(actor=SYSTEM)
    set_business_date(on=NIGHT, actor=SYSTEM)
    broken = Loan.objects.get(facility__uscc="B-12")
    LoanLife.objects.filter(loan_id=broken.id).update(terms=broken.life.terms | {"instalments": 0})
    core.fault("down")
    draw(late, "10000.00", NIGHT)
    core.fault("ok")
    connection.close()
    return core


def mend() -> None:
    """All loans can be read again."""
    for row in Loan.objects.filter(life__terms__instalments=0):
        LoanLife.objects.filter(loan_id=row.id).update(terms=row.life.terms | {"instalments": 6})


def killed_before_each_commit(children: Children, deed: str) -> int:
    """Kill the deed before each of its commits; how many there are."""
    with children.fresh():
        whole = children.run(deed)
    assert whole is not None
    for number in range(1, whole["commits"] + 1):
        children.ends_as_if_nothing_had_been(deed, whole, kill_at=number)
    return int(whole["commits"])


@pytest.mark.timeout(900)
def test_a_night(children, book) -> None:
    assert killed_before_each_commit(children, "close") > 15


def test_parked_loans_that_are_tried_again(children, book) -> None:
    row = Loan.objects.get(facility__uscc="B-11")
    LoanLife.objects.filter(loan_id=row.id).update(terms=row.life.terms | {"instalments": 0})
    operations.run_close_of_day(actor=SYSTEM)
    set_business_date(on=NIGHT + timedelta(days=2), actor=SYSTEM)
    operations.run_close_of_day(actor=SYSTEM)
    assert Loan.objects.filter(parked_on__isnull=False).count() == 2
    mend()
    connection.close()
    assert killed_before_each_commit(children, "retry") == 2


@pytest.mark.timeout(900)
def test_a_night_of_two_processes(children, book) -> None:
    """The run is killed, then a process that closes chunks is: neither leaves anything behind."""
    assert LoanChunk.objects.count() == 2
    connection.close()
    with children.fresh():
        whole = children.run("close", workers=2)
    assert whole["commits"] > 6
    children.ends_as_if_nothing_had_been("close", whole, workers=2, kill_at=6)
    children.ends_as_if_nothing_had_been("close", whole, workers=2, kill_worker_at=3)
