from datetime import UTC, datetime
from decimal import Decimal

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.support.bank import PRODUCT, player
from tests.support.lending import Journey

from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.errors import IllegalTransition, NotAllowed, NotFound
from kuaidai.kernel.identifiers import MalformedUscc
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.errors import (
    AlreadySubmitted,
    AmountOutOfRange,
    ApplicationExists,
    AuthorisationsIncomplete,
    PurposeNotAllowed,
    TenorNotOffered,
)
from kuaidai.lending.products.catalogue import UnknownProduct
from kuaidai.parties.errors import NotTheOwner, UnknownEnterprise
from kuaidai.parties.operations import withdraw_authorisation
from kuaidai.parties.queries import live_authorisations

pytestmark = pytest.mark.django_db


def start(journey, **changes):
    given = {
        "person_no": journey.customer.person_no,
        "uscc": journey.customer.uscc,
        "product_code": PRODUCT,
        "actor": journey.customer.actor,
        "on": journey.on,
        "key": "start-key-0001",
    }
    return operations.start_application(**{**given, **changes})


def test_a_draft_names_the_firm_and_is_audited(journey):
    draft = journey.start()

    assert draft.status == "draft"
    assert draft.enterprise_name == journey.customer.firm
    (entry,) = audit_trail(subject_type="application", subject_id=draft.id)
    assert entry.action == "application.started"
    assert entry.actor_id == journey.customer.person_no


def test_the_same_key_gives_the_same_draft(journey):
    assert start(journey).id == start(journey).id


def test_the_same_key_for_another_product_is_refused(journey, monkeypatch):
    start(journey)
    second = queries.applications_of(journey.customer.person_no)[0]

    with pytest.raises(IdempotencyMismatch):
        from kuaidai.lending.origination.models import Application

        Application.objects.filter(id=second.id).update(product_code="another-product")
        start(journey)


def test_a_second_application_for_firm_and_product_names_the_first(journey):
    first = journey.start()

    with pytest.raises(ApplicationExists, match=first.id):
        journey.start()

    assert len(queries.applications_of(journey.customer.person_no)) == 1


def test_a_withdrawn_application_makes_room_for_another(journey):
    first = journey.start()
    operations.withdraw(application_id=first.id, actor=journey.customer.actor, on=journey.on)

    assert journey.start().id != first.id


def test_a_mistyped_code_is_named(journey):
    wrong = journey.customer.uscc[:-1] + ("0" if journey.customer.uscc[-1] != "0" else "1")

    with pytest.raises(MalformedUscc, match=wrong):
        start(journey, uscc=wrong)


def test_an_unknown_firm_is_named(journey):
    with pytest.raises(UnknownEnterprise, match="911100001000044477"):
        start(journey, uscc="911100001000044477")


def test_another_owners_firm_is_refused(journey, bank_drop):
    other = player(bank_drop, "declined")

    with pytest.raises(NotTheOwner, match=other.uscc):
        start(journey, uscc=other.uscc)


def test_nobody_applies_in_anothers_name(journey, bank_drop):
    other = player(bank_drop, "declined")

    with pytest.raises(NotAllowed):
        start(journey, person_no=other.person_no, uscc=other.uscc)


def test_an_unknown_product_is_named(journey):
    with pytest.raises(UnknownProduct, match="gold-loan"):
        start(journey, product_code="gold-loan")


def test_submitting_stores_the_request_and_queues_one_job(journey):
    submitted = journey.submitted()

    assert submitted.status == "collecting"
    assert (submitted.amount, submitted.months) == (Decimal("200000.00"), 12)
    jobs = ProcrastinateJob.objects.filter(task_name="origination.collect")
    assert [job.args for job in jobs] == [{"application_id": submitted.id}]


def test_submitting_twice_is_refused_and_queues_nothing_more(journey):
    submitted = journey.submitted()

    with pytest.raises(AlreadySubmitted, match=submitted.id):
        journey.submit(submitted.id, amount="50000.00")

    assert queries.application(submitted.id).amount == Decimal("200000.00")
    assert ProcrastinateJob.objects.filter(task_name="origination.collect").count() == 1


def test_missing_authorisations_are_listed_and_nothing_changes(journey):
    draft = journey.start()

    with pytest.raises(AuthorisationsIncomplete, match=r"tax.*missing"):
        journey.submit(draft.id)

    assert queries.application(draft.id).status == "draft"
    assert not ProcrastinateJob.objects.exists()


def test_a_withdrawn_authorisation_is_named_as_withdrawn(journey):
    draft = journey.start()
    journey.authorise()
    customer = journey.customer
    held = live_authorisations(person_no=customer.person_no, uscc=customer.uscc, on=journey.on)
    withdraw_authorisation(
        authorisation_id=held["personal_bureau"].id,
        person_no=customer.person_no,
        actor=customer.actor,
        now=datetime.now(UTC),
        on=journey.on,
    )

    with pytest.raises(AuthorisationsIncomplete, match=r"personal_bureau.*withdrawn"):
        journey.submit(draft.id)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": Decimal("3001000.00")}, AmountOutOfRange),
        ({"amount": Decimal("9000.00")}, AmountOutOfRange),
        ({"months": 7}, TenorNotOffered),
        ({"purpose": "buy_shares"}, PurposeNotAllowed),
    ],
)
def test_a_request_outside_the_product_is_refused(journey, changes, refusal):
    draft = journey.start()
    journey.authorise()
    request = {"amount": Decimal("200000.00"), "months": 12, "purpose": "raw_materials"}

    with pytest.raises(refusal):
        operations.submit_application(
            application_id=draft.id,
            **{**request, **changes},
            actor=journey.customer.actor,
            on=journey.on,
            now=datetime.now(UTC),
        )

    assert queries.application(draft.id).status == "draft"


def test_anothers_application_does_not_exist_for_me(journey, bank_drop):
    draft = journey.start()
    stranger = Journey(player(bank_drop, "declined"), journey.platforms)

    with pytest.raises(NotFound):
        stranger.submit(draft.id)
    with pytest.raises(NotFound):
        operations.withdraw(application_id=draft.id, actor=stranger.customer.actor, on=journey.on)
    with pytest.raises(NotFound):
        queries.application(draft.id, person_no=stranger.customer.person_no)


def test_authorising_moves_the_draft_on_once(journey):
    draft = journey.start()
    journey.authorise()

    for _ in range(2):
        held = operations.authorise_application(
            application_id=draft.id, actor=journey.customer.actor, on=journey.on
        )

    assert held.status == "authorised"


def test_what_is_withdrawn_stays_withdrawn(journey):
    draft = journey.start()
    operations.withdraw(application_id=draft.id, actor=journey.customer.actor, on=journey.on)

    with pytest.raises(IllegalTransition, match=r"withdrawn.*collecting"):
        journey.submit(draft.id)


def test_the_queue_finds_by_firm_and_counts_by_state(journey):
    draft = journey.start()

    page = queries.queue(status="draft", search=journey.customer.firm[:4])

    assert [held.id for held in page.items] == [draft.id]
    assert queries.queue(search="no such firm").total == 0
    assert queries.status_counts() == {"draft": 1}
