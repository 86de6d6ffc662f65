"""Refusals of the ledger: all of them are faults of the caller's code, not of a customer."""

from kuaidai.kernel.errors import Refusal


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
