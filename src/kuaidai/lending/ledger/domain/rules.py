"""Posting rules, as data: the accounts that each kind of movement debits and credits.

A rule is one or more pairs of a debit and a credit account, all for the movement's whole amount.
Both accounts of a pair stand on the balance sheet or both are memoranda, so that whatever is posted
by rule balances, in either book, by construction.

Why some movements have two pairs: at non-accrual, income is taken back and kept as a memorandum. A
write-off uses up the allowance (核销) and the claim is kept as a memorandum, until it is recovered.
What the allowance did not cover makes it negative, and the next provisioning charges the rest: so the
account of the allowance is at all times the sum of the loans' allowance levels. Money on a claim
written off lowers the impairment losses of the day it comes in (CAS 22, IFRS 9 5.5.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain import chart as c
from kuaidai.lending.ledger.domain.entries import HEAD, Line
from kuaidai.lending.ledger.domain.movements import Movement

Pair = tuple[str, str]
"""A debit account and a credit account."""
Rule = tuple[Pair, ...]


class WrongRules(ValueError):
    """Posting rules that no book can be kept by; the message names the movement."""


@dataclass(frozen=True)
class PostingRules:
    """A rule for every movement, and the rules that products have of their own.

    Raises `WrongRules` when a movement has none, an account is unknown, an account stands on both
    sides, or a pair mixes balance sheet and memoranda.
    """

    default: Mapping[Movement, Rule]
    by_product: Mapping[str, Mapping[Movement, Rule]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every rule once, so that posting need not."""
        if missing := [kind.value for kind in Movement if kind not in self.default]:
            raise WrongRules(f"no rule for {', '.join(missing)}")
        for product, rules in {"default": self.default, **self.by_product}.items():
            for kind, rule in rules.items():
                _check(f"{product}.{kind.value}", rule)

    def rule_for(self, movement: Movement, product_code: str = HEAD) -> Rule:
        """The rule of a movement: the product's own, or the default."""
        own = self.by_product.get(product_code)
        return own[movement] if own is not None and movement in own else self.default[movement]

    @classmethod
    def from_data(
        cls, own: Mapping[str, Mapping[str, str]], default: Mapping[Movement, Rule] | None = None
    ) -> PostingRules:
        """The default with products' own rules, written as `{"PRODUCT": {"drawn": "1310/1010"}}`.

        Several pairs are set apart by blanks. Raises `WrongRules`.
        """
        return cls(
            DEFAULT if default is None else default,
            {
                product: {_movement(name): _rule(name, text) for name, text in rules.items()}
                for product, rules in own.items()
            },
        )


def _movement(name: str) -> Movement:
    try:
        return Movement(name)
    except ValueError:
        raise WrongRules(f"there is no movement {name!r}") from None


def _rule(name: str, text: str) -> Rule:
    rule = []
    for pair in text.split():
        debit, _, credit = pair.partition("/")
        if not debit or not credit:
            raise WrongRules(
                f"{name}: {pair!r} is not a debit and a credit account, like 1310/1010"
            )
        rule.append((debit, credit))
    return tuple(rule)


def _check(name: str, rule: Rule) -> None:
    if not rule:
        raise WrongRules(f"{name}: the rule is empty")
    for debit, credit in rule:
        for code in (debit, credit):
            if code not in c.CHART:
                raise WrongRules(f"{name}: the chart of accounts has no account {code}")
        if debit == credit:
            raise WrongRules(f"{name}: account {debit} stands on both sides")
        if c.CHART[debit].is_memorandum != c.CHART[credit].is_memorandum:
            raise WrongRules(f"{name}: {debit}/{credit} mixes balance sheet and memoranda")


def _written_off(account: str) -> Rule:
    return ((c.ALLOWANCE, account), (c.MEMO_WRITTEN_OFF, c.MEMO_CONTRA))


