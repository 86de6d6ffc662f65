"""The chart of accounts, as data. Assets and expenses grow by debit, the rest by credit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True)
class Account:
    """An account of the general ledger."""

    code: str
    title_en: str
    title_zh: str
    grows: Side


SETTLEMENT = "1010"
LOANS = "1310"
INTEREST_RECEIVABLE = "1320"
PENALTY_RECEIVABLE = "1321"
INTEREST_INCOME = "6010"
PENALTY_INCOME = "6011"

CHART: dict[str, Account] = {
    account.code: account
    for account in (
        Account(SETTLEMENT, "Settlement with the bank core", "核心系统清算款", Side.DEBIT),
        Account(LOANS, "Loans to small businesses", "小微企业贷款", Side.DEBIT),
        Account(INTEREST_RECEIVABLE, "Interest receivable", "应收利息", Side.DEBIT),
        Account(PENALTY_RECEIVABLE, "Penalty interest receivable", "应收罚息", Side.DEBIT),
        Account(INTEREST_INCOME, "Interest income", "利息收入", Side.CREDIT),
        Account(PENALTY_INCOME, "Penalty interest income", "罚息收入", Side.CREDIT),
    )
}
