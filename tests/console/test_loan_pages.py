"""The console's loan page: what it shows, what is done from it, and by whom."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.servicing.conftest import customer, draw, facility, make_facility
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.ledger.operations import receive_unmatched
from kuaidai.lending.ledger.queries import unmatched
from kuaidai.lending.servicing import adjusting_queries, operations, queries
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.models import Loan, LoanLife

__all__ = ["customer", "draw", "facility", "make_facility"]
pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
ON = ENDS_ON + timedelta(days=10)
WHY = "Agreed with the customer in a recorded call."


@pytest.fixture
def loan_id(facility, draw):
    found = draw(facility, "30000.00").loan_id
    set_business_date(on=ON, actor=SYSTEM)
    return found


def sign_in(client, username, role):
    register_staff(username=username, role=role, password=PASSWORD, actor=SYSTEM, on=ON)
    client.cookies["django_language"] = "en"
    client.post("/console/login/", {"username": username, "password": PASSWORD})
    return client


def do(client, loan_id, name, confirmed=True, **answers):
    sent = {"idempotency_key": new_id("KEY"), "reason": WHY} | answers
    path = f"/console/loans/{loan_id}/actions/{name}/"
    return client.post(path, sent | ({"confirmed": "1"} if confirmed else {}))


def page(client, loan_id) -> str:
    answer = client.get(f"/console/loans/{loan_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_reads_little_however_much_happened(
    client, loan_id, django_assert_max_num_queries
) -> None:
    for number in range(25):
        operations.charge_fee(
            loan_id=loan_id, amount=Decimal("1.00"), reason=WHY, key=f"fee-number-{number}", on=ON,
            actor=SYSTEM,
        )  # fmt: skip
    sign_in(client, "olga", "operations")
    with django_assert_max_num_queries(12):
        shown = page(client, loan_id)
    for word in (
        "30,000.00",
        "Equal principal",
        "act/360",
        "Costs charged",
        WHY,
        "Fees receivable",
    ):
        assert word in shown


def test_a_charge_is_looked_at_once_more_before_it_happens(client, loan_id) -> None:
    clerk = sign_in(client, "olga", "operations")
    looked = do(clerk, loan_id, "charge", confirmed=False, amount="800")
    assert "Look once more" in looked.content.decode()
    assert adjusting_queries.loan_events(loan_id) == ()
    done = do(clerk, loan_id, "charge", amount="800")
    assert done.status_code == 302
    shown = page(clerk, loan_id)
    assert "Done." in shown
    assert "staff:olga" in shown
    assert f"/console/loans/{loan_id}/actions/reverse/?event=" in shown


@pytest.mark.parametrize(
    ("name", "answers", "named"),
    [
        ("charge", {"amount": "5000.01"}, "5,000.00"),
        ("charge", {"amount": "much"}, "much"),
        ("charge", {"amount": "1", "reason": "short"}, "10"),
        ("waive", {"amount": "1", "bucket": "interest"}, ""),
        ("apply_money", {"amount": "1", "unmatched_id": "UM-0"}, "UM-0"),
        ("extend", {"due_dates": "tomorrow"}, "not do this|tomorrow is no day"),
    ],
)
def test_what_is_refused_is_said_at_the_form(client, loan_id, name, answers, named) -> None:
    clerk = sign_in(client, "olga", "operations")
    refused = do(clerk, loan_id, name, **answers)
    if name == "waive":
        assert refused.status_code == 302
        return
    assert refused.status_code == 422
    assert any(word in refused.content.decode() for word in named.split("|"))


def test_a_second_person_approves_on_the_page(client, loan_id) -> None:
    manager = sign_in(client, "amy", "account_manager")
    assert do(manager, loan_id, "change_rate", annual_rate="7.2").status_code == 302
    [request] = adjusting_queries.waiting_requests(ON)
    assert 'value="approve"' not in page(manager, loan_id)
    refused = manager.post(f"/console/loans/requests/{request.id}/", {"decision": "approve"})
    assert refused.status_code == 403
    officer = sign_in(client, "rita", "risk_officer")
    assert 'value="approve"' in page(officer, loan_id)
    assert request.id in officer.get("/console/loans/").content.decode()
    done = officer.post(f"/console/loans/requests/{request.id}/", {"decision": "approve"})
    assert done.status_code == 302
    assert str(queries.loan(loan_id).state.annual_rate) == "0.072000"
    assert "7.2000%" in page(officer, loan_id)


def test_a_request_is_rejected_with_a_note(client, loan_id) -> None:
    asked = operations.waive(
        loan_id=loan_id, bucket=Bucket.INTEREST, amount=Decimal("20.00"), reason=WHY,
        key="waive-20-interest", on=ON, actor=SYSTEM,
    )  # fmt: skip
    assert not asked.waits
    manager = sign_in(client, "amy", "account_manager")
    do(manager, loan_id, "change_rate", annual_rate="3.0")
    [request] = adjusting_queries.waiting_requests(ON)
    officer = sign_in(client, "rita", "risk_officer")
    officer.post(
        f"/console/loans/requests/{request.id}/", {"decision": "reject", "note": "Not now."}
    )
    shown = page(officer, loan_id)
    assert "Not now." in shown
    assert "Rejected" in shown


def test_a_request_that_lapsed_waits_no_more(client, loan_id) -> None:
    do(sign_in(client, "amy", "account_manager"), loan_id, "change_rate", annual_rate="3.0")
    [request] = adjusting_queries.waiting_requests(ON + timedelta(days=13))
    assert adjusting_queries.waiting_requests(ON + timedelta(days=14)) == ()
    set_business_date(on=ON + timedelta(days=14), actor=SYSTEM)
    officer = sign_in(client, "rita", "risk_officer")
    assert request.id not in officer.get("/console/loans/").content.decode()
    assert "Lapsed" in page(officer, loan_id)


def test_the_terms_are_told_in_words(client, loan_id) -> None:
    reader = sign_in(client, "mo", "modeller")
    assert "3, monthly" in page(reader, loan_id)
    assert "half up" in page(reader, loan_id)
    reader.cookies["django_language"] = "zh-hans"
    shown = page(reader, loan_id)
    assert "3 期，每月一期" in shown
    for word in ("四舍五入", "当月最后一日", "提前还本，每期减少"):
        assert word in shown


def test_money_in_suspense_is_applied_from_its_page(client, loan_id, facility) -> None:
    """500.00 came in without a number; the clerk finds the loan by the firm's code and pays 400.00."""
    money = receive_unmatched(
        reference="CORE-7", amount=Decimal("500.00"), payer="张三", received_on=ON, on=ON,
        actor=SYSTEM,
    )  # fmt: skip
    address = f"/console/ledger/suspense/{money.id}/"
    clerk = sign_in(client, "olga", "operations")
    link = f"/console/loans/{loan_id}/actions/apply_money/?money={money.id}"
    assert link not in clerk.get(address).content.decode()
    assert link in clerk.get(f"{address}?q={facility.uscc}").content.decode()
    assert "No loan fits" in clerk.get(f"{address}?q=LN-0").content.decode()
    form = clerk.get(link).content.decode()
    assert f'value="{money.id}"' in form
    assert 'value="500"' in form

    too_much = do(clerk, loan_id, "apply_money", unmatched_id=money.id, amount="500.01")
    assert "Only 500.00" in too_much.content.decode()
    looked = do(clerk, loan_id, "apply_money", confirmed=False, unmatched_id=money.id, amount="400")
    assert "Look once more" in looked.content.decode()
    assert unmatched(money.id).remaining == Decimal(500)
    do(clerk, loan_id, "apply_money", unmatched_id=money.id, amount="400")

    assert unmatched(money.id).remaining == Decimal(100)
    [event] = adjusting_queries.loan_events(loan_id)
    assert (event.kind, event.told["amount"]) == ("payment", "400.00")
    assert f'href="/console/loans/{loan_id}/"' in clerk.get(address).content.decode()


