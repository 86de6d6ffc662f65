"""Append to the audit chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.domain.audit import FIRST_HASH, AuditEntry, entry_hash
from kuaidai.foundation.models import AuditHead, AuditRecord
from kuaidai.kernel.canonical import canonical_json


@transaction.atomic
def record_audit(
    *,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_id: str,
    on: date,
    detail: Mapping[str, Any],
) -> None:
    """Record that `actor` did `action`, in the transaction of the thing done.

    `detail` must be free of personal identifiers. Appenders queue on the chain's head row until the
    transaction ends, so call this last in an operation.
    """
    AuditHead.objects.bulk_create(
        [AuditHead(id=1, number=0, hash=FIRST_HASH)], ignore_conflicts=True
    )
    head = AuditHead.objects.select_for_update().get(id=1)
    entry = AuditEntry(
        number=head.number + 1,
        recorded_at=timezone.now(),
        business_date=on,
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        detail=json.loads(canonical_json(detail)),
        previous_hash=head.hash,
        hash="",
    )
    entry = replace(entry, hash=entry_hash(entry))
    AuditRecord.objects.create(**vars(entry))
    AuditHead.objects.filter(id=1).update(number=entry.number, hash=entry.hash)
