"""The borrower's pages without script: plain forms, refusals beside their fields, nobody else's things."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from tests.support.bank import ENDS_ON, PRODUCT, SYSTEM, player
from tests.support.lending import Journey

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.servicing import queries as servicing
from kuaidai.lending.servicing.models import Loan
from kuaidai.parties.operations import user_for_person
from kuaidai.parties.queries import authorisations

pytestmark = pytest.mark.django_db


def sign_in(client, customer):
    person = user_for_person(customer_no=customer.person_no)
    client.force_login(get_user_model().objects.get(username=person.username))
    return client


@pytest.fixture
def owner(journey, client):
    """The client, signed in as the customer of the journey."""
    return sign_in(client, journey.customer)


@pytest.fixture
def stranger(bank, bank_drop):
    """Another customer of the bank, signed in."""
    return sign_in(Client(), player(bank_drop, "declined"))


def text(response):
    return response.content.decode().replace("\u00a0", " ")


def key_of(response):
    return re.search(r'name="idempotency_key" value="([^"]+)"', response.content.decode())[1]


def open_line(journey, amount="100000.00"):
    """A signed application with its facility."""
    held = journey.decided()
    journey.choose(held.id, amount, method="equal_principal")
    operations.prepare_contract(
        application_id=held.id, actor=journey.customer.actor, on=journey.on, now=held.started_at
    )
    operations.sign_contract(
        application_id=held.id,
        code=journey.code(held.id),
        actor=journey.customer.actor,
        now=timezone.now(),
        on=journey.on,
    )
    return queries.application(held.id)


def test_the_home_page_needs_a_login(db, client):
    assert client.get("/").headers["Location"] == "/login/?next=/"


def test_starting_twice_from_one_page_makes_one_application(owner, journey):
    page = owner.get("/apply/")
    answers = {
        "idempotency_key": key_of(page),
        "uscc": journey.customer.uscc,
        "product_code": PRODUCT,
    }
    first = owner.post("/apply/", answers)
    second = owner.post("/apply/", answers)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(queries.applications_of(journey.customer.person_no)) == 1


@pytest.mark.parametrize(
    ("uscc", "message"),
    [
        ("91110000MA00000010", "校验位错误"),
        ("123", "长度或字符不正确"),
        ("91310000MA00000025", "未找到统一社会信用代码"),
    ],
)
def test_a_wrong_code_of_a_firm_is_refused_beside_its_field(owner, uscc, message):
    page = owner.get("/apply/")
    answers = {
        "idempotency_key": key_of(page),
        "uscc": "other",
        "other_uscc": uscc,
        "product_code": PRODUCT,
    }
    answered = owner.post("/apply/", answers)
    assert message in text(answered)
    assert 'id="id_other_uscc_error"' in text(answered)


def test_somebody_elses_firm_is_refused(owner, bank_drop):
    other = player(bank_drop, "declined").uscc
    answers = {
        "idempotency_key": key_of(owner.get("/apply/")),
        "uscc": "other",
        "other_uscc": other,
    }
    answered = owner.post("/apply/", {**answers, "product_code": PRODUCT})
    assert f"您不是企业 {other}" in text(answered)


def test_a_second_application_points_to_the_first(owner, journey):
    held = journey.start()
    answers = {"idempotency_key": key_of(owner.get("/apply/")), "uscc": journey.customer.uscc}
    answered = owner.post("/apply/", {**answers, "product_code": PRODUCT})
    assert f'href="/applications/{held.id}/"' in text(answered)


def test_each_authorisation_is_given_on_its_own(owner, journey):
    held = journey.start()
    kinds = queries.required_authorisations(PRODUCT)
    for number, kind in enumerate(kinds, start=1):
        address = f"/applications/{held.id}/authorisations/{kind.value}/"
        assert "请勾选同意" in text(owner.post(address, {}))
        owner.post(address, {"agree": "on"})
        given = authorisations(person_no=journey.customer.person_no, uscc=journey.customer.uscc)
        assert len(given) == number
    assert {view.channel for view in given} == {"portal"}


def test_going_on_without_all_authorisations_names_what_is_missing(owner, journey):
    held = journey.start()
    answered = owner.post(f"/applications/{held.id}/authorisations/")
    assert "授权不完整" in text(answered)
    assert queries.application(held.id).status == "draft"


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("5000", "超出可选范围"),
        ("9000000", "超出可选范围"),
        ("12345", "可选择 ¥ 12,000.00"),
        ("1e5", "不是有效金额"),
        ("", "请输入金额"),
    ],
)
def test_a_wrong_amount_is_refused_before_anything_is_stored(owner, journey, amount, message):
    held = journey.start()
    journey.authorise()
    answers = {"amount": amount, "months": "12", "purpose": "raw_materials"}
    answered = owner.post(f"/applications/{held.id}/request/", answers)
    assert message in text(answered)
    assert queries.application(held.id).amount is None


def test_submitting_twice_leads_to_the_progress_page(owner, journey):
    held = journey.start()
    journey.authorise()
    answers = {"amount": "200000.00", "months": "12", "purpose": "raw_materials"}
    address = f"/applications/{held.id}/check/"
    assert owner.post(address, answers).headers["Location"].endswith("/progress/")
    again = owner.post(address, answers)
    assert again.headers["Location"] == f"/applications/{held.id}/"
    assert queries.application(held.id).amount == Decimal("200000.00")


def test_progress_tells_the_browser_when_it_is_over(owner, journey):
    held = journey.submitted()
    waiting = owner.get(f"/applications/{held.id}/progress/lines/")
    assert "HX-Redirect" not in waiting.headers
    assert text(waiting).count("等待中") == 6
    journey.run_job(held.id)
    over = owner.get(f"/applications/{held.id}/progress/lines/")
    assert over.headers["HX-Redirect"] == f"/applications/{held.id}/"
    assert text(over).count("已收到</span>") == 6


def test_the_decision_shows_limit_rate_and_breakdown(owner, journey):
    held = journey.decided()
    taken = queries.customer_decision(held.id)
    page = text(owner.get(f"/applications/{held.id}/decision/"))
    assert f"¥ {taken.limit:,.2f}" in page
    assert all(term.title_zh in page for term in taken.limit_breakdown)
    assert page.count("决定额度") == 1


def test_an_offer_that_raises_a_line_has_no_terms_to_choose(owner, journey):
    line = open_line(journey, "10000.00").facility_id
    journey.on += timedelta(days=30)
    asked = operations.start_application(
        person_no=journey.customer.person_no, uscc=journey.customer.uscc, product_code=PRODUCT,
        actor=journey.customer.actor, on=journey.on, key="raise", raises=line,
    )  # fmt: skip
    journey.submit(asked.id)
    journey.run_job(asked.id)
    address = f"/applications/{asked.id}/"
    page = text(owner.get(address, follow=True))
    assert "银行将据此提高您的额度" in page
    assert f"/facilities/{line}/" in page
    assert f"{address}terms/" not in page
    assert owner.get(f"{address}terms/").headers["Location"] == address


def test_the_live_quote_agrees_with_the_operation(owner, journey):
    held = journey.decided()
    answers = {"amount": "100,000", "months": "6", "method": "equal_principal"}
    part = text(owner.get(f"/applications/{held.id}/terms/quote/", answers))
    quote = operations.preview_terms(
        application_id=held.id,
        amount=Decimal("100000.00"),
        months=6,
        method="equal_principal",
        on=ENDS_ON,
    )
    assert f"¥ {quote.total_interest:,.2f}" in part
    assert part.count("<tr>") == 7


def test_more_than_the_offer_is_refused(owner, journey):
    held = journey.decided()
    most = queries.application(held.id).offer.limit
    answers = {"amount": str(most + 1000), "months": "6", "method": "equal_principal"}
    page = text(owner.post(f"/applications/{held.id}/terms/", answers))
    assert f"¥ {most:,.2f}" in page
    assert "超出可选范围" in page
    assert queries.application(held.id).terms is None


def test_an_offer_past_its_last_day_cannot_be_taken(owner, journey):
    held = journey.decided()
    set_business_date(on=ENDS_ON + timedelta(days=8), actor=SYSTEM)
    answers = {"amount": "100000", "months": "6", "method": "equal_principal"}
    page = text(owner.post(f"/applications/{held.id}/terms/", answers))
    assert "已于 2026-07-07 失效" in page


def test_a_wrong_signing_code_signs_nothing(owner, journey):
    held = journey.prepared()
    right = journey.code(held.id)
    wrong = "000000" if right != "000000" else "111111"
    page = text(owner.post(f"/applications/{held.id}/sign/", {"code": wrong}))
    assert f"验证码 {wrong} 不正确" in page
    assert queries.application(held.id).status == "offered"
    assert owner.post(f"/applications/{held.id}/sign/", {"code": right}).status_code == 302
    assert queries.application(held.id).status == "active"


def test_the_contract_is_a_pdf_for_its_owner_only(owner, stranger, journey):
    held = journey.prepared()
    address = f"/contracts/{held.contract.id}.pdf"
    assert owner.get(address).content.startswith(b"%PDF")
    assert stranger.get(address).status_code == 404


def test_a_drawdown_sent_twice_draws_once(owner, journey):
    facility_id = open_line(journey).facility_id
    confirm = owner.get(
        f"/facilities/{facility_id}/draw/confirm/", {"amount": "100000", "purpose": "wages"}
    )
    answers = {"idempotency_key": key_of(confirm), "amount": "100000.00", "purpose": "wages"}
    address = f"/facilities/{facility_id}/draw/confirm/"
    first, second = owner.post(address, answers), owner.post(address, answers)
    assert first.headers["Location"] == second.headers["Location"]
    assert servicing.facility(facility_id).used == Decimal("100000.00")
    receipt = text(owner.get(first.headers["Location"]))
    assert "资金已到账" in receipt
    assert "+¥ 100,000.00" in receipt.replace('+<span class="numeric nowrap">', "+")


def test_home_offers_to_draw_unless_something_is_overdue(owner, journey):
    facility_id = open_line(journey).facility_id
    draw(owner, facility_id, "60000")
    address = f'href="/facilities/{facility_id}/draw/"'
    assert address in owner.get("/").content.decode()
    Loan.objects.update(oldest_due_on=journey.on - timedelta(days=1))
    assert address not in owner.get("/").content.decode()


def test_drawing_more_than_is_available_is_refused(owner, journey):
    facility_id = open_line(journey).facility_id
    page = text(
        owner.post(f"/facilities/{facility_id}/draw/", {"amount": "101000", "purpose": "wages"})
    )
    assert "超过可用额度 ¥ 100,000.00" in page
    assert servicing.drawdowns_of(facility_id) == ()


def draw(owner, facility_id, amount):
    """Draw through the pages; the loan's number."""
    address = f"/facilities/{facility_id}/draw/confirm/"
    page = owner.get(address, {"amount": amount, "purpose": "wages"})
    owner.post(address, {"idempotency_key": key_of(page), "amount": amount, "purpose": "wages"})
    return servicing.loans_of(facility_id)[0].id


