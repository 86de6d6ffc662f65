import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from tests.support.bank import player
from tests.support.lending import Journey

from kuaidai.foundation.errors import CodeExpired, CodeWrong
from kuaidai.foundation.queries import audit_trail, verify_audit_chain
from kuaidai.kernel.errors import IllegalTransition, NotFound
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.errors import (
    AmountOffStep,
    AmountOutOfRange,
    ContractMissing,
    ContractStale,
    FacilityOpen,
    MethodNotOffered,
    NoOffer,
    OfferExpired,
    TermsMissing,
)
from kuaidai.lending.origination.models import Contract, OfferTerms
from kuaidai.lending.servicing.queries import facility

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(journey):
    held = journey.decided()
    assert held.status == "approved"
    return held


def preview(journey, held, **changes):
    given = {
        "amount": Decimal("12000.00"), "months": 12, "method": "equal_principal",
        "on": journey.on,
    }  # fmt: skip
    return operations.preview_terms(application_id=held.id, **{**given, **changes})


def sign(journey, held, code, now=None):
    return operations.sign_contract(
        application_id=held.id,
        code=code,
        actor=journey.customer.actor,
        now=now or datetime.now(UTC),
        on=journey.on,
    )


def test_a_preview_shows_schedule_and_annualised_rate_and_changes_nothing(journey, approved):
    quote = preview(journey, approved)

    assert len(quote.instalments) == 12
    assert {line.principal for line in quote.instalments} == {Decimal("1000.00")}
    assert quote.annualised.effective > quote.annualised.nominal > 0
    assert queries.application(approved.id).terms is None


def test_terms_outside_the_offer_are_refused_with_the_range(journey, approved):
    limit = approved.offer.limit

    with pytest.raises(AmountOutOfRange, match=f"{limit:,.2f}"):
        journey.choose(approved.id, str(limit + 1000))
    with pytest.raises(AmountOffStep):
        journey.choose(approved.id, "10500.00")
    with pytest.raises(MethodNotOffered):
        journey.choose(approved.id, "10000.00", method="balloon")

    assert queries.application(approved.id).status == "approved"


def test_the_database_refuses_terms_above_the_limit(journey, approved):
    journey.choose(approved.id, "10000.00")

    with pytest.raises(IntegrityError), transaction.atomic():
        OfferTerms.objects.update(amount=approved.offer.limit + 1)


def test_terms_may_be_chosen_again_and_supersede_the_contract(journey):
    held = journey.prepared()

    again = journey.choose(held.id, "11000.00", months=6, method="revolving")

    assert again.terms.amount == Decimal("11000.00")
    assert again.contract is None
    with pytest.raises(ContractMissing):
        journey.code(held.id)


def test_an_offer_lapses_after_its_last_day(journey, approved):
    journey.on = approved.offer.expires_on
    assert journey.choose(approved.id, "10000.00").status == "offered"
    journey.on = approved.offer.expires_on + timedelta(days=1)

    with pytest.raises(OfferExpired, match=str(approved.offer.expires_on)):
        journey.choose(approved.id, "10000.00")

    assert operations.expire_offers(on=journey.on) == 1
    assert operations.expire_offers(on=journey.on) == 0
    assert queries.application(approved.id).status == "expired"
    with pytest.raises(OfferExpired):
        preview(journey, approved)


def test_a_lapsed_offer_makes_room_for_a_new_application(journey, approved):
    journey.on = approved.offer.expires_on + timedelta(days=1)

    assert journey.start().id != approved.id
    assert queries.application(approved.id).status == "expired"


def test_there_are_no_terms_without_an_offer(journey):
    submitted = journey.submitted()

    with pytest.raises(NoOffer, match="collecting"):
        journey.choose(submitted.id, "10000.00")


def test_a_contract_needs_chosen_terms(journey, approved):
    with pytest.raises(TermsMissing):
        operations.prepare_contract(
            application_id=approved.id, actor=journey.customer.actor, on=journey.on,
            now=datetime.now(UTC),
        )  # fmt: skip


def test_signing_opens_the_facility_and_both_signatures_verify(journey, tmp_path, settings):
    held = journey.prepared()

    contract = sign(journey, held, journey.code(held.id))

    active = queries.application(held.id)
    assert (contract.status, active.status) == ("signed", "active")
    opened = facility(active.facility_id)
    assert opened.granted == opened.available == Decimal("10000.00")
    assert opened.annual_rate == active.offer.annual_rate
    assert [check.valid for check in queries.verify_contract(contract.id)] == [True, True]

    file = tmp_path / "signed.pdf"
    file.write_bytes(queries.contract_pdf(contract.id))
    said = subprocess.run(
        [Path(sys.executable).parent / "pyhanko", "sign", "validate",
         "--trust", settings.KUAIDAI.home / "pki" / "ca.pem", file],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert said.stdout.count("INTACT:TRUSTED") == 2


def test_the_stored_contract_is_encrypted_and_its_text_hash_is_audited(journey):
    held = journey.prepared()

    row = Contract.objects.get(id=held.contract.id)

    assert not bytes(row.pdf).startswith(b"%PDF")
    assert queries.contract_pdf(row.id).startswith(b"%PDF")
    newest = audit_trail(subject_type="application", subject_id=held.id)[0]
    assert newest.action == "application.contract_prepared"
    assert newest.detail["text_hash"] == row.text_hash


def test_no_personal_data_in_the_audit_trail(journey):
    held = journey.prepared()
    sign(journey, held, journey.code(held.id))

    told = str(audit_trail(subject_type="application", subject_id=held.id))

    assert journey.customer.phone not in told
    assert verify_audit_chain().intact


def test_signing_again_returns_the_signed_contract(journey):
    held = journey.prepared()
    first = sign(journey, held, journey.code(held.id))

    assert sign(journey, held, "000000") == first


def test_a_wrong_code_signs_nothing(journey):
    held = journey.prepared()
    right = journey.code(held.id)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"

    with pytest.raises(CodeWrong, match=wrong):
        sign(journey, held, wrong)

    assert queries.application(held.id).status == "offered"
    assert sign(journey, held, right).status == "signed"


def test_an_expired_code_signs_nothing(journey):
    held = journey.prepared()
    code = journey.code(held.id)

    with pytest.raises(CodeExpired):
        sign(journey, held, code, now=datetime.now(UTC) + timedelta(minutes=6))

    assert queries.application(held.id).status == "offered"


def test_a_contract_of_yesterday_is_prepared_again(journey):
    held = journey.prepared()
    journey.on += timedelta(days=1)

    with pytest.raises(ContractStale):
        journey.code(held.id)
    renewed = operations.prepare_contract(
        application_id=held.id, actor=journey.customer.actor, on=journey.on,
        now=datetime.now(UTC),
    )  # fmt: skip

    assert renewed.id != held.contract.id
    assert sign(journey, held, journey.code(held.id)).id == renewed.id


def test_a_stranger_neither_reads_nor_signs(journey, bank_drop):
    held = journey.prepared()
    stranger = Journey(player(bank_drop, "declined"), journey.platforms)

    with pytest.raises(NotFound):
        sign(stranger, held, "123456")
    with pytest.raises(NotFound):
        queries.contract_pdf(held.contract.id, person_no=stranger.customer.person_no)


def test_what_is_active_is_neither_withdrawn_nor_applied_for_again(journey):
    held = journey.prepared()
    sign(journey, held, journey.code(held.id))

    with pytest.raises(IllegalTransition, match=r"active.*withdrawn"):
        operations.withdraw(application_id=held.id, actor=journey.customer.actor, on=journey.on)
    with pytest.raises(FacilityOpen):
        journey.start()
