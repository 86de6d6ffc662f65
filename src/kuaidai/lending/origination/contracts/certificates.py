"""The platform's own certificate authority: kept in a folder, made on first use, keys mode 600.

P-256 keys throughout. The customer's key lives only for one signature: it is made after the
one-time code, never written, and dropped after signing; the certificate stays in the PDF.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CLOCK_SLACK = timedelta(minutes=10)
_AUTHORITY_DAYS = 30 * 365
_SIGNER_DAYS = 10 * 365
"""Contracts are kept for years after the last repayment; their signatures must verify that long."""

_PRIVATE = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@dataclass(frozen=True)
class Credential:
    """A certificate with its private key, both PEM."""

    certificate: bytes
    key: bytes

    @property
    def serial(self) -> str:
        """The certificate's serial number in hexadecimal."""
        return f"{x509.load_pem_x509_certificate(self.certificate).serial_number:x}"


def _name(*, common: str, organisation: str, serial: str = "") -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
    ]
    if serial:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial))
    return x509.Name(parts)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    *, subject: x509.Name, issuer: Credential | None, now: datetime, days: int
) -> Credential:
    """A fresh key with its certificate; self-signed authority where `issuer` is None."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = issuer is None
    if issuer is None:
        issuer_name, signing_key = subject, key
    else:
        issuer_name = x509.load_pem_x509_certificate(issuer.certificate).subject
        loaded = serialization.load_pem_private_key(issuer.key, password=None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signing_key = loaded
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
        .add_extension(_usage(authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    certificate = builder.sign(signing_key, hashes.SHA256())
    return Credential(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(*_PRIVATE, serialization.NoEncryption()),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write `path` whole or not at all, never readable by more than `mode` says."""
    draft = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


class Authority:
    """The certificate authority in `folder`; two processes may open it at once.

    A half-made pair after a crash is remade: the certificate is written last.
    """

    def __init__(self, folder: Path, *, lender: str, now: datetime) -> None:
        self.folder = folder
        self._lender = lender
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            self._root = self._kept("ca", None, f"{lender} Contract CA", now, _AUTHORITY_DAYS)
            self.seal = self._kept("lender", self._root, lender, now, _SIGNER_DAYS)

    @property
    def trust_root(self) -> Path:
        """The authority's certificate, PEM: what a verifier must trust."""
        return self.folder / "ca.pem"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _kept(
        self, name: str, issuer: Credential | None, common: str, now: datetime, days: int
    ) -> Credential:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not certificate.exists() or not key.exists():
            subject = _name(common=common, organisation=self._lender)
            made = _issue(subject=subject, issuer=issuer, now=now, days=days)
            _write(key, made.key, 0o600)
            _write(certificate, made.certificate, 0o644)
        return Credential(certificate.read_bytes(), key.read_bytes())

    def issue_for_customer(
        self, *, person_no: str, person_name: str, enterprise_name: str, now: datetime
    ) -> Credential:
        """A one-signature certificate for a person acting for their firm, after a one-time code."""
        subject = _name(common=person_name, organisation=enterprise_name, serial=person_no)
        return _issue(subject=subject, issuer=self._root, now=now, days=_SIGNER_DAYS)
