"""A firm and its owner. Their numbers have right check digits and serial numbers that nobody gets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kuaidai.foundation.encryption import blind_index
from kuaidai.parties.models import Enterprise, EnterpriseLink, Person

USCC = "91110000MA0000001L"
OTHER_USCC = "91310000MA00000025"
RESIDENT_ID = "110101198001010002"
PHONE = "13800000001"


def register_firm(uscc: str = USCC, name: str = "示范商贸有限公司") -> Enterprise:
    """A firm in the tables."""
    return Enterprise.objects.create(
        uscc=uscc,
        name=name,
        kind="company",
        industry_code="51",
        province_code="11",
        established_on=date(2018, 3, 1),
    )


def register_person(
    customer_no: str = "P1", resident_id: str = RESIDENT_ID, phone: str = PHONE
) -> Person:
    """A person in the tables."""
    return Person.objects.create(
        customer_no=customer_no,
        name="示例",
        resident_id=resident_id,
        resident_id_index=blind_index(resident_id),
        phone=phone,
        phone_index=blind_index(phone),
        birth_date=date(1980, 1, 1),
    )


def register_owner() -> tuple[Person, Enterprise]:
    """P1, who owns the whole firm."""
    person, firm = register_person(), register_firm()
    EnterpriseLink.objects.create(
        enterprise=firm,
        person=person,
        role="legal_representative",
        share=Decimal("1"),
        since=date(2018, 3, 1),
    )
    return person, firm
