"""The console's page on asset quality: the classes, one loan's reasons, overrides by two officers."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from tests.support.bank import SYSTEM
from tests.support.book import put_loan

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.interfaces.cli import main
from kuaidai.lending.servicing import operations, risk_queries
from kuaidai.lending.servicing.domain.classification import RiskClass

pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
ON = date(2026, 3, 31)


@pytest.fixture
def book(db):
    set_business_date(on=ON, actor=SYSTEM)
    for number, days in enumerate([0, 0, 12, 95, 300, 400]):
        put_loan(number, start_on=date(2026, 1, 15), days_past_due=days, granted="150000.00")
    operations.classify(on=ON, actor=SYSTEM)
    operations.provide(on=ON, actor=SYSTEM)


@pytest.fixture
def sign_in(client, book):
    def as_user(username: str, role: str = "risk_officer", language: str = "en"):
        register_staff(username=username, role=role, password=PASSWORD, actor=SYSTEM, on=ON)
        client.logout()
        client.cookies["django_language"] = language
        assert client.login(username=username, password=PASSWORD)
        return client

    return as_user


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main.run(list(arguments))
    assert stopped.value.code == 0


def ask(client, loan_id="LN-0", asked="3", reason="The owner cannot be reached any more"):
    return client.post(
        f"/console/quality/loans/{loan_id}/",
        {"asked": asked, "expires_on": "2026-06-30", "reason": reason},
    )


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ("Asset quality", "Substandard", "50.00%", "Coverage", "Granted since")),
        ("zh-hans", ("资产质量", "次级", "不良率", "拨备覆盖率", "期间新发放")),
    ],
)
def test_the_page_shows_classes_ratio_and_coverage(sign_in, language, texts) -> None:
    operations_clerk = sign_in("clerk", "operations", language)
    answer = operations_clerk.get("/console/quality/").content.decode()
    put_loan(9, start_on=date(2026, 3, 31))
    assert all(text in answer for text in texts[:4])
    again = operations_clerk.get("/console/quality/").content.decode()
    assert texts[1] in again


def test_an_empty_book_says_so(client, db) -> None:
    set_business_date(on=ON, actor=SYSTEM)
    register_staff(username="risk", role="risk_officer", password=PASSWORD, actor=SYSTEM, on=ON)
    client.cookies["django_language"] = "en"
    assert client.login(username="risk", password=PASSWORD)
    assert "No live loans" in client.get("/console/quality/").content.decode()


@pytest.mark.parametrize(
    ("language", "text"), [("en", "300 days past due."), ("zh-hans", "逾期 300 天。")]
)
def test_a_loans_page_tells_the_reasons(sign_in, language, text) -> None:
    page = sign_in("risk", language=language).get("/console/quality/loans/LN-4/").content.decode()
    assert text in page
    assert sign_in("risk").get("/console/quality/loans/LN-99/").status_code == 404


def test_a_loan_drawn_today_has_a_page_before_its_first_close_of_day(sign_in) -> None:
    put_loan(9, start_on=ON)
    answer = sign_in("risk").get("/console/quality/loans/LN-9/")
    assert answer.status_code == 200
    assert "0.0000%" in answer.content.decode()


def test_one_officer_asks_and_another_approves(sign_in) -> None:
    assert ask(sign_in("wang")).status_code == 302
    [waiting] = risk_queries.waiting_overrides(ON)
    page = sign_in("wang").get("/console/quality/").content.decode()
    assert "Another person decides" in page
    own = sign_in("wang").post(f"/console/quality/overrides/{waiting.id}/", {"decision": "approve"})
    assert own.status_code == 403
    other = sign_in("li").post(f"/console/quality/overrides/{waiting.id}/", {"decision": "approve"})
    assert other.status_code == 302
    assert risk_queries.loan_risk("LN-0", ON).risk_class is RiskClass.SUBSTANDARD


def test_a_request_can_be_rejected(sign_in) -> None:
    ask(sign_in("wang"), asked="confirm", loan_id="LN-3")
    [waiting] = risk_queries.waiting_overrides(ON)
    sign_in("li").post(f"/console/quality/overrides/{waiting.id}/", {"decision": "reject"})
    [decided] = risk_queries.loan_risk("LN-3", ON).overrides
    assert (decided.status, decided.decided_by) == ("rejected", "li")


def test_a_request_that_cannot_stand_comes_back_with_the_reason(sign_in) -> None:
    answer = ask(sign_in("wang"), loan_id="LN-5", asked="2")
    assert answer.status_code == 422
    assert "choose a worse class" in answer.content.decode()


def test_only_risk_officers_ask_and_decide(sign_in) -> None:
    clerk = sign_in("clerk", "operations")
    assert ask(clerk).status_code == 403
    assert clerk.post("/console/quality/overrides/OVR-1/", {}).status_code == 403
    assert "A risk officer asks" in clerk.get("/console/quality/loans/LN-0/").content.decode()


def test_the_command_prints_the_same_figures(book, capsys) -> None:
    command("book", "quality", "--json")
    [row] = json.loads(capsys.readouterr().out)
    assert Decimal(row["bad_ratio"]) == Decimal("0.5")
    assert row["classes"]["loss"] == {
        "loans": 1, "balance": "100000.00", "allowance": "99000.00",
    }  # fmt: skip
    command("book", "quality")
    assert "50.00% non-performing" in capsys.readouterr().out


def test_the_command_classifies_on_the_business_date(book, capsys) -> None:
    put_loan(9, start_on=ON, days_past_due=100)
    command("book", "classify", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["classes"]["changed"] == 1
    assert found["provisions"]["moved"] == 1
