"""Refusals of the ledger: faults of the caller's code, and what may not be done with the books."""

from kuaidai.kernel.errors import NotFound, Refusal


class Unbalanced(Refusal):
    """Debits and credits differ."""

    code, http_status = "UNBALANCED_ENTRY", 500
    en = "The entry {value} does not balance: debits {debit}, credits {credit}."
    zh = "分录 {value} 借贷不平：借方 {debit}，贷方 {credit}。"


class UnknownAccount(Refusal):
    """The chart has no such account."""

    code, http_status = "UNKNOWN_ACCOUNT", 500
    en = "The chart of accounts has no account {value}."
    zh = "会计科目表中没有科目 {value}。"


class KeyReused(Refusal):
    """An entry of that key was posted with other lines."""

    code, http_status = "ENTRY_KEY_REUSED", 500
    en = "The entry {value} was posted with other lines; correct it by an entry of its own."
    zh = "分录 {value} 已以不同内容入账；请以新的分录更正。"


class UnknownEntry(NotFound):
    """The journal has no entry of that number."""

    code = "UNKNOWN_ENTRY"
    en = "The journal has no entry {value}; check the number."
    zh = "日记账中没有分录 {value}，请核对编号。"


class OutOfBalance(Refusal):
    """The day's postings do not balance: the ledger cannot be closed on it."""

    code, http_status = "LEDGER_OUT_OF_BALANCE", 500
    en = (
        "The ledger cannot be closed on {value}: branch {branch}, product {product} differs by "
        "{difference}. Run `kuaidai ledger verify`."
    )
    zh = (
        "总账无法在 {value} 日结：机构 {branch}、产品 {product} 借贷相差 {difference}。"
        "请运行 `kuaidai ledger verify`。"
    )


class UnknownUnmatched(NotFound):
    """Nothing of that number is, or was, in suspense."""

    code = "UNKNOWN_UNMATCHED_MONEY"
    en = "No unmatched money {value} was found; check the number."
    zh = "未找到待查款项 {value}，请核对编号。"


class ReferenceReused(Refusal):
    """The bank core's reference came before, with another amount or day."""

    code, http_status = "UNMATCHED_REFERENCE_REUSED", 409
    en = (
        "The credit {value} was received as {amount} on {on}; a second one needs its own reference."
    )
    zh = "入账流水 {value} 已登记为 {on} 的 {amount}；另一笔款项须使用其自身流水号。"


class MoreThanRemains(Refusal):
    """More than what is left in suspense was asked for."""

    code, http_status = "MORE_THAN_REMAINS_UNMATCHED", 409
    en = "Only {remaining} of {value} is still in suspense, not {amount}; enter at most that."
    zh = "待查款项 {value} 仅余 {remaining}，不足 {amount}；请输入不超过余额的金额。"


class NothingToUse(Refusal):
    """An amount in suspense is received, applied and returned in cents above zero."""

    code = "UNMATCHED_AMOUNT_NOT_POSITIVE"
    en = "The amount {amount} is not above zero; enter an amount of at least 0.01."
    zh = "金额 {amount} 必须大于零；请输入不低于 0.01 的金额。"


class UseKeyReused(Refusal):
    """The key of a use of money in suspense came before with another use."""

    code, http_status = "UNMATCHED_KEY_REUSED", 409
    en = "The request {value} was made before with other details; start a new one."
    zh = "请求 {value} 此前已以不同内容提交；请重新发起。"


class SurplusSpent(Refusal):
    """A loan takes back a surplus that was applied elsewhere or returned since."""

    code, http_status = "SURPLUS_SPENT", 409
    en = (
        "Loan {value} would take back {amount} of its surplus, but {remaining} of it is still in "
        "suspense; the rest was applied or returned: take that back first."
    )
    zh = "借据 {value} 需收回多收款 {amount}，但待查暂收款中仅余 {remaining}；其余已使用或退回，请先将其冲回。"
