"""Prepare the contract, send the one-time code, sign, and open the facility."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localtime

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.encryption import decrypt_bytes, encrypt_bytes
from kuaidai.foundation.operations import IssuedCode, issue_code, verify_code
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.canonical import sha256_hex
from kuaidai.kernel.errors import NotFound
from kuaidai.lending.origination import queries
from kuaidai.lending.origination.contracts.certificates import Authority
from kuaidai.lending.origination.contracts.facts import ContractFacts, ScheduleLine
from kuaidai.lending.origination.contracts.rendering import render_contract, render_stamp
from kuaidai.lending.origination.contracts.signing import (
    CUSTOMER_FIELD,
    LENDER_FIELD,
    Seal,
    verify_signatures,
)
from kuaidai.lending.origination.contracts.signing import sign_contract as sign_pdf
from kuaidai.lending.origination.domain import product_terms
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.origination.domain.views import ContractView
from kuaidai.lending.origination.errors import (
    ContractChanged,
    ContractMissing,
    ContractStale,
    NoSettlementAccount,
    TermsMissing,
)
from kuaidai.lending.origination.models import Application, Contract, OfferTerms, contract_id
from kuaidai.lending.origination.operations.offering import require_open_offer
from kuaidai.lending.origination.operations.records import audit, locked, move
from kuaidai.lending.products.catalogue import product as product_of
from kuaidai.lending.servicing import bank_core
from kuaidai.lending.servicing import operations as servicing
from kuaidai.lending.servicing.domain.agreeing import terms_for
from kuaidai.lending.servicing.domain.quote import quote
from kuaidai.parties import queries as parties


def _settlement_account(uscc: str) -> str:
    """The firm's own account at the bank; raises `NoSettlementAccount`."""
    accounts = bank_core.accounts(uscc)
    if not accounts:
        raise NoSettlementAccount(uscc=uscc)
    return accounts[0].account_no


def _facts(application: Application, chosen: OfferTerms, number: str, on: date) -> ContractFacts:
    product = product_of(application.product_code)
    person = parties.person_by_number(application.person_no)
    loan = terms_for(
        product,
        amount=chosen.amount,
        months=chosen.months,
        method=chosen.method,
        annual_rate=chosen.annual_rate,
        on=on,
    )
    quoted = quote(loan)
    method_en, method_zh = product_terms.method_titles(chosen.method)
    purpose_en, purpose_zh = product_terms.purpose_titles(product, application.purpose)
    return ContractFacts(
        contract_id=number,
        application_id=application.id,
        prepared_on=on,
        lender=settings.KUAIDAI.lender_name,
        enterprise_name=application.enterprise_name,
        uscc=application.uscc,
        owner_name=person.name,
        owner_resident_id=person.resident_id,
        owner_phone=person.phone,
        product_zh=product.name_zh,
        product_en=product.name_en,
        purpose_zh=purpose_zh,
        purpose_en=purpose_en,
        amount=chosen.amount,
        currency=settings.KUAIDAI.currency,
        months=chosen.months,
        opens_on=on,
        expires_on=add_months(on, chosen.months),
        method=chosen.method,
        method_zh=method_zh,
        method_en=method_en,
        annual_rate=chosen.annual_rate,
        nominal=quoted.annualised.nominal,
        effective=quoted.annualised.effective,
        total_interest=quoted.total_interest,
        day_count=loan.day_count.value.upper(),
        penalty_multiplier=product.penalty_multiplier,
        grace_days=product.grace_days,
        account_no=_settlement_account(application.uscc),
        schedule=tuple(
            ScheduleLine(
                no=line.no,
                due_on=line.due_on,
                principal=line.principal,
                interest=line.interest,
                total=line.total,
                outstanding=line.outstanding,
            )
            for line in quoted.instalments
        ),
        holiday_roll=str(loan.conventions.holiday_roll),
        interest_rolls=loan.conventions.interest_rolls,
    )


def _require_approved(application: Application, agreed: ContractFacts | Contract, on: date) -> None:
    """No contract beyond the decision: its amount, rate and term, on a day it still holds.

    Raises `ApprovalExpired`, `NotCoveredByApproval`.
    """
    approval = queries.approval_of(application.id)
    approval.require_open(on)
    approval.require_cover(
        product_code=application.product_code,
        amount=agreed.amount,
        annual_rate=agreed.annual_rate,
        months=agreed.months,
        expires_on=agreed.expires_on,
    )


def prepare_contract(*, application_id: str, actor: Actor, on: date, now: datetime) -> ContractView:
    """The contract on the chosen terms, rendered for reading; the same one again on the same day.

    Raises `NoOffer`, `OfferExpired`, `TermsMissing`, `NoSettlementAccount`, `NotCoveredByApproval`.
    """
    with transaction.atomic():
        application = locked(application_id, actor)
        require_open_offer(application, on)
        chosen = OfferTerms.objects.filter(application=application).first()
        if chosen is None:
            raise TermsMissing(application_id=application.id)
        standing = application.contracts.filter(status=Contract.State.PREPARED).first()
        if standing is not None and standing.opens_on == on:
            return queries.contract_view(standing)
        application.contracts.filter(status=Contract.State.PREPARED).update(
            status=Contract.State.SUPERSEDED
        )
        facts = _facts(application, chosen, contract_id(), on)
        _require_approved(application, facts, on)
        pdf = render_contract(facts)
        contract = Contract.objects.create(
            id=facts.contract_id,
            application=application,
            amount=facts.amount,
            months=facts.months,
            method=facts.method,
            annual_rate=facts.annual_rate,
            opens_on=facts.opens_on,
            expires_on=facts.expires_on,
            account_no=facts.account_no,
            text_hash=facts.text_hash(),
            pdf=encrypt_bytes(pdf),
            pdf_hash=sha256_hex(pdf),
            prepared_at=localtime(now),
        )
        audit(
            application,
            "contract_prepared",
            actor=actor,
            on=on,
            detail={"contract": contract.id, "text_hash": contract.text_hash},
        )
        return queries.contract_view(contract)


