"""Close of day: debit what is due, accrue, classify, provide; then move the business date.

Chunk by chunk (see `night`), each with a watermark that moves with its postings: a run that was killed goes
on where it stopped, and a second run of the day changes nothing. A loan that fails is parked with its
reason and stops neither the night nor its borrower's payments. What cannot be heard of the bank core
tonight is resolved by its jobs, and counts from its day all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Sum
from django.utils import timezone

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import advance_business_date, record_audit
from kuaidai.foundation.queries import business_date
from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.operations import close_ledger_day
from kuaidai.lending.servicing import gateway
from kuaidai.lending.servicing.domain.events import AccrualResumed, NonAccrual
from kuaidai.lending.servicing.domain.views import CloseReport
from kuaidai.lending.servicing.errors import CloseOutOfOrder, CloseRunning
from kuaidai.lending.servicing.models import CloseOfDay, Drawdown, Loan, Repayment
from kuaidai.lending.servicing.operations.classifying import classify
from kuaidai.lending.servicing.operations.drawing import pay_out
from kuaidai.lending.servicing.operations.facilities import expire_lines, record_expiries
from kuaidai.lending.servicing.operations.night.asking import ask_again
from kuaidai.lending.servicing.operations.night.booking import book_many
from kuaidai.lending.servicing.operations.night.repricing import reprice
from kuaidai.lending.servicing.operations.night.workers import close_chunks
from kuaidai.lending.servicing.operations.provisioning import provide
from kuaidai.lending.servicing.operations.repaying import DUE, collect_repayment
from kuaidai.lending.servicing.processes import cycles_not_looked_for
from kuaidai.lending.servicing.queries import control_totals
from kuaidai.lending.servicing.risk_queries import accrual_changes

log = structlog.get_logger("kuaidai.close_of_day")
_LOCK = 8_471_205
_MOST_PARKED_TOLD = 1000


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
            _let_go(cursor)


def _let_go(cursor: CursorWrapper) -> None:
    try:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    except (OperationalError, InterfaceError):  # why the night stopped is told by what stopped it
        log.warning("the lock died with its connection")


def run_close_of_day(
    *,
    actor: Actor,
    on: date | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> CloseReport:
    """Close the business date and open the next. `progress` gets (chunks done, all chunks).

    With `workers`, a large book's chunks are closed by so many processes at once. However many batches
    the core leaves without an answer, they are waited for `KUAIDAI_CORE_WAIT_S` seconds in all.

    Resumable. With `on` it is idempotent too: a day that is closed already is left alone and its
    report is given again. Raises `CloseRunning` when another run holds the lock, `CloseOutOfOrder`
    when `on` is neither the business date nor a closed day.
    """
    with _only_run(), gateway.waiting_at_most(settings.KUAIDAI.core_wait_s):
        today = business_date()  # read under the lock: the run before may just have moved it
        if on is not None and on != today:
            return _closed_before(on, today, actor)
        _close_the_books_before(today, actor)
        run, _ = CloseOfDay.objects.get_or_create(on=today, defaults={"started_at": timezone.now()})
        _pursue(today, actor)
        close_chunks(today, actor, workers=workers, progress=progress)
        with cycles_not_looked_for():
            judge_book(today, actor)
        report = _finish(run, today, actor)
        close_ledger_day(on=today, actor=actor)
        return report


def _closed_before(on: date, today: date, actor: Actor) -> CloseReport:
    run = CloseOfDay.objects.filter(on=on, finished_at__isnull=False).first()
    if run is None or on > today:
        raise CloseOutOfOrder(value=on, on=today)
    _close_the_books_before(today, actor)
    return CloseReport(
        on, on + timedelta(days=1), run.loans, run.debited, run.overdue, tuple(run.parked),
        already_closed=True,
    )  # fmt: skip


def _close_the_books_before(today: date, actor: Actor) -> None:
    """The ledger's day of a run that was killed after it had moved the business date."""
    last = (
        CloseOfDay.objects.filter(finished_at__isnull=False, on__lt=today).order_by("-on").first()
    )
    if last is not None:
        close_ledger_day(on=last.on, actor=actor)


def _pursue(today: date, actor: Actor) -> None:
    """Ask once more about money whose jobs have not found out yet; tonight's batches see to their own."""
    for number in Drawdown.objects.filter(status="pending").values_list("id", flat=True):
        _ask_again("drawdown", number, partial(pay_out, drawdown_id=number, actor=actor))
    early = Repayment.objects.filter(status="pending").exclude(kind=DUE)
    heard = ask_again(today)  # debits of nights before are many, so they are asked for in batches
    for number in [*early.order_by("requested_on", "id").values_list("id", flat=True), *heard]:
        _ask_again(
            "repayment", number, partial(collect_repayment, repayment_id=number, actor=actor)
        )


def _ask_again(what: str, number: str, ask: Callable[[], object]) -> None:
    try:
        ask()
    except Refusal as refusal:
        log.warning("still pending", what=what, number=number, code=refusal.code)
    except (OperationalError, InterfaceError):
        raise  # the database is gone: nobody's own fault, and the night stops here
    except Exception as error:  # one payment's fault must not stop the night; it is reported
        log.error(
            "not applied", what=what, number=number, error=type(error).__name__, exc_info=True
        )


def judge_book(on: date, actor: Actor) -> None:
    """Reprice what follows the LPR, classify the book, stop or resume accrual where the class says so,
    bring allowances in line.
    """
    reprice(on=on, actor=actor)
    classify(on=on, actor=actor)
    changes = accrual_changes(on)
    stops = {loan_id: NonAccrual(f"NA-{on}", on) for loan_id in changes.stop}
    book_many(stops, on=on, actor=actor, wanted=lambda row: row.accrues)
    resumes = {loan_id: AccrualResumed(f"AR-{on}", on) for loan_id in changes.resume}
    book_many(resumes, on=on, actor=actor, wanted=lambda row: not row.accrues)
    provide(on=on, actor=actor)


@transaction.atomic
def _finish(run: CloseOfDay, on: date, actor: Actor) -> CloseReport:
    active = Loan.objects.filter(status="active")
    debits = Repayment.objects.filter(kind="due", requested_on=on, status="settled")
    debited: Decimal = debits.aggregate(t=Sum("settled"))["t"] or ZERO
    parked = active.filter(parked_on__isnull=False).order_by("id")
    ended = expire_lines(on=on, actor=actor)
    run.loans, run.debited = active.count(), debited
    run.overdue = active.filter(oldest_due_on__lt=on).count()
    run.parked = list(parked.values_list("id", flat=True)[:_MOST_PARKED_TOLD])
    run.finished_at = timezone.now()
    run.save()
    unreconciled = tuple(total.title for total in control_totals() if total.difference)
    if unreconciled:
        log.error("the books do not reconcile", on=str(on), totals=unreconciled)
    next_on = advance_business_date(actor=actor)
    record_audit(
        actor=actor, action="close_of_day", subject_type="bank", subject_id="1", on=on,
        detail={"loans": run.loans, "debited": debited, "overdue": run.overdue,
                "parked": len(run.parked), "unreconciled": list(unreconciled)},
    )  # fmt: skip
    record_expiries(ended, actor=actor, on=on)
    return CloseReport(
        on, next_on, run.loans, debited, run.overdue, tuple(run.parked), unreconciled
    )
