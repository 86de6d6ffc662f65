"""Two PAdES signatures on one contract, each an incremental update, and their verification."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from asn1crypto import pem, x509  # type: ignore[import-untyped]  # has no types
from asn1crypto.keys import PrivateKeyInfo  # type: ignore[import-untyped]  # has no types
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, validation
from pyhanko.sign.general import SigningError
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from kuaidai.lending.origination.contracts.certificates import Credential
from kuaidai.lending.origination.domain.views import SignatureCheck

CUSTOMER_FIELD = "Customer"
LENDER_FIELD = "Lender"
_BOXES = {CUSTOMER_FIELD: (68, 460, 295, 562), LENDER_FIELD: (68, 290, 295, 392)}
"""Where the marks stand on the last page, in points from its lower left corner."""


@dataclass(frozen=True)
class Seal:
    """One party's signature: who (credential), why (reason), and its visible mark (PDF)."""

    field: str
    credential: Credential
    reason: str
    mark: bytes


def _certificate(data: bytes) -> x509.Certificate:
    _, _, der = pem.unarmor(data)
    return x509.Certificate.load(der)


def _signer(credential: Credential, root: x509.Certificate) -> signers.SimpleSigner:
    _, _, key = pem.unarmor(credential.key)
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # untyped in pyHanko
    store.register(root)
    return signers.SimpleSigner(
        signing_cert=_certificate(credential.certificate),
        signing_key=PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def _sign_one(pdf: bytes, seal: Seal, root: x509.Certificate, folder: Path) -> bytes:
    mark = folder / f"{seal.field}.pdf"  # pyHanko imports a page from a file only
    mark.write_bytes(seal.mark)
    page = ImportedPdfPage(str(mark))  # type: ignore[no-untyped-call]  # untyped in pyHanko
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=seal.field,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            reason=seal.reason,
            location="CN",
        ),
        signer=_signer(seal.credential, root),
        stamp_style=StaticStampStyle(background=page, background_opacity=1.0, border_width=0),
    )
    signed: io.BytesIO = signer.sign_pdf(writer)
    return signed.getvalue()


def sign_contract(pdf: bytes, *, customer: Seal, lender: Seal, root: bytes) -> bytes:
    """`pdf` signed by the customer, then by the lender; the first signature stays intact.

    Both fields are placed before the first signature, so that the second adds only its value.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    for name, box in _BOXES.items():
        fields.append_signature_field(
            writer, fields.SigFieldSpec(sig_field_name=name, on_page=-1, box=box)
        )
    prepared = io.BytesIO()
    writer.write(prepared)  # type: ignore[no-untyped-call]  # untyped in pyHanko
    trust = _certificate(root)
    with TemporaryDirectory() as folder:
        once = _sign_one(prepared.getvalue(), customer, trust, Path(folder))
        return _sign_one(once, lender, trust, Path(folder))


def _check(embedded: validation.EmbeddedPdfSignature, root: x509.Certificate) -> SignatureCheck:
    signer = embedded.signer_cert.subject.native.get("common_name", "")
    signed_at: datetime | None = embedded.self_reported_timestamp
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    try:
        status = validation.validate_pdf_signature(embedded, context)
    except (SigningError, PdfError, ValueError) as problem:
        return SignatureCheck(
            embedded.field_name, signer, signed_at, False, False, False, "INVALID", str(problem)
        )
    valid = bool(status.bottom_line)
    return SignatureCheck(
        field=embedded.field_name,
        signer=signer,
        signed_at=signed_at,
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        valid=valid,
        summary=status.summary(),
        problem="" if valid else "The text was changed after signing, or the signer is unknown.",
    )


def verify_signatures(pdf: bytes, *, trust_root: Path) -> tuple[SignatureCheck, ...]:
    """Every signature in `pdf`, oldest first, against the authority's certificate.

    A file that is no longer readable as PDF counts as one invalid check, never as no check.
    """
    root = _certificate(trust_root.read_bytes())
    try:
        found = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        return tuple(_check(embedded, root) for embedded in found)
    except (PdfError, ValueError, KeyError) as problem:
        return (SignatureCheck("", "", None, False, False, False, "UNREADABLE", str(problem)),)
