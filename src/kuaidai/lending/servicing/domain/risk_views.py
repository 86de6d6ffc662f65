"""What is shown of the quality of the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO
from kuaidai.lending.servicing.domain.classification import Reason, RiskClass
from kuaidai.lending.servicing.domain.ecl import Stage


@dataclass(frozen=True)
class ClassRow:
    """Live loans of one class at one branch in one product."""

    risk_class: RiskClass
    loans: int
    balance: Decimal
    allowance: Decimal


@dataclass(frozen=True)
class QualityRow:
    """A branch's loans of a product, by class (all five, from pass to loss)."""

    branch: str
    product_code: str
    classes: tuple[ClassRow, ...]

    @property
    def balance(self) -> Decimal:
        """All principal outstanding."""
        return sum((row.balance for row in self.classes), ZERO)

    @property
    def bad_balance(self) -> Decimal:
        """Principal outstanding on non-performing loans (不良余额)."""
        return sum((row.balance for row in self.classes if row.risk_class.is_bad), ZERO)

    @property
    def allowance(self) -> Decimal:
        """The allowance for all loans."""
        return sum((row.allowance for row in self.classes), ZERO)

    @property
    def bad_ratio(self) -> Decimal | None:
        """Non-performing over all principal (不良率); None where nothing is outstanding."""
        return self.bad_balance / self.balance if self.balance else None

    @property
    def coverage(self) -> Decimal | None:
        """Allowance over non-performing principal (拨备覆盖率); None where nothing is bad."""
        return self.allowance / self.bad_balance if self.bad_balance else None

    @property
    def allowance_ratio(self) -> Decimal | None:
        """Allowance over all principal (贷款拨备率); None where nothing is outstanding."""
        return self.allowance / self.balance if self.balance else None


@dataclass(frozen=True)
class MigrationCell:
    """Loans that went from one class to another; `before` is None for loans granted since."""

    before: RiskClass | None
    after: RiskClass
    loans: int
    balance: Decimal


@dataclass(frozen=True)
class ProvisionView:
    """What a run of provisioning charged (negative: released) and the level it left."""

    on: date
    number: int
    branch: str
    product_code: str
    kind: str
    charge: Decimal
    level: Decimal
    parameters: str


@dataclass(frozen=True)
class OverrideView:
    """A request about a loan's class and what became of it."""

    id: str
    loan_id: str
    kind: str
    risk_class: RiskClass | None
    reason: str
    status: str
    asked_by: str
    asked_on: date
    expires_on: date
    decided_by: str
    decided_on: date | None
    note: str


@dataclass(frozen=True)
class ChangeView:
    """A past change of class or stage, with the codes of the rules that held."""

    on: date
    from_class: RiskClass
    to_class: RiskClass
    from_stage: Stage
    to_stage: Stage
    rules: tuple[str, ...]


@dataclass(frozen=True)
class LoanRiskView:
    """A loan's class, stage and allowance, why, and how it came there."""

    loan_id: str
    uscc: str
    product_code: str
    outstanding: Decimal
    days_past_due: int
    risk_class: RiskClass
    stage: Stage
    reasons: tuple[Reason, ...]
    rate: Decimal
    allowance: Decimal
    changes: tuple[ChangeView, ...]
    overrides: tuple[OverrideView, ...]


@dataclass(frozen=True)
class GraveLoan:
    """A loan of a class worse than pass."""

    loan_id: str
    risk_class: RiskClass
    stage: Stage
    outstanding: Decimal
    days_past_due: int
    allowance: Decimal


@dataclass(frozen=True)
class AccrualChanges:
    """Loans whose income stops (now in stage 3), and whose income may start again."""

    stop: tuple[str, ...]
    resume: tuple[str, ...]


@dataclass(frozen=True)
class ClassifyReport:
    """A night's classification: debtors looked at, and the loans whose class or stage changed."""

    on: date
    debtors: int
    loans: int
    changed: int


@dataclass(frozen=True)
class ProvisionReport:
    """A provisioning: how many loans' allowances moved, what was charged, and the level it left."""

    on: date
    moved: int
    charged: Decimal
    level: Decimal