def test_only_operations_apply_money_in_suspense(client, loan_id) -> None:
    money = receive_unmatched(
        reference="CORE-7", amount=Decimal("500.00"), payer="张三", received_on=ON, on=ON,
        actor=SYSTEM,
    )  # fmt: skip
    manager = sign_in(client, "amy", "account_manager")
    shown = manager.get(f"/console/ledger/suspense/{money.id}/?q={loan_id}").content.decode()
    assert "Apply to" not in shown
    do(manager, loan_id, "apply_money", unmatched_id=money.id, amount="400")
    assert unmatched(money.id).remaining == Decimal(500)


def test_a_parked_loan_is_tried_again_from_its_page(client, loan_id) -> None:
    Loan.objects.filter(id=loan_id).update(parked_on=ENDS_ON, parked_reason="ValueError: no rate")
    manager = sign_in(client, "amy", "account_manager")
    assert "Try again now" not in page(manager, loan_id)
    assert manager.post(f"/console/loans/{loan_id}/retry/").status_code == 403
    clerk = sign_in(client, "olga", "operations")
    assert "Try again now" in page(clerk, loan_id)

    life = LoanLife.objects.filter(loan_id=loan_id)
    terms = life.get().terms
    life.update(snapshot={}, terms={**terms, "annual_rate": "none"})
    clerk.post(f"/console/loans/{loan_id}/retry/")
    assert Loan.objects.get(id=loan_id).parked_on == ENDS_ON
    life.update(terms=terms)
    assert clerk.post(f"/console/loans/{loan_id}/retry/").status_code == 302
    assert "The loan has caught up." in page(clerk, loan_id)
    assert queries.loan(loan_id).parked_reason == ""


