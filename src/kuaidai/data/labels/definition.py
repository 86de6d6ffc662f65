"""What counts as bad, over which window, and which loans are left out of the judgement."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kuaidai.data.labels.errors import WrongLabelSetting

LABELS = ("good", "immature", "indeterminate", "bad", "excluded")
"""Every label there is."""
LONGEST_WINDOW = 120


@dataclass(frozen=True)
class LabelDefinition:
    """The parameters of a label.

    `window_months` after the grant are watched. `dpd_threshold` days past due or more at a month end
    make a loan bad; `indeterminate_dpd` or more, but never that, neither good nor bad (None: good; from
    the threshold on it has no effect).

    Loans left out of the judgement, each with its reason in the label's row (all off by default):

    - `least_tenor_months`: the tenor is shorter, so the window could never be served ("short_tenor");
    - `without_use`: nothing was ever outstanding in the window ("unused");
    - `closed_within_months`: repaid in full without 30 days past due within so many months of the
      grant, too soon to tell ("closed_early");
    - `fraud_within_months`: bad within so many months of the grant, which the trade reads as a mark of
      fraud rather than of credit risk ("early_default");
    - `least_principal`: granted less ("small"), in yuan.

    Lists of firms or loans (staff, related parties, proven fraud, written off outside the panel) are
    handed over as a table: see `outcomes.label_rows`. Raises `WrongLabelSetting`.
    """

    window_months: int = 12
    dpd_threshold: int = 60
    indeterminate_dpd: int | None = 30
    least_tenor_months: int = 0
    without_use: bool = False
    closed_within_months: int = 0
    fraud_within_months: int = 0
    least_principal: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        within_window = f"between 0 and the window of {self.window_months} months"
        rules: tuple[tuple[str, object, bool, str], ...] = (
            (
                "window_months",
                self.window_months,
                1 <= self.window_months <= LONGEST_WINDOW,
                f"at least 1 and at most {LONGEST_WINDOW}",
            ),
            ("dpd_threshold", self.dpd_threshold, self.dpd_threshold >= 1, "at least 1"),
            (
                "indeterminate_dpd",
                self.indeterminate_dpd,
                self.indeterminate_dpd is None or self.indeterminate_dpd >= 1,
                "at least 1, or none",
            ),
            (
                "least_tenor_months",
                self.least_tenor_months,
                self.least_tenor_months >= 0,
                "0 or more",
            ),
            (
                "closed_within_months",
                self.closed_within_months,
                0 <= self.closed_within_months <= self.window_months,
                within_window,
            ),
            (
                "fraud_within_months",
                self.fraud_within_months,
                0 <= self.fraud_within_months <= self.window_months,
                within_window,
            ),
            ("least_principal", self.least_principal, self.least_principal >= 0, "0 or more"),
        )
        for name, value, kept, rule in rules:
            if not kept:
                raise WrongLabelSetting(name=name, value=value, rule=rule)

    @property
    def text_en(self) -> str:
        """The definition in a line."""
        return f"{self.dpd_threshold}+ days past due within {self.window_months} months"

    @property
    def text_zh(self) -> str:
        """The definition in a line, in Chinese."""
        return f"放款后 {self.window_months} 个月内逾期 {self.dpd_threshold} 天及以上"
