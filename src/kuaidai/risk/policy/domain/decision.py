"""What a decision consists of: outcome, limit, price, and everything that led to them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kuaidai.risk.scorecards import AttributePoints


class Outcome(StrEnum):
    """What the policy says to an application."""

    APPROVED = "approved"
    REFERRED = "referred"
    DECLINED = "declined"


class Severity(StrEnum):
    """What a rule's hit does to the outcome; `info` only tells."""

    DECLINE = "decline"
    REFER = "refer"
    INFO = "info"


class TermKind(StrEnum):
    """The part a limit term plays: a source of money, how sources combine, a cap, the result."""

    DIMENSION = "dimension"
    COMBINED = "combined"
    CAP = "cap"
    RESULT = "result"


@dataclass(frozen=True)
class RuleHit:
    """A rule that fired, with the value it saw and the threshold it holds the value against.

    `value` and `threshold` are texts in the rule's own unit (yuan, months, a share, a class); both
    texts name them. `table` is the decision table that the rule stands in.
    """

    code: str
    severity: Severity
    value: str
    threshold: str
    text_en: str
    text_zh: str
    table: str


@dataclass(frozen=True)
class LimitTerm:
    """One line of the limit's breakdown, in the order in which it was worked out.

    `basis` names the fact that the term rests on, `basis_value` its value (None: unknown), `multiple`
    what it is multiplied with. `amount` is in yuan. `binding` marks the one term that fixed the limit.
    """

    code: str
    title_en: str
    title_zh: str
    basis: str
    basis_value: Decimal | None
    multiple: Decimal | None
    amount: Decimal
    note: str
    note_zh: str
    kind: TermKind
    binding: bool = False


@dataclass(frozen=True)
class PriceTerm:
    """One line of the price: an annual rate as a fraction with six places."""

    code: str
    title_en: str
    title_zh: str
    rate: Decimal
    note: str = ""
    note_zh: str = ""
    binding: bool = False


@dataclass(frozen=True)
class Reason:
    """Why the outcome is what it is, in words the customer may be told."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True)
class Decision:
    """The whole of a decision. Equal facts, policy and scorecard give an equal decision.

    `limit` is what the policy would lend (yuan, a multiple of the policy's step). A referred decision
    carries the figure too: it is the most that a risk officer may grant. It is 0.00 on a decline.
    `annual_rate` is a fraction with six places. `pd` belongs to the score, `grade_pd` to the grade.
    """

    outcome: Outcome
    limit: Decimal
    annual_rate: Decimal
    score: int
    grade: str
    pd: Decimal
    grade_pd: Decimal
    base_points: int
    points: tuple[AttributePoints, ...]
    rule_hits: tuple[RuleHit, ...]
    limit_breakdown: tuple[LimitTerm, ...]
    price_breakdown: tuple[PriceTerm, ...]
    reasons: tuple[Reason, ...]
    scorecard_version: str
    policy_version: str
