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
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import advance_business_date, record_audit
from kuaidai.foundation.queries import business_date
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.views import CloseReport
from kuaidai.lending.servicing.errors import CloseOutOfOrder, CloseRunning, CoreUnavailable
from kuaidai.lending.servicing.models import CloseOfDay, Drawdown, Loan, Repayment
from kuaidai.lending.servicing.operations.drawing import pay_out
from kuaidai.lending.servicing.operations.facilities import expire_lines, record_expiries
from kuaidai.lending.servicing.operations.projection import accrue
from kuaidai.lending.servicing.operations.repaying import collect_repayment, open_repayment
from kuaidai.lending.servicing.queries import control_totals, state_of

log = structlog.get_logger("kuaidai.close_of_day")
_LOCK = 8_471_205


@contextmanager
def _only_run() -> Iterator[None]:
    """Hold the session lock that lets one close of day run at a time; it dies with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise CloseRunning(value=business_date())
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def run_close_of_day(
    *, actor: Actor, on: date | None = None, progress: Callable[[int, int], None] | None = None
) -> CloseReport:
    """Close the business date and open the next. `progress` gets (done, all).

    Resumable. With `on` it is idempotent too: a day that is closed already is left alone and its
    report is given again. Raises `CloseRunning` when another run holds the lock, `CloseOutOfOrder`
    when `on` is neither the business date nor a closed day.
    """
    with _only_run():
        today = business_date()  # read under the lock: the run before may just have moved it
        if on is not None and on != today:
            return _closed_before(on, today)
        run, _ = CloseOfDay.objects.get_or_create(on=today, defaults={"started_at": timezone.now()})
        _pursue_drawdowns(actor)
        todo = Loan.objects.filter(status="active", start_on__lte=today).filter(
            Q(closed_through__isnull=True) | Q(closed_through__lt=today)
        )
        ids = list(todo.order_by("id").values_list("id", flat=True))
        for done, loan_id in enumerate(ids, start=1):
            _close_loan(loan_id, today, actor)
            if progress is not None:
                progress(done, len(ids))
        return _finish(run, today, actor)


def _closed_before(on: date, today: date) -> CloseReport:
    run = CloseOfDay.objects.filter(on=on, finished_at__isnull=False).first()
    if run is None or on > today:
        raise CloseOutOfOrder(value=on, on=today)
    return CloseReport(
        on, on + timedelta(days=1), run.loans, run.debited, run.overdue, tuple(run.parked),
        already_closed=True,
    )  # fmt: skip


def _pursue_drawdowns(actor: Actor) -> None:
    """Ask once more about payments whose jobs have not found out yet."""
    for drawdown_id in Drawdown.objects.filter(status="pending").values_list("id", flat=True):
        try:
            pay_out(drawdown_id=drawdown_id, actor=actor)
        except CoreUnavailable as refusal:
            log.warning("drawdown still pending", drawdown=drawdown_id, code=refusal.code)


def _close_loan(loan_id: str, on: date, actor: Actor) -> None:
    """Close one loan, or park it with the reason.

    If only the debit was refused, the loan is accrued and closed all the same. After any other
    failure its watermark stays, so that the next night catches up.
    """
    try:
        reason = _debit_due(loan_id, on, actor)
        with transaction.atomic():
            loan = Loan.objects.select_for_update(no_key=True).get(id=loan_id)
            accrue(loan, on)
            loan.parked_reason, loan.closed_through = reason, on
            loan.save(update_fields=["parked_reason", "closed_through"])
    except (OperationalError, InterfaceError):
        raise  # the database is gone: no loan's own fault, and the night stops here
    except Exception as error:  # one loan's fault must not stop the night; it is reported
        log.error("loan parked", loan=loan_id, error=type(error).__name__, exc_info=True)
        reason = f"{type(error).__name__}: {error}"
        Loan.objects.filter(id=loan_id).update(parked_reason=reason)


def _debit_due(loan_id: str, on: date, actor: Actor) -> str:
    """Ask the firm's account for what is due, as far as it reaches, once a day and loan.

    An earlier repayment that is still pending is pursued first. Returns why it could not be asked.
    """
    number = f"EOD-{loan_id}-{on:%Y%m%d}"
    try:
        for waiting in Repayment.objects.filter(loan_id=loan_id, status="pending"):
            collect_repayment(repayment_id=waiting.id, actor=actor)
        with transaction.atomic():
            loan = Loan.objects.select_for_update(no_key=True).get(id=loan_id)
            due = state_of(loan, on).due_now
            if due <= 0 or Repayment.objects.filter(id=number).exists():
                return ""
            open_repayment(loan, kind="due", amount=due, on=on, number=number)
        collect_repayment(repayment_id=number, actor=actor)
    except Refusal as refusal:
        log.warning("debit parked", loan=loan_id, code=refusal.code)
        return f"{refusal.code}: {refusal}"
    return ""


@transaction.atomic
def _finish(run: CloseOfDay, on: date, actor: Actor) -> CloseReport:
    loans = Loan.objects.filter(closed_through=on)
    debits = Repayment.objects.filter(kind="due", requested_on=on, status="settled")
    debited: Decimal = debits.aggregate(t=Sum("settled"))["t"] or ZERO
    parked = Loan.objects.filter(status="active").exclude(parked_reason="").order_by("id")
    ended = expire_lines(on=on, actor=actor)
    run.loans, run.debited = loans.count(), debited
    run.overdue = loans.filter(days_past_due__gt=0).count()
    run.parked = list(parked.values_list("id", flat=True)[:1000])
    run.finished_at = timezone.now()
    run.save()
    unreconciled = tuple(total.title for total in control_totals() if total.difference)
    if unreconciled:
        log.error("ledger and loans differ", totals=unreconciled)
    next_on = advance_business_date(actor=actor)
    record_audit(
        actor=actor, action="close_of_day", subject_type="bank", subject_id="1", on=on,
        detail={
            "loans": run.loans, "debited": debited, "overdue": run.overdue,
            "parked": len(run.parked), "unreconciled": list(unreconciled),
        },
    )  # fmt: skip
    record_expiries(ended, on=on, actor=actor)
    return CloseReport(
        on, next_on, run.loans, debited, run.overdue, tuple(run.parked), unreconciled
    )
