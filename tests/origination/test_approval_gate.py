"""No contract beyond the decision: each way round it is tried and refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON

from kuaidai.foundation.operations import set_business_date
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.errors import NoOffer, OfferExpired
from kuaidai.lending.origination.models import Application, Contract, OfferTerms
from kuaidai.lending.servicing import queries as servicing
from kuaidai.lending.servicing.errors import ApprovalExpired, NotCoveredByApproval
from kuaidai.lending.servicing.models import Facility
from kuaidai.risk.policy import queries as policy

pytestmark = pytest.mark.django_db
LEAST = "10000.00"


def prepare(journey, held):
    return operations.prepare_contract(
        application_id=held.id, actor=journey.customer.actor, on=journey.on, now=datetime.now(UTC)
    )


def sign(journey, held):
    return operations.sign_contract(
        application_id=held.id, code=journey.code(held.id), actor=journey.customer.actor,
        now=datetime.now(UTC), on=journey.on,
    )  # fmt: skip


@pytest.mark.parametrize("beyond", ["amount", "rate", "term"])
def test_no_contract_beyond_the_decision_whatever_the_terms_say(journey, beyond) -> None:
    held = journey.decided()
    decision = policy.decision(held.decision_id)
    journey.choose(held.id, LEAST)
    terms = OfferTerms.objects.filter(application_id=held.id)
    if beyond == "amount":  # the offer itself is made higher than the decision
        more = decision.limit + 1000
        Application.objects.filter(id=held.id).update(offer_limit=more)
        terms.update(limit=more, amount=more)
    elif beyond == "rate":
        less = decision.annual_rate - Decimal("0.0001")
        Application.objects.filter(id=held.id).update(offer_rate=less)
        terms.update(annual_rate=less)
    else:
        terms.update(months=24)

    with pytest.raises(NotCoveredByApproval, match=held.decision_id):
        prepare(journey, held)

    assert not Contract.objects.exists()


@pytest.mark.parametrize(
    "beyond", [{"amount": Decimal("9999999.00")}, {"annual_rate": Decimal("0.001")}, {"months": 13}],
    ids=lambda beyond: next(iter(beyond)),
)  # fmt: skip
def test_a_contract_changed_after_it_was_prepared_is_not_signed(journey, beyond) -> None:
    held = journey.prepared()
    Contract.objects.update(**beyond)
    with pytest.raises(NotCoveredByApproval):
        sign(journey, held)
    assert Contract.objects.get().status == "prepared"
    assert not Facility.objects.exists()


def test_an_offer_kept_open_by_hand_does_not_outlive_its_decision(journey) -> None:
    held = journey.decided()
    late = ENDS_ON + timedelta(days=8)
    set_business_date(on=late, actor=journey.customer.actor)
    journey.on = late
    with pytest.raises(OfferExpired):
        journey.choose(held.id, LEAST)
    Application.objects.filter(id=held.id).update(offer_expires_on=late + timedelta(days=30))
    journey.choose(held.id, LEAST)
    with pytest.raises(ApprovalExpired, match=held.decision_id):
        prepare(journey, held)


def test_without_an_approval_there_is_none_to_sign_under(journey) -> None:
    draft = journey.start()
    with pytest.raises(NoOffer):
        queries.approval_of(draft.id)


def test_the_line_rests_on_the_decision(journey) -> None:
    held = journey.prepared()
    sign(journey, held)
    decision = policy.decision(held.decision_id)
    row = Facility.objects.get()
    assert (row.approval_reference, row.approved_amount) == (decision.id, decision.limit)
    assert row.approved_rate == decision.annual_rate
    line = servicing.facility(row.id)
    assert line.expires_on <= line.approval_expires_on
    assert line.branch == "HEAD"
