"""Reconciliation on screen: the days compared, what differs, and who explains it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone
from tests.support.bank import SYSTEM
from tests.support.core import ACCOUNT, KEY, core

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.gateway import hold
from kuaidai.lending.servicing.models import CloseOfDay, CoreOrder
from kuaidai.lending.servicing.reconciliation_queries import open_breaks, reconciliation

__all__ = ["KEY", "core"]
pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
ON = date(2026, 7, 1)
NOTE = "A test transfer of the core's operators, reversed on the next day."


@pytest.fixture
def day_with_breaks(core):
    set_business_date(on=ON, actor=SYSTEM)
    core.book("hand-made", "30.00", ON)
    core.book("hand-made-2", "31.00", ON)
    return operations.reconcile_core(on=ON, actor=SYSTEM)


def sign_in(client, role):
    register_staff(username=role, role=role, password=PASSWORD, actor=SYSTEM, on=ON)
    client.cookies["django_language"] = "en"
    client.post("/console/login/", {"username": role, "password": PASSWORD})
    return client


def shown(client, path="", status=200) -> str:
    answer = client.get(f"/console/reconciliation/{path}")
    assert answer.status_code == status
    return answer.content.decode()


def test_the_list_leads_to_the_day_and_the_break(client, day_with_breaks) -> None:
    clerk = sign_in(client, "operations")
    assert "2 open" in shown(clerk)
    page = shown(clerk, "2026-07-01/")
    for word in ("Missing here", "hand-made", "hand-made-2", "30.00", "Unexplained"):
        assert word in page
    found = day_with_breaks.breaks[0]
    page = shown(clerk, f"2026-07-01/breaks/{found.id}/")
    assert "The bank core booked what we do not hold as settled." in page
    assert "BC000000000001" in page


def test_closed_days_that_wait_for_their_comparison_are_told(client, core) -> None:
    set_business_date(on=date(2026, 7, 4), actor=SYSTEM)
    core.book("hand-made", "30.00", ON)
    now = timezone.now()
    CoreOrder.objects.create(
        key="ours", kind="debit", account=ACCOUNT, amount=Decimal("1.00"),
        settled=Decimal("1.00"), value_on=ON, booked_on=ON, state="settled",
    )  # fmt: skip
    for day in (1, 2):
        CloseOfDay.objects.create(on=date(2026, 7, day), started_at=now, finished_at=now)
    clerk = sign_in(client, "operations")
    assert "2 closed days are not compared yet." in shown(clerk)
    assert "kuaidai eod reconcile --on 2026-07-01" in shown(clerk)
    operations.reconcile_core(on=ON, actor=SYSTEM)
    assert "1 closed day is not compared yet." in shown(clerk)


def test_a_clerk_explains_a_break(client, day_with_breaks) -> None:
    clerk, found = sign_in(client, "operations"), day_with_breaks.breaks[0]
    path = f"/console/reconciliation/2026-07-01/breaks/{found.id}/"

    short = clerk.post(path, {"note": "ok"})
    done = clerk.post(path, {"note": NOTE})
    again = clerk.post(path, {"note": NOTE})

    assert short.status_code == 422
    assert "at least 10 characters" in short.content.decode()
    assert (done.status_code, done["Location"]) == (302, "/console/reconciliation/2026-07-01/")
    assert again.status_code == 422
    kept = next(b for b in reconciliation(ON).breaks if b.id == found.id)
    assert (kept.state, kept.note, kept.closed_by) == ("explained", NOTE, "operations")
    assert open_breaks() == 1
    assert "operator" in shown(clerk, f"2026-07-01/breaks/{found.id}/")


@pytest.mark.parametrize("role", ["risk_officer", "modeller"])
def test_others_look_and_do_not_explain(client, day_with_breaks, role) -> None:
    officer, found = sign_in(client, role), day_with_breaks.breaks[0]
    path = f"2026-07-01/breaks/{found.id}/"
    assert "The operations clerk explains breaks." in shown(officer, path)
    refused = officer.post(f"/console/reconciliation/{path}", {"note": NOTE})
    assert refused.status_code == 403
    assert open_breaks() == 2


def test_sellers_do_not_see_it(client, day_with_breaks) -> None:
    manager = sign_in(client, "account_manager")
    shown(manager, status=403)
    assert "/console/reconciliation/" not in manager.get("/console/").content.decode()


def test_days_and_breaks_that_are_not_there(client, core) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    clerk = sign_in(client, "admin")
    assert "No day compared yet" in shown(clerk)
    for path in ("2026-07-01/", "2026-02-30/", "2026-07-01/breaks/1/", "today/"):
        shown(clerk, path, status=404)


def test_orders_without_an_outcome_are_told(client, core) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    core.fault("down")
    with pytest.raises(CoreUnavailable):
        hold(key="H-1", account=ACCOUNT, amount=Decimal("1.00"), memo="", on=ON)
    page = shown(sign_in(client, "operations"))
    assert "1 order to the bank core has no known outcome" in page
    assert "2026-07-01" in page


def test_a_day_without_breaks_says_so(client, core) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    operations.reconcile_core(on=ON, actor=SYSTEM)
    clerk = sign_in(client, "operations")
    assert "None open" in shown(clerk)
    assert "Both sides agree." in shown(clerk, "2026-07-01/")
