"""What a loan can do to the books: the kinds of movement a posting rule exists for.

Servicing keeps one cumulative total, never below zero, for each kind and loan; the ledger is posted
with the difference of the totals before and after, so that a total that falls reverses what was
posted. The account on either side of a kind stands in `rules`.
"""

from __future__ import annotations

from enum import StrEnum


class Movement(StrEnum):
    """A kind of movement, named for what has happened to the loan, in the loan's currency."""

    DRAWN = "drawn"

    INTEREST_ACCRUED = "interest_accrued"
    PENALTY_ACCRUED = "penalty_accrued"
    COMPOUND_ACCRUED = "compound_accrued"
    FEE_CHARGED = "fee_charged"

    PRINCIPAL_PAID = "principal_paid"
    INTEREST_PAID = "interest_paid"
    PENALTY_PAID = "penalty_paid"
    COMPOUND_PAID = "compound_paid"
    FEE_PAID = "fee_paid"

    PRINCIPAL_WAIVED = "principal_waived"
    INTEREST_WAIVED = "interest_waived"
    PENALTY_WAIVED = "penalty_waived"
    COMPOUND_WAIVED = "compound_waived"
    FEE_WAIVED = "fee_waived"

    # At non-accrual: income accrued and unpaid is taken back and kept as a memorandum.
    INTEREST_SUSPENDED = "interest_suspended"
    PENALTY_SUSPENDED = "penalty_suspended"
    COMPOUND_SUSPENDED = "compound_suspended"

    # While non-accrual: the memorandum grows; what is paid out of it is income when received.
    OFF_INTEREST_ACCRUED = "off_interest_accrued"
    OFF_PENALTY_ACCRUED = "off_penalty_accrued"
    OFF_COMPOUND_ACCRUED = "off_compound_accrued"
    OFF_INTEREST_PAID = "off_interest_paid"
    OFF_PENALTY_PAID = "off_penalty_paid"
    OFF_COMPOUND_PAID = "off_compound_paid"
    OFF_INTEREST_WAIVED = "off_interest_waived"
    OFF_PENALTY_WAIVED = "off_penalty_waived"
    OFF_COMPOUND_WAIVED = "off_compound_waived"

    PRINCIPAL_WRITTEN_OFF = "principal_written_off"
    INTEREST_WRITTEN_OFF = "interest_written_off"
    PENALTY_WRITTEN_OFF = "penalty_written_off"
    COMPOUND_WRITTEN_OFF = "compound_written_off"
    FEE_WRITTEN_OFF = "fee_written_off"
    RECOVERED = "recovered"

    PROVISION_PRINCIPAL = "provision_principal"

    UNMATCHED_RECEIVED = "unmatched_received"
    UNMATCHED_APPLIED = "unmatched_applied"
    UNMATCHED_RETURNED = "unmatched_returned"