def test_the_pages_open_with_what_may_be_asked(owner, journey):
    facility_id = open_line(journey).facility_id
    loan_id = draw(owner, facility_id, "60000")
    repaying = owner.get(f"/loans/{loan_id}/repay/")
    assert "借款已结清" not in text(repaying)
    answers = {"idempotency_key": "one-part", "kind": "part", "amount": "1234.56"}
    owner.post(f"/loans/{loan_id}/repay/confirm/", answers)
    page = text(owner.get(f"/facilities/{facility_id}/draw/"))
    assert "可用额度 ¥ 41,234.56" in re.sub("<[^>]+>", "", page)
    assert servicing.facility(facility_id).available == Decimal("41234.56")
    assert re.search(r'<input[^>]*name="amount"[^>]*value="41000', page)


def test_a_part_repaid_early_lowers_balance_and_instalments(owner, journey):
    facility_id = open_line(journey).facility_id
    loan_id = draw(owner, facility_id, "60000")
    before = servicing.loan(loan_id).state
    confirm = owner.get(f"/loans/{loan_id}/repay/confirm/", {"kind": "part", "amount": "20000"})
    answers = {"idempotency_key": key_of(confirm), "kind": "part", "amount": "20000.00"}
    done = owner.post(f"/loans/{loan_id}/repay/confirm/", answers)
    again = owner.post(f"/loans/{loan_id}/repay/confirm/", answers)
    assert done.headers["Location"] == again.headers["Location"]
    after = servicing.loan(loan_id).state
    assert (before.outstanding, after.outstanding) == (Decimal("60000.00"), Decimal("40000.00"))
    receipt = text(owner.get(done.headers["Location"]))
    assert "已还款 ¥ 20,000.00" in receipt
    assert f"¥ {after.next_due_amount:,.2f}" in receipt
    assert f"¥ {before.next_due_amount:,.2f}" in receipt


