"""How a loan is repaid."""

from enum import StrEnum


class RepaymentMethod(StrEnum):
    """等额本息, 等额本金, 按期付息到期还本, 利随本清, 随借随还, and schedules by agreement.

    `flat` charges interest on the first principal in every period; it is not offered by any product
    here (it hides the annualised rate) and is known so that other lenders' loans can be taken over.
    """

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_MONTHLY = "interest_monthly_principal_at_maturity"
    SINGLE = "single_repayment"
    REVOLVING = "revolving"
    FLAT = "flat"
    FIXED_AMOUNT = "fixed_amount"
    AGREED = "agreed"
