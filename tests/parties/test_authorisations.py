"""Granting, withdrawing and requiring authorisations."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from tests.support.people import OTHER_USCC, USCC, register_firm, register_owner, register_person
from tests.support.threads import at_once

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.identifiers import MalformedUscc
from kuaidai.parties import operations, queries
from kuaidai.parties.domain.authorisations import AuthorisationKind, authorisation_text, text_hash
from kuaidai.parties.errors import (
    AuthorisationMissing,
    NotTheOwner,
    UnknownAuthorisation,
    UnknownEnterprise,
    UnknownPerson,
)
from kuaidai.parties.models import Authorisation

pytestmark = pytest.mark.django_db
ON = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)
OWNER = Actor("person", "P1", "P1")
TAX = AuthorisationKind.TAX


def grant(*kinds, uscc=USCC, person_no="P1", on=ON, now=NOW, language="zh-hans"):
    return operations.grant_authorisations(
        person_no=person_no, uscc=uscc, kinds=kinds or (TAX,), language=language, channel="portal",
        now=now, on=on, actor=OWNER,
    )  # fmt: skip


def withdraw(authorisation_id, person_no="P1"):
    return operations.withdraw_authorisation(
        authorisation_id=authorisation_id, person_no=person_no, actor=OWNER, now=NOW, on=ON
    )


def require(kind=TAX, on=ON):
    return queries.require_authorisation(kind=kind, person_no="P1", uscc=USCC, on=on)


@pytest.fixture(autouse=True)
def owner():
    return register_owner()


def test_grant_keeps_what_was_read_and_until_when(settings):
    (given,) = grant(language="en")

    shown = authorisation_text(
        TAX, "en", lender=settings.KUAIDAI.lender_name,
        enterprise_name="示范商贸有限公司", person_name="示例",
    )  # fmt: skip
    assert given.text_hash == text_hash(shown)
    assert (given.granted_on, given.expires_on) == (ON, date(2028, 6, 30))
    assert given.purposes == (
        "application", "limit_management", "post_loan_monitoring", "renewal_screening",
    )  # fmt: skip
    assert (given.language, given.channel) == ("en", "portal")
    assert require() == given


def test_granting_twice_is_granting_once():
    first = grant()

    assert grant() == first
    assert Authorisation.objects.count() == 1
    assert len(audit_trail(subject_type="enterprise", subject_id=USCC)) == 1


def test_missing_withdrawn_and_expired_are_told_apart_in_both_languages():
    with pytest.raises(AuthorisationMissing) as missing:
        require()
    (given,) = grant()
    with pytest.raises(AuthorisationMissing) as expired:
        require(on=given.expires_on + timedelta(days=1))
    withdraw(given.id)
    with pytest.raises(AuthorisationMissing) as withdrawn:
        require()

    assert "is missing" in str(missing.value)
    assert "尚未授予" in missing.value.text("zh-hans")
    assert "expired on 2028-06-30" in str(expired.value)
    assert "已于 2028-06-30 到期" in expired.value.text("zh-hans")
    assert f"withdrawn ({given.id})" in str(withdrawn.value)
    assert "tax" in str(withdrawn.value)
    assert "涉税信息查询授权书" in withdrawn.value.text("zh-hans")


def test_last_day_still_counts():
    (given,) = grant()

    assert require(on=given.expires_on) == given


def test_one_kind_does_not_serve_for_another():
    grant(AuthorisationKind.PERSONAL_BUREAU)

    with pytest.raises(AuthorisationMissing):
        require(AuthorisationKind.ENTERPRISE_BUREAU)


def test_withdrawn_can_be_given_again_and_the_old_one_stays_on_record():
    (old,) = grant()
    withdraw(old.id)

    (new,) = grant()

    assert new.id != old.id
    assert require() == new
    history = queries.authorisations(person_no="P1", uscc=USCC)
    assert {a.id: a.withdrawn_at for a in history} == {new.id: None, old.id: NOW}


def test_expired_is_replaced_without_being_called_withdrawn():
    (old,) = grant()
    later = old.expires_on + timedelta(days=1)

    (new,) = grant(on=later, now=NOW + timedelta(days=731))

    assert new.id != old.id
    stored = Authorisation.objects.get(id=old.id)
    assert stored.withdrawn_at is None
    assert stored.replaced_at == NOW + timedelta(days=731)
    live = queries.live_authorisations(person_no="P1", uscc=USCC, on=later)
    assert live == {TAX: new}


def test_withdrawing_twice_changes_and_records_nothing_more():
    (given,) = grant()
    first = withdraw(given.id)

    assert withdraw(given.id) == first
    actions = [e.action for e in audit_trail(subject_type="enterprise", subject_id=USCC)]
    assert actions == ["authorisation.withdraw", "authorisation.grant"]


def test_nobody_withdraws_for_somebody_else():
    (given,) = grant()
    register_person("P2", "110101197502020001", "13800000002")

    with pytest.raises(UnknownAuthorisation, match=given.id):
        withdraw(given.id, person_no="P2")

    assert require() == given


def test_owner_of_another_firm_is_refused_and_nothing_is_stored():
    register_firm(OTHER_USCC, "他人商贸有限公司")

    with pytest.raises(NotTheOwner, match=OTHER_USCC):
        grant(uscc=OTHER_USCC)

    assert not Authorisation.objects.exists()


@pytest.mark.parametrize(
    ("uscc", "refusal", "why"),
    [
        (USCC[:-1] + "M", MalformedUscc, "check digit"),
        (USCC[:-1], MalformedUscc, "length"),
        ("", MalformedUscc, "length"),
        ("91110000MA000000'; --", MalformedUscc, "length"),
        (OTHER_USCC, UnknownEnterprise, OTHER_USCC),
    ],
)
def test_malformed_and_unknown_codes_are_named(uscc, refusal, why):
    with pytest.raises(refusal, match=why):
        grant(uscc=uscc)

    assert not Authorisation.objects.exists()


def test_lower_case_and_blanks_are_understood():
    assert queries.enterprise(f" {USCC.lower()} ").uscc == USCC


def test_database_itself_allows_one_open_authorisation_of_a_kind(owner):
    grant()
    copy = Authorisation.objects.get()
    copy.id = "AUT-COPY"

    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def test_login_is_made_at_the_first_sign_in_and_kept():
    first = operations.user_for_person(customer_no="P1")
    second = operations.user_for_person(customer_no="P1")

    assert first.username == second.username == "P1"
    assert queries.person_by_username("P1").customer_no == "P1"
    with pytest.raises(UnknownPerson, match="P9"):
        operations.user_for_person(customer_no="P9")


def test_unknown_phone_is_shown_masked():
    with pytest.raises(UnknownPerson) as refusal:
        queries.person_by_phone("13900001234")

    assert "139****1234" in str(refusal.value)
    assert "13900001234" not in str(refusal.value)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_authorisation():
    results = at_once(lambda _: grant()[0].id, 4)

    assert len(set(results)) == 1
    assert Authorisation.objects.count() == 1