def test_a_part_repaid_early_may_shorten_the_loan(owner, journey):
    loan_id = draw(owner, open_line(journey).facility_id, "60000")
    before = servicing.loan(loan_id).state
    asked = {"kind": "part", "amount": "20000", "then": "shorter"}
    going = owner.post(f"/loans/{loan_id}/repay/", asked).headers["Location"]
    assert "then=shorter" in going
    confirm = owner.get(going)
    effect = text(owner.get(f"/loans/{loan_id}/repay/effect/", asked))
    assert f"¥ {before.next_due_amount:,.2f}" in effect
    owner.post(f"/loans/{loan_id}/repay/confirm/", {**asked, "idempotency_key": key_of(confirm)})
    after = servicing.loan(loan_id).state
    assert after.outstanding == Decimal("40000.00")
    assert len(after.instalments) < len(before.instalments)


def test_statements_are_taken_from_the_loans_page(owner, stranger, journey):
    facility_id = open_line(journey).facility_id
    loan_id = draw(owner, facility_id, "60000")
    assert f"/loans/{loan_id}/statement.pdf" in owner.get(f"/loans/{loan_id}/").content.decode()
    line = f"/facilities/{facility_id}/statement.csv"
    for address in (f"/loans/{loan_id}/statement.csv", f"/loans/{loan_id}/schedule.csv", line):
        told = owner.get(address)
        assert told["Content-Type"] == "text/csv; charset=utf-8"
        assert "60000.00" in told.content.decode("utf-8-sig")
        assert stranger.get(address).status_code == 404
    assert owner.get(f"/loans/{loan_id}/statement.pdf").content.startswith(b"%PDF-")


