"""Requests made up from the OpenAPI document: every answer is one the document declares."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.bank import SYSTEM

from kuaidai.config.wsgi import application
from kuaidai.foundation.operations import register_staff
from kuaidai.foundation.queries import verify_audit_chain
from kuaidai.interfaces.api import tokens
from kuaidai.parties.operations import user_for_person

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def token_for(username, person_no, django_user_model, now):
    user = django_user_model.objects.get(username=username)
    return tokens.issue(user_id=user.pk, person_no=person_no, now=now).text


@pytest.fixture
def one_connection():
    """Requests share the test's transaction, as Django's own test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["owner", "officer", "nobody"])
def test_no_made_up_request_breaks_the_api(journey, django_user_model, one_connection, who):
    headers = {}
    held = journey.prepared()
    if who == "owner":
        person = user_for_person(customer_no=journey.customer.person_no)
        token = token_for(person.username, person.customer_no, django_user_model, timezone.now())
        headers = {"Authorization": f"Bearer {token}"}
    elif who == "officer":
        register_staff(
            username="li.risk", role="risk_officer", password="pass-word-1", actor=SYSTEM,
            on=journey.on,
        )  # fmt: skip
        token = token_for("li.risk", "", django_user_model, timezone.now())
        headers = {"Authorization": f"Bearer {token}"}
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    asked = 0

    for operation in document.get_all_operations():
        if operation.ok().path.endswith("/logout"):
            continue  # it would end the token of all that follows

        @settings(
            max_examples=6,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.ok().as_strategy())
        def ask(case):
            nonlocal asked
            asked += 1
            if asked % 2 and "application_id" in (case.path_parameters or {}):
                case.path_parameters["application_id"] = held.id  # one that exists
            case.call_and_validate(headers=headers, checks=CHECKS)

        ask()

    assert asked > 100
    assert verify_audit_chain().intact