def _signable(application: Application, on: date) -> Contract:
    """The prepared contract if it may be signed on `on`."""
    require_open_offer(application, on)
    contract = application.contracts.filter(status=Contract.State.PREPARED).first()
    if contract is None:
        raise ContractMissing(application_id=application.id)
    if contract.opens_on != on:
        raise ContractStale(contract_id=contract.id, prepared_on=contract.opens_on, today=on)
    return contract


def _own(application_id: str, actor: Actor) -> Application:
    """The application without a lock, for checks ahead of a transaction."""
    application = Application.objects.filter(id=application_id).first()
    if application is None or (actor.kind == "person" and actor.id != application.person_no):
        raise NotFound(kind="application", value=application_id)
    return application


def signing_purpose(application_id: str) -> str:
    """The purpose a signing code is bound to: a code for one application opens no other."""
    return f"sign:{application_id}"


def request_signing_code(
    *, application_id: str, actor: Actor, on: date, now: datetime
) -> IssuedCode:
    """Send the applicant the one-time code with which this contract may be signed.

    Raises `ContractMissing`, `ContractStale`, `OfferExpired`, `CodeTooSoon`, `SmsNotSent`.
    """
    application = _own(application_id, actor)
    contract = _signable(application, on)
    person = parties.person_by_number(application.person_no)
    issued = issue_code(phone=person.phone, purpose=signing_purpose(application_id), now=now)
    with transaction.atomic():
        audit(
            application, "signing_code_sent", actor=actor, on=on, detail={"contract": contract.id}
        )
    return issued


def _seal(application: Application, contract: Contract, now: datetime) -> tuple[bytes, str]:
    """The PDF with both signatures, and the serial number of the customer's certificate."""
    pdf = decrypt_bytes(bytes(contract.pdf))
    if sha256_hex(pdf) != contract.pdf_hash:
        raise ContractChanged(contract_id=contract.id)
    lender = settings.KUAIDAI.lender_name
    authority = Authority(settings.KUAIDAI.home / "pki", lender=lender, now=now)
    person = parties.person_by_number(application.person_no)
    credential = authority.issue_for_customer(
        person_no=application.person_no,
        person_name=person.name,
        enterprise_name=application.enterprise_name,
        now=now,
    )
    signed = sign_pdf(
        pdf,
        customer=Seal(
            CUSTOMER_FIELD,
            credential,
            f"签署借款合同 {contract.id}",
            render_stamp(
                kind="customer",
                name=person.name,
                detail=application.enterprise_name,
                at=localtime(now),
            ),
        ),
        lender=Seal(
            LENDER_FIELD,
            authority.seal,
            f"加盖电子合同专用章 {contract.id}",
            render_stamp(kind="lender", name=lender, detail=contract.id, at=localtime(now)),
        ),
        root=authority.trust_root.read_bytes(),
    )
    checks = verify_signatures(signed, trust_root=authority.trust_root)
    if len(checks) != 2 or not all(check.valid for check in checks):
        raise ContractChanged(contract_id=contract.id)
    return signed, credential.serial


def _sign_and_open(
    application: Application, contract: Contract, *, actor: Actor, on: date, now: datetime
) -> None:
    _require_approved(application, contract, on)
    signed, serial = _seal(application, contract, now)
    contract.pdf, contract.pdf_hash = encrypt_bytes(signed), sha256_hex(signed)
    contract.status, contract.signed_at = Contract.State.SIGNED, now
    contract.certificate_serial = serial
    contract.save()
    move(application, Status.SIGNED)
    detail = {
        "contract": contract.id,
        "text_hash": contract.text_hash,
        "pdf_hash": contract.pdf_hash,
        "certificate": serial,
    }
    facility = servicing.open_facility(
        application_id=application.id,
        contract_id=contract.id,
        uscc=application.uscc,
        person_no=application.person_no,
        product_code=application.product_code,
        granted=contract.amount,
        annual_rate=contract.annual_rate,
        method=contract.method,
        months=contract.months,
        opens_on=contract.opens_on,
        expires_on=contract.expires_on,
        account_no=contract.account_no,
        approval=queries.approval_of(application.id),
        actor=actor,
    )
    audit(application, "signed", actor=actor, on=on, detail=detail)
    move(application, Status.ACTIVE)
    application.facility_id = facility.id
    application.save(update_fields=["status", "facility_id"])


def sign_contract(
    *, application_id: str, code: str, actor: Actor, now: datetime, on: date
) -> ContractView:
    """Sign with the one-time code: both signatures, the facility opened, the application active.

    Signing a contract that is signed already returns it unchanged. The code is checked in its own
    transaction, so that a wrong try stays counted. Raises `ContractMissing`, `ContractStale`,
    `OfferExpired`, `NoOffer`, `NotCoveredByApproval`, `AboveGroupTotal`, `CodeExpired`, `CodeWrong`,
    `CodeLocked`.
    """
    application = _own(application_id, actor)
    signed = application.contracts.filter(status=Contract.State.SIGNED).first()
    if signed is not None:
        return queries.contract_view(signed)
    _signable(application, on)
    person = parties.person_by_number(application.person_no)
    verify_code(phone=person.phone, purpose=signing_purpose(application_id), code=code, now=now)
    with transaction.atomic():
        application = locked(application_id, actor)
        contract = _signable(application, on)
        _sign_and_open(application, contract, actor=actor, on=on, now=now)
        return queries.contract_view(contract)
