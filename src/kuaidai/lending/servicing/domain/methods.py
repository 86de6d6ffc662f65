"""How a loan is repaid."""

from enum import StrEnum


class RepaymentMethod(StrEnum):
    """等额本息, 等额本金, 按月付息到期还本, 随借随还."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_MONTHLY = "interest_monthly_principal_at_maturity"
    REVOLVING = "revolving"