def test_closed_months_are_listed_with_their_statements(owner, stranger, journey):
    loan_id = draw(owner, open_line(journey).facility_id, "60000")
    june = f"/loans/{loan_id}/statement.csv?month=2026-06"
    assert "月度对账单" not in text(owner.get(f"/loans/{loan_id}/"))
    assert owner.get(june).status_code == 404
    set_business_date(on=date(2026, 7, 1), actor=SYSTEM)
    assert june in owner.get(f"/loans/{loan_id}/").content.decode()
    assert "60000.00" in owner.get(june).content.decode("utf-8-sig")
    assert stranger.get(june).status_code == 404


def test_everything_repaid_settles_the_loan_once(owner, journey):
    facility_id = open_line(journey).facility_id
    loan_id = draw(owner, facility_id, "60000")
    confirm = owner.get(f"/loans/{loan_id}/repay/confirm/", {"kind": "full"})
    answers = {"idempotency_key": key_of(confirm), "kind": "full"}
    done = owner.post(f"/loans/{loan_id}/repay/confirm/", answers)
    again = owner.post(f"/loans/{loan_id}/repay/confirm/", answers)
    assert done.headers["Location"] == again.headers["Location"]
    assert servicing.loan(loan_id).status == "settled"
    assert servicing.facility(facility_id).available == Decimal("100000.00")


def test_repaying_more_than_is_owed_is_refused(owner, journey):
    loan_id = draw(owner, open_line(journey).facility_id, "60000")
    page = text(owner.post(f"/loans/{loan_id}/repay/", {"kind": "part", "amount": "60000.01"}))
    assert "超过今日结清金额 ¥ 60,000.00" in page
    assert servicing.repayments_of(loan_id) == ()


