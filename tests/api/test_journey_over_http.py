"""The borrower's whole journey through the REST interface, against the running sandbox."""

import json
from datetime import date
from decimal import Decimal

import pytest
from tests.support.bank import PRODUCT, SYSTEM, player
from tests.support.lending import Journey

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.lending.origination.queries import required_authorisations

pytestmark = pytest.mark.django_db


class Caller:
    """A REST client with a bearer token."""

    def __init__(self, client, token=""):
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path, **headers):
        return self.client.get(f"/api/v1{path}", headers={**self.headers, **headers})

    def send(self, method, path, body=None, key=None, language="en"):
        headers = {**self.headers, "Accept-Language": language}
        if key:
            headers["Idempotency-Key"] = key
        return self.client.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body if body is not None else {}),
            content_type="application/json",
            headers=headers,
        )

    def post(self, path, body=None, **more):
        return self.send("POST", path, body, **more)


def sign_in(client, platforms, phone):
    caller = Caller(client)
    assert caller.post("/login/code", {"phone": phone}).status_code == 202
    code = platforms.code_for(phone)
    answer = caller.post("/login/token", {"phone": phone, "code": code})
    assert answer.status_code == 200, answer.content
    return Caller(client, answer.json()["token"])


@pytest.fixture
def owner(journey, client, platforms):
    return sign_in(client, platforms, journey.customer.phone)


@pytest.fixture
def draft(owner, journey):
    started = owner.post(
        "/applications",
        {"uscc": journey.customer.uscc, "product_code": PRODUCT},
        key="start-00000001",
    )
    assert started.status_code == 201, started.content
    return started.json()


