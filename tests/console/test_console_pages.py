"""The console: who may look, what the credit file shows, how a referral is resolved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.support.bank import SYSTEM, player
from tests.support.lending import Journey

from kuaidai.foundation.operations import register_staff
from kuaidai.foundation.queries import audit_trail
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.servicing import operations as servicing
from kuaidai.lending.servicing import queries as servicing_queries
from kuaidai.parties.operations import user_for_person
from kuaidai.risk.policy.monitoring_operations import monitor_model
from kuaidai.risk.scorecards.monitoring import Thresholds

pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
PAGES = ("", "ledger/", "day/", "models/", "audit/", "audit/?verify=1")


@pytest.fixture
def officer(client, journey):
    register_staff(
        username="risk", role="risk_officer", password=PASSWORD, actor=SYSTEM, on=journey.on
    )
    client.cookies["django_language"] = "en"
    signed_in = client.post("/console/login/", {"username": "risk", "password": PASSWORD})
    assert signed_in.status_code == 302
    assert signed_in["Location"] == "/console/"
    return client


@pytest.fixture
def referred(bank, bank_drop, platforms):
    held = Journey(player(bank_drop, "referred"), platforms).decided()
    assert held.status == "referred"
    return held


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in(client, bank, page) -> None:
    answer = client.get(f"/console/{page}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/console/login/?next=/console/")


def test_a_borrower_is_turned_away(client, journey) -> None:
    user_for_person(customer_no=journey.customer.person_no)
    from django.contrib.auth import get_user_model

    client.force_login(get_user_model().objects.get(username=journey.customer.person_no))
    assert client.get("/console/").status_code == 403


def test_a_wrong_password_is_refused(client, officer) -> None:
    client.logout()
    answer = client.post("/console/login/", {"username": "risk", "password": "wrong"})
    assert answer.status_code == 200
    assert "error-summary" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_renders_in_both_languages(officer, page, language) -> None:
    officer.cookies["django_language"] = language
    answer = officer.get(f"/console/{page}")
    assert answer.status_code == 200
    words = {"zh-hans": "退出登录", "en": "Sign out"}
    assert words[language] in answer.content.decode()


def test_the_queue_finds_by_status_and_by_firm(officer, journey, referred) -> None:
    approved = journey.decided()
    everything = officer.get("/console/").content.decode()
    assert approved.id in everything and referred.id in everything

    by_status = officer.get("/console/?status=referred").content.decode()
    assert referred.id in by_status and approved.id not in by_status

    by_code = officer.get(f"/console/?q={approved.uscc}").content.decode()
    assert approved.id in by_code and referred.id not in by_code

    assert officer.get("/console/?status=nonsense&page=x").status_code == 200


def test_the_credit_file_shows_what_the_decision_rests_on(officer, journey) -> None:
    held = journey.decided()

    shown = officer.get(f"/console/applications/{held.id}/").content.decode()

    for platform in ("Business registry", "Tax bureau", "Courts", "Bank core"):
        assert platform in shown
    assert "credit_turnover_12m" in shown
    assert "Points per attribute" in shown
    assert "Limit breakdown" in shown
    assert "Binding" in shown
    assert held.decision_id in shown
    assert "application.decided" in shown


def test_personal_identifiers_are_masked(officer, journey) -> None:
    held = journey.decided()
    shown = officer.get(f"/console/applications/{held.id}/").content.decode()
    assert journey.customer.phone not in shown
    assert f"{journey.customer.phone[:3]}****{journey.customer.phone[-4:]}" in shown


def test_a_report_opens_dataset_by_dataset(officer, journey) -> None:
    held = journey.decided()
    file = officer.get(f"/console/applications/{held.id}/").content.decode()
    link = file.split(f"/console/applications/{held.id}/reports/")[1].split('"')[0]
    report = officer.get(f"/console/applications/{held.id}/reports/{link}")
    assert report.status_code == 200
    assert "Registered name" in report.content.decode()


def test_unknown_things_are_404(officer, bank) -> None:
    assert officer.get("/console/applications/APP-000000000000/").status_code == 404
    assert officer.get("/console/applications/APP-000000000000/reports/REP-0/").status_code == 404


def test_what_is_not_there_is_told_in_the_console(officer, bank) -> None:
    missing = officer.get("/console/loans/LN-000000000000/")
    page = missing.content.decode()
    assert missing.status_code == 404
    assert 'href="/console/reconciliation/"' in page
    assert 'href="/apply/"' not in page


def test_the_money_trail_shows_facility_loan_and_entries(officer, journey) -> None:
    held = journey.prepared()
    operations.sign_contract(
        application_id=held.id,
        code=journey.code(held.id),
        actor=journey.customer.actor,
        now=datetime.now(UTC),
        on=journey.on,
    )
    facility_id = queries.application(held.id).facility_id
    servicing.request_drawdown(
        facility_id=facility_id,
        amount=queries.application(held.id).terms.amount,
        purpose="wages",
        key="draw-once",
        on=journey.on,
        actor=journey.customer.actor,
    )

    shown = officer.get(f"/console/applications/{held.id}/").content.decode()

    assert facility_id in shown
    assert "Loans to small businesses" in shown
    assert "Settlement with the bank core" in shown
    assert officer.get(f"/console/applications/{held.id}/contract.pdf").content.startswith(b"%PDF")
    assert "Debits equal credits" in officer.get("/console/ledger/").content.decode()


def test_a_risk_officer_resolves_a_referral_with_a_reason(officer, referred) -> None:
    url = f"/console/applications/{referred.id}/resolution/"

    done = officer.post(
        url,
        {
            "outcome": "approve",
            "limit": "100000",
            "reason": "Arrears were a bank error, paid at once.",
        },
    )

    assert done.status_code == 302
    resolved = queries.application(referred.id)
    assert resolved.status == "approved"
    assert str(resolved.offer.limit) == "100000.00"
    assert resolved.referral.resolved_by == "risk"
    trail = audit_trail(subject_type="application", subject_id=referred.id)
    assert any(entry.actor_id == "risk" for entry in trail)


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"outcome": "approve", "limit": "100000", "reason": ""}, "Write the reason."),
        ({"reason": "They look trustworthy to me."}, "Choose whether to approve or decline."),
        (
            {"outcome": "approve", "limit": "99000000", "reason": "They look trustworthy to me."},
            "99,000,000",
        ),
        ({"outcome": "approve", "limit": "many", "reason": "They look trustworthy to me."}, "many"),
        (
            {"outcome": "maybe", "limit": "100000", "reason": "They look trustworthy to me."},
            "maybe",
        ),
    ],
)
def test_a_wrong_resolution_changes_nothing_and_says_why(officer, referred, form, named) -> None:
    answer = officer.post(f"/console/applications/{referred.id}/resolution/", form)
    assert answer.status_code == 422
    assert named in answer.content.decode()
    assert queries.application(referred.id).status == "referred"


def test_an_account_manager_may_look_but_not_resolve(client, referred, journey) -> None:
    register_staff(
        username="manager", role="account_manager", password=PASSWORD, actor=SYSTEM, on=journey.on
    )
    client.post("/console/login/", {"username": "manager", "password": PASSWORD})
    assert client.get(f"/console/applications/{referred.id}/").status_code == 200
    form = {"outcome": "decline", "reason": "I would rather not lend to them."}
    answer = client.post(f"/console/applications/{referred.id}/resolution/", form)
    assert answer.status_code in (403, 422)
    assert queries.application(referred.id).status == "referred"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Monitoring", "Alert", "distribution moved")),
        ("zh-hans", ("模型监控", "预警", "漂移")),
    ],
)
def test_alerts_of_monitoring_stand_beside_the_models(officer, journey, language, words) -> None:
    journey.decided()

    monitor_model(
        label="test-card/1",
        month=journey.on,
        outcomes={},
        actor=SYSTEM,
        on=journey.on,
        thresholds=Thresholds(psi_watch=1e-4, psi_alert=1e-3, p_alert=0.98, p_watch=0.99),
    )
    officer.cookies["django_language"] = language
    page = officer.get("/console/models/").content.decode()
    for word in words:
        assert word in page


@pytest.fixture
def active(journey):
    """An application whose line is open."""
    held = journey.prepared()
    operations.sign_contract(
        application_id=held.id, code=journey.code(held.id), actor=journey.customer.actor,
        now=datetime.now(UTC), on=journey.on,
    )  # fmt: skip
    return queries.application(held.id)


def change_line(client, active, **said):
    return client.post(
        f"/console/applications/{active.id}/limit/", {"reason": "turnover fell", **said}
    )


def test_a_line_is_frozen_cut_and_cancelled_from_the_credit_file(officer, active) -> None:
    assert "Change the line" in officer.get(f"/console/applications/{active.id}/").content.decode()
    assert change_line(officer, active, change="freeze").status_code == 302
    assert line_of(active).status == "frozen"
    again = change_line(officer, active, change="freeze")
    assert (again.status_code, line_of(active).status) == (422, "frozen")
    change_line(officer, active, change="unfreeze")
    unnamed = change_line(officer, active, change="cut")
    assert (unnamed.status_code, line_of(active).granted) == (422, 10000)
    assert "Enter the new limit." in unnamed.content.decode()
    change_line(officer, active, change="cut", limit="4000")
    assert line_of(active).granted == 4000

    change_line(officer, active, change="cancel")

    assert line_of(active).status == "closed"  # nothing is owed
    page = officer.get(f"/console/applications/{active.id}/").content.decode()
    assert page.count("turnover fell") == 4
    assert "Change the line" not in page
    assert line_of(active).account_no not in page


@pytest.mark.parametrize(
    ("role", "change", "status"),
    [
        ("account_manager", "freeze", 302),
        ("account_manager", "cut", 403),
        ("operations", "cancel", 403),
        ("modeller", "freeze", 403),
    ],
)
def test_who_may_change_a_line(client, active, journey, role, change, status) -> None:
    register_staff(username=role, role=role, password=PASSWORD, actor=SYSTEM, on=journey.on)
    client.post("/console/login/", {"username": role, "password": PASSWORD})
    assert change_line(client, active, change=change, limit="1000").status_code == status


def line_of(active):
    return servicing_queries.facility(active.facility_id)
