"""The limit of a line is raised within its approval, or under a new one made for it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.support.bank import SYSTEM, player
from tests.support.lending import Journey

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.cli import main
from kuaidai.kernel.errors import IllegalTransition
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.errors import (
    FacilityOpen,
    NotForThisLine,
    OfferExpired,
    RaisesLine,
)
from kuaidai.lending.servicing import operations as servicing
from kuaidai.lending.servicing import queries as lines
from kuaidai.lending.servicing.errors import NotCoveredByApproval, UnknownFacility
from kuaidai.parties.models import Enterprise, EnterpriseLink, Person
from kuaidai.risk.policy.queries import decision

pytestmark = pytest.mark.django_db
STAFF = Actor("staff", "olga", "Operations")


@pytest.fixture
def line(journey) -> str:
    """A line of 10,000.00 out of an approval for more."""
    held = journey.prepared()
    operations.sign_contract(
        application_id=held.id, code=journey.code(held.id), actor=journey.customer.actor,
        on=journey.on, now=datetime.now(UTC),
    )  # fmt: skip
    return queries.application(held.id).facility_id


def ask(journey, facility_id):
    return operations.start_application(
        person_no=journey.customer.person_no, uscc=journey.customer.uscc,
        product_code=lines.facility(facility_id).product_code, actor=journey.customer.actor,
        on=journey.on, key=f"raise {facility_id}", raises=facility_id,
    )  # fmt: skip


@pytest.fixture
def approval(journey, line):
    """A second approval, made to raise the line, a month after the first."""
    journey.on += timedelta(days=30)
    journey.submit(ask(journey, line).id)
    [held] = [a for a in queries.applications_of(journey.customer.person_no) if a.raises]
    return journey.run_job(held.id)


def raised(journey, line, to, application=None):
    return operations.raise_line(
        facility_id=line, to=Decimal(to), reason="Orders for the next quarter", actor=STAFF,
        on=journey.on, application_id=application,
    )  # fmt: skip


def test_a_line_is_raised_within_its_own_approval(journey, line) -> None:
    assert raised(journey, line, "20000.00").granted == 20000


def test_a_new_approval_raises_the_line_and_is_on_its_history(journey, line, approval) -> None:
    assert approval.status == "approved"
    to = str(approval.offer.limit)

    held = raised(journey, line, to, approval.id)

    assert (held.granted, held.approval_reference) == (approval.offer.limit, approval.decision_id)
    [newest, opened] = lines.limit_history(line)
    assert (newest.kind, newest.approval_reference) == ("increase", approval.decision_id)
    assert opened.approval_reference != approval.decision_id
    used = queries.application(approval.id)
    assert (used.status, used.facility_id, used.raises) == ("active", None, line)
    actions = [e.action for e in audit_trail(subject_type="application", subject_id=approval.id)]
    assert "application.line_raised" in actions


def test_a_line_that_was_raised_rests_on_the_new_approval(journey, line, approval) -> None:
    raised(journey, line, "20000.00", approval.id)
    assert raised(journey, line, "30000.00").approval_reference == approval.decision_id


def test_of_an_offer_to_raise_a_line_only_the_rest_counts_for_linked_firms(
    journey, line, approval, bank_drop
) -> None:
    """The line's 10,000.00 are granted already; the offer would make them more."""
    other = player(bank_drop, "approved", 1)
    EnterpriseLink.objects.create(
        enterprise=Enterprise.objects.get(uscc=other.uscc),
        person=Person.objects.get(customer_no=journey.customer.person_no),
        role="shareholder", share=Decimal("0.3"), since=journey.on,
    )  # fmt: skip
    servicing.set_group_total(
        group_id=lines.group_of(line).id, to=approval.offer.limit + 20_000, on=journey.on,
        reason="Group review", actor=SYSTEM,
    )  # fmt: skip
    linked = Journey(other, journey.platforms, journey.on).decided()
    assert linked.offer.limit == Decimal("20000.00")


def test_the_command_names_the_application(journey, line, approval, capsys) -> None:
    set_business_date(on=journey.on, actor=SYSTEM)
    register_staff(
        username="risk", role="risk_officer", password="correct horse battery", actor=SYSTEM,
        on=journey.on,
    )  # fmt: skip
    given = ("facility", "increase", line, "--to", "20000", "--reason", "Orders", "--as", "risk")
    with pytest.raises(SystemExit) as stopped:
        main.run((*given, "--application", approval.id))
    assert not stopped.value.code
    assert f"{line} open: granted 20,000.00" in capsys.readouterr().out


def test_the_line_to_be_raised_does_not_count_against_itself(journey, line, approval) -> None:
    """The approval covers the whole new limit, so the old one is not taken off it."""
    [first] = [a for a in queries.applications_of(journey.customer.person_no) if not a.raises]
    assert decision(approval.decision_id).limit == decision(first.decision_id).limit


def test_the_new_approval_covers_amount_and_is_open(journey, line, approval) -> None:
    with pytest.raises(NotCoveredByApproval, match="amount"):
        raised(journey, line, str(approval.offer.limit + 1), approval.id)
    journey.on = approval.offer.expires_on + timedelta(days=1)
    with pytest.raises(OfferExpired):
        raised(journey, line, "20000.00", approval.id)
    assert lines.facility(line).granted == 10000


def test_an_approval_that_raises_a_line_opens_no_other(journey, approval, line) -> None:
    with pytest.raises(RaisesLine, match=line):
        journey.choose(approval.id, "10000.00")


def test_an_approval_raises_no_line_but_its_own(journey, line, approval, bank_drop) -> None:
    other = Journey(player(bank_drop, "approved", 1), journey.platforms).decided()
    with pytest.raises(NotForThisLine, match=other.id):
        raised(journey, line, "20000.00", other.id)


def test_only_an_open_line_of_the_firm_is_raised(journey, line, bank_drop, platforms) -> None:
    with pytest.raises(FacilityOpen):
        journey.start()
    stranger = Journey(player(bank_drop, "approved", 1), platforms)
    with pytest.raises(UnknownFacility):
        ask(stranger, line)
    servicing.freeze_facility(facility_id=line, reason="Review", on=journey.on, actor=SYSTEM)
    with pytest.raises(IllegalTransition, match="increased"):
        ask(journey, line)