def problem(answer, status, code):
    """The problem details of an answer, after checking its form."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    held = answer.json()
    assert (held["status"], held["code"]) == (status, code)
    assert held["detail"] and held["title"] and held["type"].startswith("urn:kuaidai:problem:")
    return held


def test_from_login_to_repayment(owner, journey, platforms, django_capture_on_commit_callbacks):
    (firm,) = owner.get("/firms").json()
    assert firm["uscc"] == journey.customer.uscc
    kinds = [str(kind) for kind in required_authorisations(PRODUCT)]
    texts = owner.get(f"/firms/{firm['uscc']}/authorisation-texts?language=en").json()
    assert {text["kind"] for text in texts} >= set(kinds)
    granted = owner.post(f"/firms/{firm['uscc']}/authorisations", {"kinds": kinds})
    assert granted.status_code == 201

    start = {"uscc": firm["uscc"], "product_code": PRODUCT}
    first = owner.post("/applications", start, key="start-00000001")
    assert owner.post("/applications", start, key="start-00000001").json() == first.json()
    path = f"/applications/{first.json()['id']}"
    request = {"amount": "200,000.00", "months": 12, "purpose": "raw_materials"}
    submitted = owner.post(f"{path}/submission", request)
    assert (submitted.status_code, submitted.json()["status"]) == (202, "collecting")
    assert owner.get(f"{path}/decision").status_code == 404

    journey.run_job(first.json()["id"])

    assert {report["status"] for report in owner.get(f"{path}/reports").json()} == {"received"}
    decision = owner.get(f"{path}/decision").json()
    assert decision["outcome"] == "approved"
    assert "score" not in decision
    terms = {"amount": "50000.00", "months": 12, "method": "equal_principal"}
    quote = owner.post(f"{path}/terms/preview", terms).json()
    assert len(quote["instalments"]) == 12
    chosen = owner.send("PUT", f"{path}/terms", terms).json()
    assert chosen["terms"]["total_interest"] == quote["total_interest"]

    assert owner.post(f"{path}/contract").status_code == 201
    pdf = owner.get(f"{path}/contract.pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert owner.get(f"{path}/contract/signatures").json() == []
    assert owner.post(f"{path}/contract/code").status_code == 202
    code = platforms.code_for(journey.customer.phone)
    signed = owner.post(f"{path}/contract/signature", {"code": code})
    assert signed.json()["status"] == "signed", signed.content
    checks = owner.get(f"{path}/contract/signatures").json()
    assert [check["valid"] for check in checks] == [True, True]

    (facility,) = owner.get("/facilities").json()
    assert facility["available"] == "50000.00"
    drawing = f"/facilities/{facility['id']}/drawdowns"
    draw = {"amount": "30000.00", "purpose": "raw_materials"}
    drawn = owner.post(drawing, draw, key="draw-00000001")
    assert drawn.status_code == 201, drawn.content
    assert owner.post(drawing, draw, key="draw-00000001").json() == drawn.json()
    assert drawn.json()["status"] == "paid_out"
    assert owner.get(f"/facilities/{facility['id']}").json()["available"] == "20000.00"

    (loan,) = owner.get(f"/facilities/{facility['id']}/loans").json()
    assert len(owner.get(f"/loans/{loan['id']}/schedule").json()) == 12
    repaid = owner.post(
        f"/loans/{loan['id']}/repayments", {"amount": "5000.00"}, key="repay-0000001"
    )
    assert repaid.json()["settled"] == "5000.00", repaid.content
    after = owner.get(f"/loans/{loan['id']}").json()
    assert Decimal(after["outstanding"]) == Decimal("25000.00")
    assert len(owner.get(f"/loans/{loan['id']}/repayments").json()) == 1
    _statements(owner, loan["id"], facility["id"], after["on"])
    shorter = owner.post(
        f"/loans/{loan['id']}/repayments",
        {"amount": "5000.00", "shorten": True},
        key="repay-0000002",
    )
    assert shorter.json()["shorten"] is True
    assert len(owner.get(f"/loans/{loan['id']}/schedule").json()) < 12


def _statements(owner, loan_id, facility_id, on):
    asked = f"from={on}&to={on}"
    told = owner.get(f"/loans/{loan_id}/statement?{asked}").json()
    assert [line["kind"] for line in told["lines"]] == ["drawdown", "payment"]
    assert (told["opening"]["total"], told["closing"]["principal"]) == ("0.00", "25000.00")
    assert Decimal(told["nominal"]) > 0
    sheet = owner.get(f"/loans/{loan_id}/statement.csv?{asked}")
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    for path in (
        f"/loans/{loan_id}/schedule.pdf",
        f"/facilities/{facility_id}/statement.pdf?{asked}",
    ):
        assert owner.get(path).content.startswith(b"%PDF-")
    assert owner.get(f"/loans/{loan_id}/months").json() == []
    problem(owner.get(f"/loans/{loan_id}/months/2026-06.pdf"), 404, "MONTH_NOT_STATED")
    set_business_date(on=date(2026, 7, 1), actor=SYSTEM)
    june = {"label": "2026-06", "first": "2026-06-01", "last": "2026-06-30"}
    assert owner.get(f"/loans/{loan_id}/months").json() == [june]
    assert owner.get(f"/loans/{loan_id}/months/2026-06.pdf").content.startswith(b"%PDF-")
    problem(
        owner.get(f"/loans/{loan_id}/statement?from={on}&to=2031-01-01"), 422, "STATEMENT_PERIOD"
    )


def test_without_a_token_there_is_nothing(client, bank):
    problem(Caller(client).get("/applications"), 401, "NOT_SIGNED_IN")
    problem(Caller(client, "made-up-token").get("/firms"), 401, "NOT_SIGNED_IN")


def test_a_token_ends_with_logout_and_is_not_stored(owner):
    from kuaidai.interfaces.api.models import AccessToken

    text = owner.headers["Authorization"].removeprefix("Bearer ")
    assert text not in {row.token_hash for row in AccessToken.objects.all()}
    assert owner.get("/firms").status_code == 200

    assert owner.post("/logout").status_code == 204

    problem(owner.get("/firms"), 401, "NOT_SIGNED_IN")


def test_a_token_expires(owner):
    from datetime import timedelta

    from django.utils import timezone

    from kuaidai.interfaces.api.models import AccessToken

    AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    problem(owner.get("/firms"), 401, "NOT_SIGNED_IN")


def test_an_unknown_number_gets_the_same_answer_and_no_message(client, bank, platforms):
    answer = Caller(client).post("/login/code", {"phone": "13012345678"})

    assert answer.status_code == 202
    assert platforms.sandbox.inbox.messages("13012345678") == []
    refused = Caller(client).post("/login/token", {"phone": "13012345678", "code": "123456"})
    problem(refused, 422, "CODE_EXPIRED")


def test_a_malformed_number_is_named_in_the_askers_language(client, bank):
    english = Caller(client).post("/login/code", {"phone": "12345"})
    chinese = Caller(client).post("/login/code", {"phone": "12345"}, language="zh-hans")

    assert "'12345' is not a mobile number" in problem(english, 422, "MALFORMED_PHONE")["detail"]
    assert "不是有效的手机号" in problem(chinese, 422, "MALFORMED_PHONE")["detail"]


def test_nobody_sees_anothers_application(client, draft, bank_drop, platforms):
    stranger = sign_in(client, platforms, player(bank_drop, "declined").phone)
    path = f"/applications/{draft['id']}"

    assert stranger.get("/applications").json() == []
    problem(stranger.get(path), 404, "NOT_FOUND")
    problem(stranger.get(f"{path}/reports"), 404, "NOT_FOUND")
    problem(stranger.get(f"{path}/decision"), 404, "NOT_FOUND")
    problem(stranger.get(f"{path}/contract.pdf"), 404, "NOT_FOUND")
    problem(stranger.post(f"{path}/withdrawal"), 404, "NOT_FOUND")


def test_starting_needs_an_idempotency_key(owner, journey):
    body = {"uscc": journey.customer.uscc, "product_code": PRODUCT}

    held = problem(owner.post("/applications", body), 422, "INVALID_REQUEST")

    assert "Idempotency-Key" in held["detail"] or "key" in held["detail"]


def test_a_mistyped_code_and_anothers_firm_are_refused(owner, bank_drop):
    mistyped = {"uscc": "91110000100003962X", "product_code": PRODUCT}
    foreign = {"uscc": player(bank_drop, "declined").uscc, "product_code": PRODUCT}

    refused = owner.post("/applications", mistyped, key="start-00000002")
    assert "91110000100003962X" in problem(refused, 422, "MALFORMED_USCC")["detail"]
    refused = owner.post("/applications", foreign, key="start-00000003")
    assert foreign["uscc"] in problem(refused, 403, "NOT_THE_OWNER")["detail"]


def test_submitting_without_authorisations_is_refused(owner, draft):
    body = {"amount": "200000.00", "months": 12, "purpose": "raw_materials"}

    answer = owner.post(f"/applications/{draft['id']}/submission", body)

    problem(answer, 409, "AUTHORISATIONS_INCOMPLETE")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("99999999.00", "AMOUNT_OUT_OF_RANGE"),
        ("1e5", "MALFORMED_AMOUNT"),
        ("NaN", "MALFORMED_AMOUNT"),
        ("12.345", "MALFORMED_AMOUNT"),
    ],
)
def test_amounts_that_cannot_be_are_refused(owner, draft, amount, code):
    body = {"amount": amount, "months": 12, "purpose": "raw_materials"}

    problem(owner.post(f"/applications/{draft['id']}/submission", body), 422, code)


def test_an_unknown_field_is_refused_not_ignored(owner, draft):
    body = {"amount": "200000.00", "months": 12, "purpose": "raw_materials", "ammount": "1"}

    answer = owner.post(f"/applications/{draft['id']}/submission", body)

    assert "ammount" in problem(answer, 422, "INVALID_REQUEST")["detail"]


def test_a_withdrawn_authorisation_blocks_the_submission(owner, journey, draft):
    journey.authorise()
    held = owner.get(f"/firms/{journey.customer.uscc}/authorisations").json()
    tax = next(given for given in held if given["kind"] == "tax")

    withdrawn = owner.post(f"/authorisations/{tax['id']}/withdrawal")

    assert withdrawn.json()["withdrawn_at"]
    body = {"amount": "200000.00", "months": 12, "purpose": "raw_materials"}
    refused = owner.post(f"/applications/{draft['id']}/submission", body)
    assert "withdrawn" in problem(refused, 409, "AUTHORISATIONS_INCOMPLETE")["detail"]


def test_text_the_database_cannot_hold_is_refused(owner, officer):
    nul = {"phone": "138\x000000000"}

    problem(owner.post("/login/code", nul), 422, "INVALID_REQUEST")
    problem(officer.get("/staff/applications?search=%00"), 422, "INVALID_REQUEST")


def test_broken_json_is_a_problem_too(owner):
    answer = owner.client.generic(
        "POST", "/api/v1/login/code", "{", content_type="application/json"
    )

    problem(answer, 400, "BAD_REQUEST")


@pytest.fixture
def officer(bank, client):
    register_staff(
        username="li.risk", role="risk_officer", password="pass-word-1", actor=SYSTEM,
        on=Journey.on,
    )  # fmt: skip
    answer = Caller(client).post("/login/staff", {"username": "li.risk", "password": "pass-word-1"})
    assert answer.status_code == 200, answer.content
    return Caller(client, answer.json()["token"])


def test_the_officer_finds_and_resolves_a_referral(officer, bank_drop, platforms):
    held = Journey(player(bank_drop, "referred"), platforms).decided()

    queue = officer.get("/staff/applications?status=referred").json()
    assert [item["id"] for item in queue["items"]] == [held.id]
    body = {"outcome": "approve", "reason": "Orders for the next quarter are signed."}
    resolved = officer.post(f"/staff/applications/{held.id}/resolution", body)

    assert resolved.json()["status"] == "approved", resolved.content


def test_roles_stay_apart(owner, officer, draft, client):
    body = {"outcome": "decline", "reason": "A customer cannot do this."}

    problem(owner.get("/staff/applications"), 403, "NOT_ALLOWED")
    refused = owner.post(f"/staff/applications/{draft['id']}/resolution", body)
    problem(refused, 403, "NOT_ALLOWED")
    problem(officer.get("/applications"), 403, "NOT_ALLOWED")
    wrong = Caller(client).post("/login/staff", {"username": "li.risk", "password": "wrong"})
    problem(wrong, 401, "WRONG_PASSWORD")


def test_the_document_declares_every_error_as_problem_details(client):
    document = client.get("/api/v1/openapi.json").json()

    drawing = document["paths"]["/api/v1/facilities/{facility_id}/drawdowns"]["post"]
    assert {"201", "401", "404", "409", "422"} <= set(drawing["responses"])
    assert list(drawing["responses"]["409"]["content"]) == ["application/problem+json"]
    keys = [held["name"] for held in drawing["parameters"] if held["in"] == "header"]
    assert keys == ["Idempotency-Key"]
