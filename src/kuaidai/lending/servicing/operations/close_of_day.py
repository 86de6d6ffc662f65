"""Close of day: debit what is due, accrue, count days past due, then move the business date.

One loan at a time in its own transaction, with a watermark per loan (`closed_through`), so that a run
that was killed goes on where it stopped and a second run changes nothing. A loan that fails is
parked with its reason and does not stop the night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import structlog
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import advance_business_date, record_audit
from kuaidai.foundation.queries import business_date
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.views import CloseReport
from kuaidai.lending.servicing.errors import CloseRunning
from kuaidai.lending.servicing.models import CloseOfDay, Facility, Loan, Repayment
from kuaidai.lending.servicing.operations.projection import accrue
from kuaidai.lending.servicing.operations.repaying import collect_repayment, open_repayment
from kuaidai.lending.servicing.queries import state_of

log = structlog.get_logger("kuaidai.close_of_day")
_LOCK = 8_471_205


@contextmanager
def _only_run(on: date) -> Iterator[None]:
    """Hold the session lock that lets one close of day run at a time; it dies with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise CloseRunning(value=on)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def run_close_of_day(
    *, actor: Actor, progress: Callable[[int, int], None] | None = None
) -> CloseReport:
    """Close the current business date and open the next. `progress` gets (done, all).

    Idempotent and resumable. Raises `CloseRunning` when another run holds the lock.
    """
    on = business_date()
    with _only_run(on):
        run, _ = CloseOfDay.objects.get_or_create(on=on, defaults={"started_at": timezone.now()})
        todo = Loan.objects.filter(status="active", start_on__lte=on).filter(
            Q(closed_through__isnull=True) | Q(closed_through__lt=on)
        )
        ids = list(todo.order_by("id").values_list("id", flat=True))
        for done, loan_id in enumerate(ids, start=1):
            _close_loan(loan_id, on, actor)
            if progress is not None:
                progress(done, len(ids))
        return _finish(run, on, actor)


def _close_loan(loan_id: str, on: date, actor: Actor) -> None:
    try:
        _debit_due(loan_id, on, actor)
        reason = ""
    except Refusal as refusal:
        reason = f"{refusal.code}: {refusal}"
        log.warning("loan parked", loan=loan_id, code=refusal.code)
    with transaction.atomic():
        loan = Loan.objects.select_for_update().get(id=loan_id)
        accrue(loan, on)
        loan.parked_reason, loan.closed_through = reason, on
        loan.save(update_fields=["parked_reason", "closed_through"])


def _debit_due(loan_id: str, on: date, actor: Actor) -> None:
    """Ask the firm's account for what is due, as far as it reaches. Once a day and loan."""
    number = f"EOD-{loan_id}-{on:%Y%m%d}"
    with transaction.atomic():
        loan = Loan.objects.select_for_update().get(id=loan_id)
        due = state_of(loan, on).due_now
        if due <= 0 and not Repayment.objects.filter(id=number).exists():
            return
        open_repayment(loan, kind="due", amount=due, on=on, number=number)
    collect_repayment(repayment_id=number, actor=actor)


@transaction.atomic
def _finish(run: CloseOfDay, on: date, actor: Actor) -> CloseReport:
    loans = Loan.objects.filter(closed_through=on)
    debits = Repayment.objects.filter(kind="due", requested_on=on, status="settled")
    debited: Decimal = debits.aggregate(t=Sum("settled"))["t"] or ZERO
    parked = tuple(loans.exclude(parked_reason="").values_list("id", flat=True)[:1000])
    Facility.objects.filter(status="open", expires_on__lte=on + timedelta(days=1)).update(
        status="expired"
    )
    run.loans, run.debited, run.overdue = (
        loans.count(),
        debited,
        loans.filter(days_past_due__gt=0).count(),
    )
    run.parked, run.finished_at = list(parked), timezone.now()
    run.save()
    next_on = advance_business_date(actor=actor)
    record_audit(
        actor=actor, action="close_of_day", subject_type="bank", subject_id="1", on=on,
        detail={"loans": run.loans, "debited": debited, "overdue": run.overdue, "parked": len(parked)},
    )  # fmt: skip
    return CloseReport(on, next_on, run.loans, debited, run.overdue, parked)