def test_the_line_is_frozen_and_unfrozen(client, loan_id, facility) -> None:
    officer = sign_in(client, "rita", "risk_officer")
    do(officer, loan_id, "freeze")
    assert queries.facility(facility.id).status == "frozen"
    assert "Unfreeze the line" in page(officer, loan_id)
    do(officer, loan_id, "unfreeze")
    assert queries.facility(facility.id).status == "open"


def test_loans_are_found_and_statements_taken_away(client, loan_id, facility) -> None:
    reader = sign_in(client, "mo", "modeller")
    assert loan_id in reader.get(f"/console/loans/?q={facility.uscc}").content.decode()
    assert "No loan fits" in reader.get("/console/loans/?q=LN-0").content.decode()
    pdf = reader.get(f"/console/loans/{loan_id}/statement.pdf?from=2026-07-01&to=2026-07-10")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    june = f"/console/loans/{loan_id}/statement.csv?month=2026-06"
    assert june in page(reader, loan_id)
    assert "30000.00" in reader.get(june).content.decode("utf-8-sig")
    assert reader.get(june.replace("-06", "-07")).status_code == 404
    sheet = reader.get(f"/console/loans/{loan_id}/schedule.csv")
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert reader.get(f"/console/loans/{loan_id}/statement.doc").status_code == 404
    assert reader.get(f"/console/loans/{loan_id}/actions/nothing/").status_code == 404
    whole = reader.get(f"/console/facilities/{facility.id}/statement.csv")
    assert loan_id in whole.content.decode("utf-8-sig")
    early = reader.get(f"/console/loans/{loan_id}/statement.pdf?from=2026-07-01&to=2027-07-10")
    assert early.status_code == 422


def test_no_action_is_offered_to_who_may_not(client, loan_id) -> None:
    reader = sign_in(client, "mo", "modeller")
    assert "/actions/" not in page(reader, loan_id)
    assert do(reader, loan_id, "charge", amount="1").status_code == 422
