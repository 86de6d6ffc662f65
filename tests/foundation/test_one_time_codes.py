"""One-time codes: sent signed, valid for five minutes, five tries, one use."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.answering import Received, Reply, answering_server
from tests.support.threads import at_once

from kuaidai.foundation import errors
from kuaidai.foundation.models import OneTimeCode
from kuaidai.foundation.operations import issue_code, verify_code
from kuaidai.kernel.identifiers import MalformedPhone
from kuaidai.kernel.signed_http import verify

NOW = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)
PHONE = "13800000001"
KEY = "gateway-key"


@pytest.fixture
def gateway(settings):
    """A text-message gateway that takes everything."""
    with answering_server() as server:
        settings.KUAIDAI = replace(settings.KUAIDAI, platform_url=server.url, platform_key=KEY)
        server.answer = lambda _: Reply(201, b"{}")
        yield server


def sent_code(request: Received) -> str:
    found = re.search(r"\d{6}", json.loads(request.body)["text"])
    assert found
    return found.group()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def issue(now=NOW, purpose="login"):
    return issue_code(phone=PHONE, purpose=purpose, now=now)


def check(code, now=NOW, purpose="login"):
    verify_code(phone=PHONE, purpose=purpose, code=code, now=now)


@pytest.mark.django_db
def test_message_is_signed_and_the_code_works_once(gateway):
    issued = issue()

    request = gateway.received[0]
    verify("POST", request.path, request.body, request.headers, key=KEY, now=datetime.now(UTC))
    assert json.loads(request.body)["to"] == PHONE
    assert issued.expires_at == NOW + timedelta(minutes=5)
    assert issued.phone_masked == "138****0001"
    check(sent_code(request), now=NOW + timedelta(minutes=5))
    with pytest.raises(errors.CodeExpired):
        check(sent_code(request))


@pytest.mark.django_db
def test_code_is_stored_as_a_hash_only(gateway):
    issue()

    row = OneTimeCode.objects.get()

    code = sent_code(gateway.received[0])
    assert code not in str(vars(row).values())
    assert PHONE not in str(vars(row).values())


@pytest.mark.django_db
def test_expired_code_is_named(gateway):
    issue()
    code = sent_code(gateway.received[0])

    with pytest.raises(errors.CodeExpired, match=code):
        check(code, now=NOW + timedelta(minutes=5, seconds=1))


@pytest.mark.django_db
def test_code_for_one_purpose_does_not_serve_another(gateway):
    issue(purpose="login")

    with pytest.raises(errors.CodeExpired):
        check(sent_code(gateway.received[0]), purpose="sign:APP-1")


@pytest.mark.django_db
def test_five_wrong_tries_lock_even_the_right_code(gateway):
    issue()
    code = sent_code(gateway.received[0])

    for left in (4, 3, 2, 1):
        with pytest.raises(errors.CodeWrong, match=f"{left} tries"):
            check(wrong(code))
    for attempt in (wrong(code), code):
        with pytest.raises(errors.CodeLocked):
            check(attempt)


@pytest.mark.django_db
def test_newer_code_replaces_the_older(gateway):
    issue()
    issue(now=NOW + timedelta(seconds=31))
    older, newer = map(sent_code, gateway.received)

    if older != newer:
        with pytest.raises(errors.CodeWrong):
            check(older, now=NOW + timedelta(seconds=32))
    check(newer, now=NOW + timedelta(seconds=32))


@pytest.mark.django_db
def test_asking_again_too_soon_is_refused_with_the_wait(gateway):
    issue()

    with pytest.raises(errors.CodeTooSoon, match="wait 21 seconds"):
        issue(now=NOW + timedelta(seconds=10))

    assert len(gateway.received) == 1


@pytest.mark.django_db
def test_twenty_codes_an_hour_and_no_more(gateway):
    for number in range(20):
        issue(now=NOW + timedelta(seconds=31 * number))

    with pytest.raises(errors.CodeTooSoon):
        issue(now=NOW + timedelta(seconds=31 * 20))
    issue(now=NOW + timedelta(hours=1, seconds=1))


@pytest.mark.django_db
@pytest.mark.parametrize("status", [500, 401])
def test_message_that_was_not_taken_leaves_no_code(gateway, status):
    gateway.answer = lambda _: Reply(status)

    with pytest.raises(errors.SmsNotSent) as refusal:
        issue()

    assert PHONE not in str(refusal.value)
    assert not OneTimeCode.objects.exists()
    gateway.answer = lambda _: Reply(201)
    issue()  # no waiting for a message that never went out


@pytest.mark.django_db
def test_gateway_that_is_gone_is_a_refusal(settings):
    settings.KUAIDAI = replace(settings.KUAIDAI, platform_url="http://127.0.0.1:9")

    with pytest.raises(errors.SmsNotSent):
        issue()


def test_malformed_phone_is_named():
    with pytest.raises(MalformedPhone, match="1380000"):
        issue_code(phone="1380000", purpose="login", now=NOW)


@pytest.mark.django_db(transaction=True)
def test_four_requests_at_once_send_one_message(gateway):
    results = at_once(lambda _: issue(), 4)

    assert [type(r).__name__ for r in results].count("CodeTooSoon") == 3
    assert len(gateway.received) == 1


@pytest.mark.django_db(transaction=True)
def test_one_code_used_twice_at_once_lets_one_in(gateway):
    issue()
    code = sent_code(gateway.received[0])

    results = at_once(lambda _: check(code), 4)

    assert results.count(None) == 1
    assert [type(r).__name__ for r in results].count("CodeExpired") == 3
