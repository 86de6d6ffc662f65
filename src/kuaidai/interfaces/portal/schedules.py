"""Schedules as pages show them: each line with its state, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.interfaces.portal.wording import INSTALMENT_MARKS
from kuaidai.interfaces.ui.frames import Mark
from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.replay import InstalmentState, LoanState


@dataclass(frozen=True)
class ScheduleLine:
    """One instalment on a page. `was` is its amount before a repayment, where that changed it."""

    no: int
    due_on: date
    principal: Decimal
    interest: Decimal
    total: Decimal
    outstanding: Decimal
    state: str
    was: Decimal | None = None

    @property
    def mark(self) -> Mark:
        """The state in words."""
        return INSTALMENT_MARKS[self.state]

    @property
    def changed(self) -> bool:
        """Whether a repayment changed what is due."""
        return self.was is not None and self.was != self.total


def _state(row: InstalmentState, on: date) -> str:
    if row.due_on <= on:
        if row.unpaid <= 0:
            return "paid"
        return "overdue" if row.due_on < on else "due"
    return "coming"


def schedule_lines(
    state: LoanState, before: Sequence[InstalmentState] = ()
) -> tuple[ScheduleLine, ...]:
    """The lines of a loan's schedule; `before` are the instalments as they were earlier."""
    earlier = {row.no: row.principal + row.interest for row in before}
    return tuple(
        ScheduleLine(
            row.no, row.due_on, row.principal, row.interest, row.principal + row.interest,
            row.outstanding, _state(row, state.on), earlier.get(row.no),
        )
        for row in state.instalments
    )  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """What a schedule adds up to."""

    principal: Decimal
    interest: Decimal
    total: Decimal


def totals(lines: Iterable[ScheduleLine]) -> Totals:
    """The sums of a schedule."""
    rows = tuple(lines)
    principal = sum((row.principal for row in rows), ZERO)
    interest = sum((row.interest for row in rows), ZERO)
    return Totals(principal, interest, principal + interest)
