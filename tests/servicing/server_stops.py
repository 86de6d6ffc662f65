"""Run by `test_server_stops` on a server of its own: PostgreSQL stops at once in the midst of nights."""

import os
import signal
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection
from tests.support.agreement import check_agreement
from tests.support.bank import SYSTEM
from tests.support.core import core
from tests.support.lines import OPENS, draw, open_line, spend

from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import business_date, verify_audit_chain
from kuaidai.lending.ledger.models import ClosedDay
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.models import CloseOfDay, Repayment
from kuaidai.lending.servicing.operations import drawing

__all__ = ["core"]
STOPS = (5, 23, 41, 60, 78, 97, 120, 150)
"""At which statement of each night the server stops."""


def gone(pid: int) -> None:
    """Return once the server no longer runs: else the next connection may meet it dying."""
    for _ in range(200):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"server {pid} is still there")


class StopsAt:
    """Stops the server, as a lost machine would, at a statement; later ones find it gone."""

    def __init__(self, place: int) -> None:
        self.left, self.stopped = place, False

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left == 0:
            with connection.connection.cursor() as plain:
                folder = plain.execute("SHOW data_directory").fetchone()[0]
            pid = int((Path(folder) / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)
            self.stopped = True
            gone(pid)
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_nights_go_on_after_the_server_stopped(core, monkeypatch) -> None:
    monkeypatch.setattr(drawing, "LOANS_IN_CHUNK", 2)
    set_business_date(on=OPENS, actor=SYSTEM)
    for number in (10, 11, 12, 13):
        draw(open_line(number), "20000.00", OPENS)
    spend(core, 11)
    spend(core, 12, left="1000.00")
    before = sum((core.balance(f"62220000{n:08d}") for n in (10, 11, 12, 13)), Decimal(0))
    stopped = 0
    for night, place in enumerate(STOPS):
        on = OPENS + timedelta(days=18 + night)  # from two days before the first due day
        set_business_date(on=on, actor=SYSTEM)
        stop = StopsAt(place)
        try:
            with connection.execute_wrapper(stop):
                operations.run_close_of_day(actor=SYSTEM, on=on)
        except (OperationalError, InterfaceError):
            connection.close()
        stopped += stop.stopped
        operations.run_close_of_day(actor=SYSTEM, on=on)
        check_agreement()
        assert business_date() == on + timedelta(days=1)
    assert stopped >= 6
    assert CloseOfDay.objects.filter(finished_at__isnull=False).count() == len(STOPS)
    assert ClosedDay.objects.count() >= len(STOPS)
    after = sum((core.balance(f"62220000{n:08d}") for n in (10, 11, 12, 13)), Decimal(0))
    taken = sum((r.settled for r in Repayment.objects.all()), Decimal(0))
    assert before - after == taken > 0  # no debit lost, none taken twice
    assert not Repayment.objects.filter(status="pending").exists()
    assert verify_audit_chain().intact
