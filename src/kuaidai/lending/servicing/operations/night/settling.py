"""Close a chunk on a day: apply what the core answered, write, post, move the watermark; once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.lending.servicing import gateway
from kuaidai.lending.servicing.models import Loan, LoanChunk
from kuaidai.lending.servicing.operations.night.asking import pending_of
from kuaidai.lending.servicing.operations.night.work import (
    Failed,
    Ready,
    Tonight,
    Work,
    run_to_day,
    take_outcomes,
    unchanged,
)
from kuaidai.lending.servicing.operations.night.writing import (
    Income,
    Written,
    accrue_simple,
    park,
    post_income,
    write_works,
)

log = structlog.get_logger("kuaidai.close_of_day")
_LOCK_LINES = """
SELECT 1 FROM servicing_facility f
JOIN servicing_limitgroup g ON g.id = f.group_id
JOIN servicing_sublimit s ON s.facility_id = f.id
WHERE f.id = ANY(%s) ORDER BY g.id, f.id, s.id FOR NO KEY UPDATE OF g, f, s
"""


@transaction.atomic
def close_chunk(chunk_id: int, on: date, actor: Actor, ready: Ready | None = None) -> Written:
    """Close a chunk's loans on `on`. A chunk that is closed already is left alone.

    `ready` are loans that were run already; one that changed since is run again.
    """
    repayments = pending_of(chunk_id, on)
    outcomes = gateway.locked_outcomes(list(repayments))
    settled = {repayments[each.key].loan_id for each in outcomes if each.is_settled}
    _lock_lines(settled)
    chunk = LoanChunk.objects.select_for_update(no_key=True).get(id=chunk_id)
    if chunk.closed_through >= on:
        return Written()
    same, others = unchanged(chunk_id, on, ready or {})
    tonight = run_to_day(others, chunk.closed_through, on)
    tonight.works[:0] = same
    take_outcomes(tonight, repayments, outcomes, on)
    income: Income = defaultdict(dict)
    written = _write(tonight, on, actor, income)
    gateway.claim_outcomes([w.repayment.id for w in tonight.works if w.repayment is not None])
    park(tonight.failed, chunk.closed_through, on)
    written.parked = [each.row.id for each in tonight.failed]
    written.loans += accrue_simple(chunk_id, chunk.closed_through, on, income)
    post_income(chunk_id, on, income)
    LoanChunk.objects.filter(id=chunk_id).update(closed_through=on)
    record_audit(
        actor=actor, action="chunk.closed", subject_type="chunk", subject_id=str(chunk_id), on=on,
        detail={"loans": written.loans, "debits": written.debits, "debited": written.debited,
                "parked": len(written.parked)},
    )  # fmt: skip
    return written


def _lock_lines(loan_ids: Iterable[str]) -> None:
    lines = Loan.objects.filter(id__in=list(loan_ids)).values_list("facility_id", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_LINES, [sorted(set(lines))])


def _write(tonight: Tonight, on: date, actor: Actor, income: Income) -> Written:
    """All loans at once; if the database refuses, one by one, so that only the culprit is parked."""
    tried: Income = defaultdict(dict)
    try:
        with transaction.atomic():
            written = write_works(tonight.works, on, actor, tried)
    except (OperationalError, InterfaceError):
        raise  # the database is gone
    except Exception as error:  # one loan's fault must not stop the night: it is looked for
        log.error("chunk written loan by loan", on=str(on), error=type(error).__name__)
        return _write_one_by_one(tonight, on, actor, income)
    _merge(tried, income)
    return written


def _write_one_by_one(tonight: Tonight, on: date, actor: Actor, income: Income) -> Written:
    whole, kept = Written(), list[Work]()
    for work in tonight.works:
        tried: Income = defaultdict(dict)
        if work.repayment is not None and work.paid is not None:
            work.row.event_count = Loan.objects.get(id=work.row.id).event_count
        try:
            with transaction.atomic():
                written = write_works([work], on, actor, tried)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # this is the one; it is reported
            log.error("loan parked", loan=work.row.id, error=type(error).__name__, exc_info=True)
            tonight.failed.append(Failed(work.row, f"{type(error).__name__}: {error}"))
            continue
        kept.append(work)
        _merge(tried, income)
        whole.loans += written.loans
        whole.debits += written.debits
        whole.debited += written.debited
    tonight.works[:] = kept
    return whole


def _merge(more: Income, into: Income) -> None:
    for key, sums in more.items():
        for movement, amount in sums.items():
            into[key][movement] = into[key].get(movement, 0 * amount) + amount


def chunks_to_close(on: date) -> Sequence[int]:
    """The chunks whose loans are not closed on `on` yet, in order."""
    rows = LoanChunk.objects.filter(closed_through__lt=on).order_by("id")
    return list(rows.values_list("id", flat=True))
