"""The chart of accounts, as data. Assets and expenses grow by debit, the rest by credit.

Titles and groups follow Chinese bank practice (Accounting Standards for Business Enterprises,
Application Guidance 2006, appendix, and the off-balance ledgers 表外科目 banks keep beside it). The
codes are the platform's own and are mapped to the bank's when the day's totals are handed over.

Codes from `9` on are memoranda: they stand outside the balance sheet and balance among themselves.
The database knows that boundary too, see migration `0004_ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


class Category(StrEnum):
    """What an account is in the financial statements."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"
    MEMORANDUM = "memorandum"


@dataclass(frozen=True)
class Account:
    """An account of the general ledger."""

    code: str
    title_en: str
    title_zh: str
    grows: Side
    category: Category

    @property
    def is_memorandum(self) -> bool:
        """Whether it stands outside the balance sheet."""
        return self.category is Category.MEMORANDUM


SETTLEMENT = "1010"
LOANS = "1310"
INTEREST_RECEIVABLE = "1320"
PENALTY_RECEIVABLE = "1321"
COMPOUND_RECEIVABLE = "1322"
FEE_RECEIVABLE = "1323"
ALLOWANCE = "1390"
SUSPENSE = "2240"
COMMITMENT_PROVISION = "2801"
INTEREST_INCOME = "6010"
PENALTY_INCOME = "6011"
COMPOUND_INCOME = "6012"
FEE_INCOME = "6020"
WAIVERS = "6090"
IMPAIRMENT = "6700"
PRINCIPAL_WAIVED_LOSS = "6710"
MEMO_INTEREST = "9010"
MEMO_PENALTY = "9011"
MEMO_COMPOUND = "9012"
MEMO_WRITTEN_OFF = "9020"
MEMO_CONTRA = "9090"

_ACCOUNTS = (
    Account(SETTLEMENT, "Settlement with the bank core", "核心系统清算款", Side.DEBIT, Category.ASSET),
    Account(LOANS, "Loans to small businesses", "小微企业贷款", Side.DEBIT, Category.ASSET),
    Account(INTEREST_RECEIVABLE, "Interest receivable", "应收利息", Side.DEBIT, Category.ASSET),
    Account(
        PENALTY_RECEIVABLE, "Penalty interest receivable", "应收罚息", Side.DEBIT, Category.ASSET
    ),
    Account(
        COMPOUND_RECEIVABLE, "Compound interest receivable", "应收复利", Side.DEBIT, Category.ASSET
    ),
    Account(FEE_RECEIVABLE, "Fees receivable", "应收费用", Side.DEBIT, Category.ASSET),
    Account(ALLOWANCE, "Allowance for loan losses", "贷款损失准备", Side.CREDIT, Category.ASSET),
    Account(
        SUSPENSE, "Suspense: money not yet matched", "待查暂收款", Side.CREDIT, Category.LIABILITY
    ),
    Account(
        COMMITMENT_PROVISION, "Provision for undrawn commitments", "预计负债：未使用授信", Side.CREDIT,
        Category.LIABILITY,
    ),
    Account(INTEREST_INCOME, "Interest income", "利息收入", Side.CREDIT, Category.INCOME),
    Account(PENALTY_INCOME, "Penalty interest income", "罚息收入", Side.CREDIT, Category.INCOME),
    Account(COMPOUND_INCOME, "Compound interest income", "复利收入", Side.CREDIT, Category.INCOME),
    Account(FEE_INCOME, "Fee income", "手续费收入", Side.CREDIT, Category.INCOME),
    Account(WAIVERS, "Interest and fees waived", "息费减免", Side.DEBIT, Category.INCOME),
    Account(IMPAIRMENT, "Credit impairment losses", "信用减值损失", Side.DEBIT, Category.EXPENSE),
    Account(
        PRINCIPAL_WAIVED_LOSS, "Loss on principal waived", "本金减免损失", Side.DEBIT,
        Category.EXPENSE,
    ),
    Account(
        MEMO_INTEREST, "Memorandum: interest in suspense", "表外应收利息", Side.DEBIT,
        Category.MEMORANDUM,
    ),
    Account(
        MEMO_PENALTY, "Memorandum: penalty interest in suspense", "表外应收罚息", Side.DEBIT,
        Category.MEMORANDUM,
    ),
    Account(
        MEMO_COMPOUND, "Memorandum: compound interest in suspense", "表外应收复利", Side.DEBIT,
        Category.MEMORANDUM,
    ),
    Account(
        MEMO_WRITTEN_OFF, "Memorandum: loans written off", "已核销贷款", Side.DEBIT,
        Category.MEMORANDUM,
    ),
    Account(
        MEMO_CONTRA, "Memorandum: contra account", "表外对应科目", Side.CREDIT,
        Category.MEMORANDUM,
    ),
)  # fmt: skip

CHART: dict[str, Account] = {account.code: account for account in _ACCOUNTS}
