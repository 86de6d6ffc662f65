"""The contract: prepare, read, sign with a one-time code, verify."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Status

from kuaidai.foundation.queries import business_date
from kuaidai.interfaces.api.responses import answers
from kuaidai.interfaces.api.schemas import (
    ApplicationId,
    CodeSent,
    ContractOut,
    SignatureOut,
    SignRequest,
)
from kuaidai.interfaces.api.tokens import Bearer, customer_of
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.domain.views import ContractView, SignatureCheck
from kuaidai.lending.origination.errors import ContractMissing

router = Router(auth=Bearer())
_PDF = {"responses": {200: {"content": {"application/pdf": {"schema": {"type": "string"}}}}}}


def _contract_id(request: HttpRequest, application_id: str) -> str:
    held = queries.application(application_id, person_no=customer_of(request).person_no)
    if held.contract is None:
        raise ContractMissing(application_id=application_id)
    return held.contract.id


@router.post("/applications/{application_id}/contract", response=answers(ContractOut, status=201))
def prepare(request: HttpRequest, application_id: ApplicationId) -> Status[ContractView]:
    """Render the contract on the chosen terms."""
    prepared = operations.prepare_contract(
        application_id=application_id,
        actor=customer_of(request).actor,
        on=business_date(),
        now=timezone.now(),
    )
    return Status(201, prepared)


@router.get(
    "/applications/{application_id}/contract.pdf",
    response=answers(None),
    openapi_extra=_PDF,
)
def get_pdf(request: HttpRequest, application_id: ApplicationId) -> HttpResponse:
    """The contract as PDF, with both signatures once signed."""
    number = _contract_id(request, application_id)
    response = HttpResponse(queries.contract_pdf(number), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{number}.pdf"'
    return response


@router.post("/applications/{application_id}/contract/code", response=answers(CodeSent, status=202))
def send_code(request: HttpRequest, application_id: ApplicationId) -> Status[CodeSent]:
    """Send the one-time code with which this contract can be signed."""
    issued = operations.request_signing_code(
        application_id=application_id,
        actor=customer_of(request).actor,
        on=business_date(),
        now=timezone.now(),
    )
    return Status(202, CodeSent(expires_at=issued.expires_at))


@router.post("/applications/{application_id}/contract/signature", response=answers(ContractOut))
def sign(request: HttpRequest, application_id: ApplicationId, body: SignRequest) -> ContractView:
    """Sign with the code: both signatures are set and the facility opens.

    Sent again after success it returns the signed contract unchanged.
    """
    return operations.sign_contract(
        application_id=application_id,
        code=body.code,
        actor=customer_of(request).actor,
        now=timezone.now(),
        on=business_date(),
    )


@router.get(
    "/applications/{application_id}/contract/signatures", response=answers(list[SignatureOut])
)
def list_signatures(request: HttpRequest, application_id: ApplicationId) -> list[SignatureCheck]:
    """Every signature of the stored PDF, verified now; empty for an unsigned contract."""
    return list(queries.verify_contract(_contract_id(request, application_id)))
