"""The loans of a chunk to which something happens tonight, each run up to the day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Q, QuerySet

from kuaidai.kernel.money import from_cents
from kuaidai.lending.ledger.domain.movements import Movement
from kuaidai.lending.servicing.domain.core_orders import Movement as CoreMovement
from kuaidai.lending.servicing.domain.events import Payment
from kuaidai.lending.servicing.domain.reading import totals_in_cents
from kuaidai.lending.servicing.domain.running import RunningLoan
from kuaidai.lending.servicing.domain.settling import pay
from kuaidai.lending.servicing.models import Loan, Repayment
from kuaidai.lending.servicing.operations.projection import difference, posted_through, running

log = structlog.get_logger("kuaidai.close_of_day")

Totals = Mapping[Movement, int]


@dataclass(slots=True)
class Work:
    """A loan tonight: how it stood in the books, and how it stands after the day."""

    row: Loan
    run: RunningLoan
    before: Totals
    accrued: Totals
    owed_before: int
    repayment: Repayment | None = None
    paid: Totals | None = None

    @property
    def income(self) -> dict[Movement, Decimal]:
        """What time alone changed."""
        return difference(self.before, self.accrued)

    @property
    def receipt(self) -> dict[Movement, Decimal]:
        """What the money changed."""
        return {} if self.paid is None else difference(self.accrued, self.paid)

    @property
    def principal_back(self) -> Decimal:
        """Principal that came back to the line."""
        return from_cents(self.owed_before - self.run.outstanding())


@dataclass(slots=True)
class Failed:
    """A loan that could not be run, and why."""

    row: Loan
    why: str


@dataclass(slots=True)
class Tonight:
    """The loans of a chunk that were run, and those that could not be."""

    works: list[Work] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def touched(chunk_id: int, on: date) -> QuerySet[Loan]:
    """The loans of a chunk to which more happens on `on` than interest on their balance."""
    return Loan.objects.filter(chunk_id=chunk_id, status="active", start_on__lte=on).filter(
        Q(is_simple=False) | Q(next_end_on__lte=on) | Q(parked_on__isnull=False)
    )


Ready = Mapping[str, Work]
"""Loans that were run up to the day when what is due was asked for, by id."""

_VERSION = ("event_count", "accrued_through", "parked_on", "status")


def unchanged(chunk_id: int, on: date, ready: Ready) -> tuple[list[Work], QuerySet[Loan]]:
    """Lock the chunk's loans of tonight: those that stand as they were run, and the others to run.

    Most nights nothing happens between asking and settling, and no loan need be read twice.
    """
    rows = touched(chunk_id, on).select_for_update(no_key=True).order_by("id")
    same, other = [], []
    for loan_id, *version in rows.values_list("id", *_VERSION):
        work = ready.get(loan_id)
        if work is not None and [getattr(work.row, name) for name in _VERSION] == version:
            same.append(work)
        else:
            other.append(loan_id)
    return same, Loan.objects.filter(id__in=other).select_related("life").order_by("id")


def run_to_day(rows: Iterable[Loan], closed_through: date, on: date) -> Tonight:
    """Run each loan up to `on`. One that cannot be run is told apart and stops no other."""
    found = Tonight()
    for row in rows:
        try:
            run = running(row)
            through = posted_through(row, closed_through)
            run.advance(through)
            before, owed = totals_in_cents(run, through), run.outstanding()
            run.advance(on)
            found.works.append(Work(row, run, before, totals_in_cents(run, on), owed))
        except (OperationalError, InterfaceError):
            raise  # the database is gone: no loan's own fault, and the night stops here
        except Exception as error:  # one loan's fault must not stop the night; it is reported
            log.error("loan parked", loan=row.id, error=type(error).__name__, exc_info=True)
            found.failed.append(Failed(row, f"{type(error).__name__}: {error}"))
    return found


def take_outcomes(
    tonight: Tonight,
    repayments: Mapping[str, Repayment],
    outcomes: Sequence[CoreMovement],
    on: date,
) -> None:
    """Let the money that came settle what was due; what the core refused is noted."""
    known = {outcome.key: outcome for outcome in outcomes}
    asked = {row.loan_id: row for row in repayments.values() if row.id in known}
    taken = list[Work]()
    for work in tonight.works:
        row = asked.get(work.row.id)
        if row is None:
            taken.append(work)
            continue
        try:
            _take(work, row, known[row.id], on)
        except Exception as error:  # as above: the money's outcome stays with its order
            log.error("loan parked", loan=work.row.id, error=type(error).__name__, exc_info=True)
            tonight.failed.append(Failed(work.row, f"{type(error).__name__}: {error}"))
        else:
            taken.append(work)
    tonight.works[:] = taken


def _take(work: Work, row: Repayment, outcome: CoreMovement, on: date) -> None:
    row.settled, row.reason = outcome.settled, outcome.reason
    row.status = "settled" if outcome.is_settled else "rejected"
    if outcome.is_settled:
        pay(work.run, Payment(row.id, row.requested_on, outcome.settled))
        work.paid = totals_in_cents(work.run, on)
    work.repayment = row
