"""Linked firms share one total: no offer exceeds what lines and offers to the others leave of it."""

from decimal import Decimal

import pytest
from django.db import connection
from tests.servicing.conftest import approved
from tests.support.bank import ENDS_ON, PRODUCT, SYSTEM, player
from tests.support.lending import Journey

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import register_staff
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.errors import LimitTooHigh
from kuaidai.lending.origination.models import Application, application_id
from kuaidai.lending.origination.operations.group_room import standing_for
from kuaidai.lending.products.catalogue import product
from kuaidai.lending.servicing import operations as servicing
from kuaidai.lending.servicing import queries as lines
from kuaidai.parties.models import Enterprise, EnterpriseLink, Person
from kuaidai.risk.policy.queries import decision

pytestmark = pytest.mark.django_db


@pytest.fixture
def linked(bank, bank_drop, platforms):
    """Makes the owner of the sound firm an owner of another player's firm; that firm's journey."""

    def journey_of(role: str, number: int = 0) -> Journey:
        first, other = player(bank_drop, "approved"), player(bank_drop, role, number)
        EnterpriseLink.objects.create(
            enterprise=Enterprise.objects.get(uscc=other.uscc),
            person=Person.objects.get(customer_no=first.person_no),
            role="shareholder", share=Decimal("0.3"), since=ENDS_ON,
        )  # fmt: skip
        return Journey(other, platforms)

    return journey_of


@pytest.fixture
def line(bank, bank_drop):
    """A line of 100,000.00 for the sound firm, in a group whose total is set to what is asked."""
    customer = player(bank_drop, "approved")

    def opened(total: str) -> None:
        facility = servicing.open_facility(
            application_id=new_id("APP"), contract_id=new_id("CTR"), uscc=customer.uscc,
            person_no=customer.person_no, product_code=PRODUCT, granted=Decimal(100_000),
            annual_rate=Decimal("0.036"), method="equal_principal", months=12, opens_on=ENDS_ON,
            expires_on=add_months(ENDS_ON, 12), account_no="6217000010001234567",
            approval=approved("100000.00"), actor=SYSTEM,
        )  # fmt: skip
        servicing.set_group_total(
            group_id=lines.group_of(facility.id).id, to=Decimal(total), on=ENDS_ON,
            reason="Group review", actor=SYSTEM,
        )  # fmt: skip

    return opened


def test_an_offer_leaves_the_group_within_its_total(linked, line) -> None:
    line("150000.00")
    held = linked("approved", 1).decided()

    assert held.offer.limit == Decimal("50000.00")
    recorded = decision(held.decision_id)
    [binding] = [term for term in recorded.limit_breakdown if term.binding]
    assert (binding.code, binding.amount) == ("GROUP_TOTAL", Decimal("50000.00"))
    [reason] = recorded.reasons
    assert "less what is granted or offered to them already" in reason.en
    assert "减去已授信及已给出的额度" in reason.zh
    [shown] = [t for t in queries.customer_decision(held.id).limit_breakdown if t.binding]
    assert (shown.title_en, shown.title_zh) == (
        "Room in the group's total",
        "关联客户总额度剩余空间",
    )


def test_an_open_offer_to_a_linked_firm_counts_like_a_line(journey, linked, line) -> None:
    offered = journey.decided().offer.limit
    line(str(100_000 + offered + 20_000))

    assert linked("approved", 1).decided().offer.limit == Decimal("20000.00")


def test_an_offer_that_was_given_up_counts_no_more(journey, linked, line) -> None:
    held = journey.decided()
    line(str(100_000 + held.offer.limit + 20_000))
    operations.withdraw(application_id=held.id, actor=journey.customer.actor, on=ENDS_ON)

    assert linked("approved", 1).decided().offer.limit > Decimal("20000.00")


def test_firms_that_share_nobody_share_no_total(line, bank_drop, platforms) -> None:
    line("150000.00")
    held = Journey(player(bank_drop, "approved", 1), platforms).decided()

    assert held.offer.limit > Decimal("50000.00")
    codes = {term.code for term in decision(held.decision_id).limit_breakdown}
    assert "GROUP_TOTAL" not in codes


def holds_groups() -> bool:
    """Whether this transaction lets no other one open or offer a line to linked firms."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND objid::bigint = hashtext('kuaidai.limit_groups')::bigint & 4294967295"
        )
        return bool(cursor.fetchone()[0])


def test_offers_under_two_products_to_one_firm_wait_for_one_another(journey) -> None:
    submitted = journey.submitted()
    row = Application.objects.get(id=submitted.id)
    standing_for(row, product(PRODUCT), ENDS_ON)
    assert not holds_groups()

    row.pk, row.start_key, row.product_code = application_id(), "second", "OTHER"
    row.save(force_insert=True)
    journey.run_job(submitted.id)
    assert holds_groups()


def test_a_risk_officer_grants_no_more_than_the_group_leaves_on_that_day(linked, line) -> None:
    referred = linked("referred").decided()
    assert referred.status == "referred"
    line("115000.00")
    register_staff(
        username="li.risk", role="risk_officer", password="pass-word-1", actor=SYSTEM, on=ENDS_ON
    )
    officer = Actor("staff", "li.risk", "Risk officer")
    given = {
        "application_id": referred.id, "outcome": "approve", "actor": officer, "on": ENDS_ON,
        "reason": "Site visit: orders for the next quarter are signed.",
    }  # fmt: skip

    with pytest.raises(LimitTooHigh, match=r"15,000\.00 \(the room in the group's total\)"):
        operations.resolve_referral(**given, limit=Decimal(16_000))
    granted = operations.resolve_referral(**given)
    assert granted.offer.limit == Decimal(15_000)
