"""Collect the reports of one applicant, all platforms at once, each stored as it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from kuaidai.data.sources import queries
from kuaidai.data.sources.connector import Answer, Platform, query
from kuaidai.data.sources.domain.subject import AUTHORISATION_FOR, Subject
from kuaidai.data.sources.domain.views import ReportStatus, ReportView
from kuaidai.data.sources.models import SourceReport
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.encryption import encrypt_bytes
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.canonical import sha256_hex
from kuaidai.kernel.identifiers import new_id
from kuaidai.parties.domain.views import AuthorisationView
from kuaidai.parties.errors import AuthorisationMissing
from kuaidai.parties.queries import require_authorisation

VALID_DAYS = 1
"""A report younger than this (in business days) is used again instead of asking anew."""


def collect(
    *,
    subject: Subject,
    sources: Sequence[str],
    application_id: str,
    on: date,
    actor: Actor,
    timeout_s: float = 5.0,
) -> tuple[ReportView, ...]:
    """Ask every platform in `sources` about `subject` and return the application's reports.

    Platforms are asked concurrently and each answer is committed when it arrives. No platform is
    asked without a live authorisation of its kind: such a report is stored as `refused`. A valid
    report that is there already, or that another application of the same subject got today, is used
    again. Every query, reuse and refusal is audited. A platform's failure never raises.
    """
    platform = Platform(settings.KUAIDAI.platform_url, settings.KUAIDAI.platform_key, timeout_s)
    permitted = _open_reports(subject, sources, application_id, on, actor)
    with ThreadPoolExecutor(
        max_workers=max(1, len(permitted)), thread_name_prefix="source"
    ) as pool:
        running = {
            pool.submit(query, platform, source, subject, authorisation, on): source
            for source, authorisation in permitted.items()
        }
        for done in as_completed(running):
            _store(application_id, running[done], done.result(), on, actor)
    return queries.reports(application_id=application_id)


def _open_reports(
    subject: Subject, sources: Sequence[str], application_id: str, on: date, actor: Actor
) -> dict[str, AuthorisationView]:
    """A pending row per source still to be asked, with the authorisation that permits it."""
    permitted = {}
    for source in sources:
        with transaction.atomic():
            row, _ = SourceReport.objects.select_for_update().get_or_create(
                application_id=application_id,
                source=source,
                defaults={
                    "id": new_id("REP"), "uscc": subject.uscc, "person_no": subject.person_no,
                    "status": ReportStatus.PENDING, "asked_on": on,
                },
            )  # fmt: skip
            if row.status == ReportStatus.RECEIVED:
                continue
            row.asked_on, row.error_en, row.error_zh = on, "", ""
            try:
                authorisation = require_authorisation(
                    kind=AUTHORISATION_FOR[source],
                    person_no=subject.person_no,
                    uscc=subject.uscc,
                    on=on,
                )
            except AuthorisationMissing as missing:
                row.status = ReportStatus.REFUSED
                row.error_en, row.error_zh = missing.text("en"), missing.text("zh")
            else:
                if not _reuse(row, on):
                    row.status = ReportStatus.PENDING
                    permitted[source] = authorisation
            row.save()
            if source not in permitted:
                _audit(row, on, actor)
    return permitted


def _reuse(row: SourceReport, on: date) -> bool:
    """Fill `row` from a valid report of the same subject that is still fresh, if there is one."""
    fresh = (
        SourceReport.objects.filter(
            uscc=row.uscc, person_no=row.person_no, source=row.source, status=ReportStatus.RECEIVED,
            asked_on__lte=on, asked_on__gt=on - timedelta(days=VALID_DAYS),
        )
        .exclude(id=row.id)
        .order_by("-received_at")
        .first()
    )  # fmt: skip
    if fresh is None:
        return False
    for name in ("payload", "payload_hash", "rows", "received_at", "valid_until", "asked_on"):
        setattr(row, name, getattr(fresh, name))
    row.status, row.reused_from = ReportStatus.RECEIVED, fresh.id
    return True


def _audit(row: SourceReport, on: date, actor: Actor) -> None:
    action = "source.reuse" if row.reused_from else "source.query"
    record_audit(
        actor=actor, action=action, subject_type="application", subject_id=row.application_id,
        on=on, detail={"source": row.source, "status": row.status, "hash": row.payload_hash},
    )  # fmt: skip


@transaction.atomic
def _store(application_id: str, source: str, answer: Answer, on: date, actor: Actor) -> None:
    row = SourceReport.objects.select_for_update().get(application_id=application_id, source=source)
    row.status = answer.status
    row.attempts += answer.attempts
    row.elapsed_ms, row.rows = answer.elapsed_ms, answer.rows
    row.error_en, row.error_zh = answer.error_en, answer.error_zh
    row.asked_on, row.received_at = on, timezone.now()
    row.payload = encrypt_bytes(answer.payload) if answer.payload is not None else None
    row.payload_hash = sha256_hex(answer.payload) if answer.payload is not None else None
    row.valid_until = on + timedelta(days=VALID_DAYS)
    row.save()
    _audit(row, on, actor)
