"""Live policy and scorecard, and the steps of an application, for tests that need a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.support.bank import ENDS_ON, PRODUCT, SYSTEM, Customer, Platforms, player
from tests.support.scorecard import publish_all

from kuaidai.foundation.operations import set_business_date
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain.views import ApplicationView
from kuaidai.parties.operations import grant_authorisations, import_customers


@dataclass
class Journey:
    """One customer's way through an application."""

    customer: Customer
    platforms: Platforms
    on: date = ENDS_ON

    def start(self, key: str | None = None) -> ApplicationView:
        """A draft."""
        return operations.start_application(
            person_no=self.customer.person_no,
            uscc=self.customer.uscc,
            product_code=PRODUCT,
            actor=self.customer.actor,
            on=self.on,
            key=key or new_id("KEY"),
        )

    def authorise(self) -> None:
        """Every authorisation the product needs."""
        grant_authorisations(
            person_no=self.customer.person_no,
            uscc=self.customer.uscc,
            kinds=queries.required_authorisations(PRODUCT),
            language="en",
            channel="tests",
            now=datetime.now(UTC),
            on=self.on,
            actor=self.customer.actor,
        )

    def submit(self, application_id: str, amount: str = "200000.00") -> ApplicationView:
        """The request: 12 months for raw materials."""
        return operations.submit_application(
            application_id=application_id,
            amount=Decimal(amount),
            months=12,
            purpose="raw_materials",
            actor=self.customer.actor,
            on=self.on,
            now=datetime.now(UTC),
        )

    def submitted(self) -> ApplicationView:
        """Draft, authorised, submitted."""
        draft = self.start()
        self.authorise()
        return self.submit(draft.id)

    def run_job(self, application_id: str) -> ApplicationView:
        """What the worker does with the deferred job."""
        return operations.collect_and_decide(
            application_id=application_id, actor=SYSTEM, on=self.on, now=datetime.now(UTC)
        )

    def decided(self) -> ApplicationView:
        """Submitted, collected and decided."""
        return self.run_job(self.submitted().id)

    def choose(
        self, application_id: str, amount: str, months: int = 12, method: str = "equal_instalment"
    ) -> ApplicationView:
        """Terms under the offer."""
        return operations.choose_terms(
            application_id=application_id,
            amount=Decimal(amount),
            months=months,
            method=method,
            actor=self.customer.actor,
            on=self.on,
            now=datetime.now(UTC),
        )

    def prepared(self) -> ApplicationView:
        """Approved, terms for the least amount chosen, contract prepared."""
        held = self.decided()
        self.choose(held.id, "10000.00")
        operations.prepare_contract(
            application_id=held.id,
            actor=self.customer.actor,
            on=self.on,
            now=datetime.now(UTC),
        )
        return queries.application(held.id)

    def code(self, application_id: str) -> str:
        """A signing code, as the phone shows it."""
        operations.request_signing_code(
            application_id=application_id,
            actor=self.customer.actor,
            on=self.on,
            now=datetime.now(UTC),
        )
        return self.platforms.code_for(self.customer.phone)


@pytest.fixture
def bank(db, bank_drop, platforms):
    """Customers imported, business date set, scorecard and policy live."""
    import_customers(drop=bank_drop[0], actor=SYSTEM, on=ENDS_ON)
    set_business_date(on=ENDS_ON, actor=SYSTEM)
    publish_all(on=ENDS_ON)


@pytest.fixture
def journey(bank, bank_drop, platforms):
    """The journey of the customer who should be approved."""
    return Journey(player(bank_drop, "approved"), platforms)
