"""What a loan would cost: schedule, totals, annualised rate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.kernel.rates import AnnualisedRate, CashFlow, annualised_rate
from kuaidai.lending.servicing.domain.schedule import Instalment, build_schedule
from kuaidai.lending.servicing.domain.terms import LoanTerms


@dataclass(frozen=True)
class Quote:
    """A schedule with what it adds up to. `fees` are costs paid on the day of the drawdown."""

    instalments: tuple[Instalment, ...]
    total_principal: Decimal
    total_interest: Decimal
    total: Decimal
    annualised: AnnualisedRate
    fees: Decimal = ZERO


def quote(terms: LoanTerms, *, fees: Decimal = ZERO) -> Quote:
    """The quote of a loan on `terms`, drawn in full on its first day and repaid as scheduled.

    The annualised rate counts all costs against the principal actually used (PBoC Notice 2021-3).
    """
    rows = build_schedule(terms)
    flows = [CashFlow(terms.start_on, terms.principal - fees)]
    flows += [CashFlow(row.due_on, -row.total) for row in rows]
    principal = sum((row.principal for row in rows), ZERO)
    interest = sum((row.interest for row in rows), ZERO)
    total = principal + interest
    return Quote(rows, principal, interest, total, annualised_rate(flows), fees)
