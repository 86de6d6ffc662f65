"""Facilities, drawdowns, loans and their events. Loans are projections of their events.

Rows are locked in one order: an order to the bank core whose outcome is applied; group, facility,
sub-limit; chunk, loan, drawdown or repayment; the business date; the audit chain. Always with `no_key`: a
full lock would make the foreign key checks at commit wait for it, from the loan up to its facility, and
two transactions could wait for each other.
"""

from kuaidai.lending.servicing.models.classification import (
    ClassChange,
    ClassOverride,
    DebtorRisk,
    LoanRisk,
    ProvisionMovement,
)
from kuaidai.lending.servicing.models.closing import CloseOfDay
from kuaidai.lending.servicing.models.facility import Drawdown, Facility
from kuaidai.lending.servicing.models.gateway import CoreOrder
from kuaidai.lending.servicing.models.limits import (
    GroupMember,
    LimitChange,
    LimitGroup,
    LimitReservation,
    SubLimit,
)
from kuaidai.lending.servicing.models.loan import Loan, LoanChunk, LoanEvent, LoanLife, Repayment
from kuaidai.lending.servicing.models.reconciliation import (
    ReconciliationBreak,
    ReconciliationRun,
)
from kuaidai.lending.servicing.models.requests import LoanRequest

__all__ = [
    "ClassChange",
    "ClassOverride",
    "CloseOfDay",
    "CoreOrder",
    "DebtorRisk",
    "Drawdown",
    "Facility",
    "GroupMember",
    "LimitChange",
    "LimitGroup",
    "LimitReservation",
    "Loan",
    "LoanChunk",
    "LoanEvent",
    "LoanLife",
    "LoanRequest",
    "LoanRisk",
    "ProvisionMovement",
    "ReconciliationBreak",
    "ReconciliationRun",
    "Repayment",
    "SubLimit",
]
