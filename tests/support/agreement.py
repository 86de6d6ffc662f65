"""What must hold of the books after any night: stored is what replay says, and ledger and loans agree."""

from __future__ import annotations

from decimal import Decimal

from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import queries
from kuaidai.lending.servicing.domain.life import read_terms
from kuaidai.lending.servicing.domain.projecting import project
from kuaidai.lending.servicing.domain.reading import totals_in_cents
from kuaidai.lending.servicing.domain.replay import run_to
from kuaidai.lending.servicing.domain.snapshot import restore
from kuaidai.lending.servicing.models import Facility, LimitGroup, Loan, SubLimit
from kuaidai.lending.servicing.operations.projection import COLUMNS, events_of, posted_through


def check_agreement() -> None:
    """Trial balance and control totals, lines against loans, every loan's row against its replay."""
    assert trial_balance().difference == 0
    differing = {t.title: t.difference for t in queries.control_totals() if t.difference}
    assert not differing, differing
    check_lines()
    for row in Loan.objects.select_related("chunk", "life"):
        check_loan(row)


def check_lines() -> None:
    """What is used of each line, part and group is what the loans under it owe."""
    for facility in Facility.objects.all():
        owed = sum((loan.outstanding for loan in facility.loans.all()), Decimal(0))
        assert facility.used == owed
        assert 0 <= facility.used + facility.reserved <= facility.granted
        parts = SubLimit.objects.filter(facility=facility)
        assert sum((part.used for part in parts), Decimal(0)) == owed
    for group in LimitGroup.objects.all():
        lines = group.facilities.all()
        assert group.used == sum((line.used for line in lines), Decimal(0))
        assert group.reserved == sum((line.reserved for line in lines), Decimal(0))


def check_loan(row: Loan) -> None:
    """A loan's columns, its snapshot, and its totals up to where its books are posted."""
    terms, events = read_terms(row.life.terms), events_of(row.id)
    told = project(run_to(terms, events, row.accrued_through))
    stored_here = {name: getattr(row, name) for name in COLUMNS}
    wanted = {name: getattr(told, name) for name in COLUMNS}
    assert stored_here == wanted, (row.id, row.accrued_through, stored_here, wanted, events)
    through = posted_through(row, row.chunk.closed_through)
    replayed, stored = run_to(terms, events, through), restore(terms, row.life.snapshot)
    stored.advance(through)
    projections = project(stored), project(replayed)
    assert projections[0] == projections[1], (row.id, through, projections, events)
    totals = totals_in_cents(stored, through), totals_in_cents(replayed, through)
    assert totals[0] == totals[1], (row.id, through, totals, events)
    assert row.event_count == len(events)