def test_nobody_sees_anothers_things(owner, stranger, journey):
    held = open_line(journey)
    loan_id = draw(owner, held.facility_id, "10000")
    drawdown = servicing.drawdowns_of(held.facility_id)[0]
    given = authorisations(person_no=journey.customer.person_no, uscc=journey.customer.uscc)[0]
    steps = (
        "",
        "authorisations/",
        "request/",
        "check/",
        "withdraw/",
        "progress/",
        "decision/",
        "terms/",
    )
    addresses = [f"/applications/{held.id}/{step}" for step in (*steps, "contract/", "sign/")]
    addresses += [
        f"/facilities/{held.facility_id}/{step}" for step in ("", "draw/", "draw/confirm/")
    ]
    addresses += [f"/facilities/{held.facility_id}/drawdowns/{drawdown.id}/"]
    addresses += [
        f"/loans/{loan_id}/",
        f"/loans/{loan_id}/repay/",
        f"/loans/{loan_id}/repay/confirm/",
    ]
    addresses += [f"/authorisations/{given.id}/withdraw/"]
    for address in addresses:
        assert owner.get(address).status_code in (200, 302), address
        assert stranger.get(address).status_code == 404, address
        assert stranger.post(address).status_code == 404, address


def test_a_withdrawn_authorisation_stops_the_next_submission(owner, journey):
    held = journey.start()
    journey.authorise()
    given = authorisations(person_no=journey.customer.person_no, uscc=journey.customer.uscc)
    tax = next(view for view in given if view.kind == "tax")
    assert "撤回意味着什么" in text(owner.get(f"/authorisations/{tax.id}/withdraw/"))
    owner.post(f"/authorisations/{tax.id}/withdraw/")
    answers = {"amount": "200000.00", "months": "12", "purpose": "raw_materials"}
    page = text(owner.post(f"/applications/{held.id}/check/", answers))
    assert "授权不完整" in page
    assert queries.application(held.id).status == "draft"


def test_staff_are_shown_the_way_to_the_console(bank, client):
    user = get_user_model().objects.create_user("reviewer", password=None, role="risk_officer")
    client.force_login(user)
    assert client.get("/").status_code == 403
    assert "管理台" in text(client.get("/"))


def test_a_silent_bank_core_hides_nothing_but_the_account(owner, journey):
    facility_id = open_line(journey).facility_id
    journey.platforms.fault("bank_core", "down")
    page = text(owner.get(f"/facilities/{facility_id}/"))
    assert "暂时无法显示账户明细" in page
    assert "¥ 100,000.00" in page


def test_a_drawdown_stays_on_its_way_while_the_core_is_silent(owner, journey):
    facility_id = open_line(journey).facility_id
    address = f"/facilities/{facility_id}/draw/confirm/"
    answers = {"idempotency_key": "key-of-one-page", "amount": "10000.00", "purpose": "wages"}
    journey.platforms.fault("bank_core", "down")
    receipt = owner.post(address, answers).headers["Location"]
    assert "资金正在划转" in text(owner.get(receipt))
    journey.platforms.fault("bank_core", "ok")
    assert owner.post(address, answers).headers["Location"] == receipt
    assert "资金已到账" in text(owner.get(receipt))
    assert servicing.facility(facility_id).used == Decimal("10000.00")


def test_what_a_person_granted_is_not_told_as_what_the_data_support(
    bank, bank_drop, platforms, client
):
    asker = Journey(player(bank_drop, "referred"), platforms)
    held = asker.decided()
    register_staff(
        username="risk", role="risk_officer", password="correct horse battery", actor=SYSTEM,
        on=asker.on,
    )  # fmt: skip
    operations.resolve_referral(
        application_id=held.id, outcome="approve", limit=Decimal("20000.00"),
        reason="Arrears were a bank error, paid at once.",
        actor=Actor("staff", "risk", "risk"), on=asker.on,
    )  # fmt: skip
    owner = sign_in(client, asker.customer)
    page = text(owner.get(f"/applications/{held.id}/decision/", headers={"accept-language": "en"}))
    assert "the person who looked at your application granted ¥ 20,000.00" in page
    assert "is what your firm" not in page