DEFAULT: Mapping[Movement, Rule] = {
    Movement.DRAWN: ((c.LOANS, c.SETTLEMENT),),
    Movement.INTEREST_ACCRUED: ((c.INTEREST_RECEIVABLE, c.INTEREST_INCOME),),
    Movement.PENALTY_ACCRUED: ((c.PENALTY_RECEIVABLE, c.PENALTY_INCOME),),
    Movement.COMPOUND_ACCRUED: ((c.COMPOUND_RECEIVABLE, c.COMPOUND_INCOME),),
    Movement.FEE_CHARGED: ((c.FEE_RECEIVABLE, c.FEE_INCOME),),
    Movement.PRINCIPAL_PAID: ((c.SETTLEMENT, c.LOANS),),
    Movement.INTEREST_PAID: ((c.SETTLEMENT, c.INTEREST_RECEIVABLE),),
    Movement.PENALTY_PAID: ((c.SETTLEMENT, c.PENALTY_RECEIVABLE),),
    Movement.COMPOUND_PAID: ((c.SETTLEMENT, c.COMPOUND_RECEIVABLE),),
    Movement.FEE_PAID: ((c.SETTLEMENT, c.FEE_RECEIVABLE),),
    Movement.PRINCIPAL_WAIVED: ((c.PRINCIPAL_WAIVED_LOSS, c.LOANS),),
    Movement.INTEREST_WAIVED: ((c.WAIVERS, c.INTEREST_RECEIVABLE),),
    Movement.PENALTY_WAIVED: ((c.WAIVERS, c.PENALTY_RECEIVABLE),),
    Movement.COMPOUND_WAIVED: ((c.WAIVERS, c.COMPOUND_RECEIVABLE),),
    Movement.FEE_WAIVED: ((c.WAIVERS, c.FEE_RECEIVABLE),),
    Movement.INTEREST_SUSPENDED: (
        (c.INTEREST_INCOME, c.INTEREST_RECEIVABLE), (c.MEMO_INTEREST, c.MEMO_CONTRA),
    ),
    Movement.PENALTY_SUSPENDED: (
        (c.PENALTY_INCOME, c.PENALTY_RECEIVABLE), (c.MEMO_PENALTY, c.MEMO_CONTRA),
    ),
    Movement.COMPOUND_SUSPENDED: (
        (c.COMPOUND_INCOME, c.COMPOUND_RECEIVABLE), (c.MEMO_COMPOUND, c.MEMO_CONTRA),
    ),
    Movement.OFF_INTEREST_ACCRUED: ((c.MEMO_INTEREST, c.MEMO_CONTRA),),
    Movement.OFF_PENALTY_ACCRUED: ((c.MEMO_PENALTY, c.MEMO_CONTRA),),
    Movement.OFF_COMPOUND_ACCRUED: ((c.MEMO_COMPOUND, c.MEMO_CONTRA),),
    Movement.OFF_INTEREST_PAID: (
        (c.SETTLEMENT, c.INTEREST_INCOME), (c.MEMO_CONTRA, c.MEMO_INTEREST),
    ),
    Movement.OFF_PENALTY_PAID: ((c.SETTLEMENT, c.PENALTY_INCOME), (c.MEMO_CONTRA, c.MEMO_PENALTY)),
    Movement.OFF_COMPOUND_PAID: (
        (c.SETTLEMENT, c.COMPOUND_INCOME), (c.MEMO_CONTRA, c.MEMO_COMPOUND),
    ),
    Movement.OFF_INTEREST_WAIVED: ((c.MEMO_CONTRA, c.MEMO_INTEREST),),
    Movement.OFF_PENALTY_WAIVED: ((c.MEMO_CONTRA, c.MEMO_PENALTY),),
    Movement.OFF_COMPOUND_WAIVED: ((c.MEMO_CONTRA, c.MEMO_COMPOUND),),
    Movement.PRINCIPAL_WRITTEN_OFF: _written_off(c.LOANS),
    Movement.INTEREST_WRITTEN_OFF: _written_off(c.INTEREST_RECEIVABLE),
    Movement.PENALTY_WRITTEN_OFF: _written_off(c.PENALTY_RECEIVABLE),
    Movement.COMPOUND_WRITTEN_OFF: _written_off(c.COMPOUND_RECEIVABLE),
    Movement.FEE_WRITTEN_OFF: _written_off(c.FEE_RECEIVABLE),
    Movement.RECOVERED: ((c.SETTLEMENT, c.IMPAIRMENT), (c.MEMO_CONTRA, c.MEMO_WRITTEN_OFF)),
    Movement.PROVISION_PRINCIPAL: ((c.IMPAIRMENT, c.ALLOWANCE),),
    Movement.UNMATCHED_RECEIVED: ((c.SETTLEMENT, c.SUSPENSE),),
    Movement.UNMATCHED_APPLIED: ((c.SUSPENSE, c.SETTLEMENT),),
    Movement.UNMATCHED_RETURNED: ((c.SUSPENSE, c.SETTLEMENT),),
}  # fmt: skip

RULES = PostingRules(DEFAULT)
"""The rules in force."""


def lines_of(
    differences: Mapping[Movement, Decimal],
    *,
    product_code: str = HEAD,
    rules: PostingRules = RULES,
) -> tuple[Line, ...]:
    """The lines that post these differences of a loan's totals; below zero, the sides are reversed.

    What falls on the same account and side becomes one line; debits come first, by account. Debits
    and credits of an account are not set off against each other: the turnover stays visible.
    """
    debits: dict[str, Decimal] = {}
    credits: dict[str, Decimal] = {}
    for movement, amount in differences.items():
        if not amount:
            continue
        for pair in rules.rule_for(movement, product_code):
            debit, credit = pair if amount > 0 else (pair[1], pair[0])
            debits[debit] = debits.get(debit, ZERO) + abs(amount)
            credits[credit] = credits.get(credit, ZERO) + abs(amount)
    return (
        *(Line(account, debit=debits[account]) for account in sorted(debits)),
        *(Line(account, credit=credits[account]) for account in sorted(credits)),
    )
