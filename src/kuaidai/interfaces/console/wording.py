"""The words of the console: statuses, platforms and severities as staff read them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.ui.frames import Mark, Text
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.servicing.domain.breaks import BreakKind, BreakState
from kuaidai.lending.servicing.domain.classification import RiskClass
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.methods import RepaymentMethod
from kuaidai.risk.policy.domain.alerts import AlertState
from kuaidai.risk.policy.domain.decision import Severity
from kuaidai.risk.policy.domain.entry import ModelForm
from kuaidai.risk.scorecards.monitoring_report import FindingCode, Level

STATUS_MARKS: Mapping[Status, Mark] = {
    Status.DRAFT: Mark(_("Draft"), "neutral", "pen"),
    Status.AUTHORISED: Mark(_("Authorised"), "neutral", "pen"),
    Status.COLLECTING: Mark(_("Collecting"), "notice"),
    Status.WAITING_FOR_DATA: Mark(_("Waiting for data"), "caution", "clock"),
    Status.DECIDING: Mark(_("Deciding"), "notice"),
    Status.APPROVED: Mark(_("Approved"), "positive"),
    Status.REFERRED: Mark(_("Referred"), "caution", "person"),
    Status.DECLINED: Mark(_("Declined"), "negative"),
    Status.OFFERED: Mark(_("Offered"), "positive", "pen"),
    Status.SIGNED: Mark(_("Signed"), "positive"),
    Status.ACTIVE: Mark(_("Active"), "positive"),
    Status.WITHDRAWN: Mark(_("Withdrawn"), "neutral"),
    Status.EXPIRED: Mark(_("Lapsed"), "neutral"),
}

FACILITY_MARKS: Mapping[str, Mark] = {
    "open": Mark(_("In use"), "positive"),
    "frozen": Mark(_("Frozen"), "caution", "pause"),
    "expired": Mark(_("Expired"), "neutral"),
    "cancelled": Mark(_("Cancelled"), "neutral"),
    "closed": Mark(_("Closed"), "neutral"),
}

LIMIT_CHANGES: Mapping[str, Text] = {
    "open": _("Opened"),
    "increase": _("Increased"),
    "cut": _("Cut"),
    "product": _("Product added"),
    "freeze": _("Frozen"),
    "unfreeze": _("Unfrozen"),
    "expire": _("Expired"),
    "cancel": _("Cancelled"),
    "close": _("Closed"),
}

SEVERITY_MARKS: Mapping[Severity, Mark] = {
    Severity.DECLINE: Mark(_("Decline"), "negative"),
    Severity.REFER: Mark(_("Refer"), "caution"),
    Severity.INFO: Mark(_("Note"), "notice", "info"),
}

OUTCOME_MARKS: Mapping[str, Mark] = {
    "approved": Mark(_("Approved"), "positive"),
    "referred": Mark(_("Referred"), "caution", "person"),
    "declined": Mark(_("Declined"), "negative"),
}

PLATFORMS: Mapping[str, Text] = {
    "registry": _("Business registry"),
    "tax": _("Tax bureau"),
    "courts": _("Courts"),
    "bureau_enterprise": _("Enterprise credit bureau"),
    "bureau_owner": _("Personal credit bureau"),
    "bank_core": _("Bank core"),
}

REPORT_MARKS: Mapping[str, Mark] = {
    "pending": Mark(_("Asking"), "notice"),
    "received": Mark(_("Received"), "positive"),
    "invalid": Mark(_("Invalid"), "caution"),
    "failed": Mark(_("No answer"), "caution"),
    "refused": Mark(_("Not authorised"), "negative"),
}

FAMILIES: Mapping[str, Text] = {
    "settlement": _("Settlement"),
    "account_behaviour": _("Account behaviour"),
    "financial_assets": _("Financial assets"),
    "tax": _("Tax"),
    "registry_and_courts": _("Registry and courts"),
    "bureau": _("Credit bureaus"),
    "owner": _("Owner"),
    "platform_data": _("Platform data"),
    "qualitative": _("Qualitative assessment"),
}

VERSION_MARKS: Mapping[str, Mark] = {
    "draft": Mark(_("Draft"), "neutral", "pen"),
    "submitted": Mark(_("Submitted for approval"), "notice"),
    "approved": Mark(_("Approved, not live yet"), "notice"),
    "live": Mark(_("Live"), "positive"),
    "retired": Mark(_("Retired"), "neutral"),
}

VERSION_KINDS: Mapping[str, Text] = {
    "policy": _("Credit policy"),
    "identity": _("Identity model"),
    "anti_fraud": _("Anti-fraud model"),
    "anti_money_laundering": _("Anti-money-laundering model"),
    "compliance": _("Compliance model"),
    "risk_evaluation": _("Risk evaluation model"),
    "pricing": _("Pricing model"),
    "approval": _("Approval model"),
    "warning": _("Warning model"),
    "collection": _("Collection model"),
}

MODEL_FORMS: Mapping[ModelForm, Text] = {
    ModelForm.SCORECARD: _("Scorecard"),
    ModelForm.STATISTICAL: _("Statistical model"),
    ModelForm.MACHINE_LEARNING: _("Machine-learning model"),
    ModelForm.RULES: _("Rules"),
    ModelForm.EXPERT: _("Expert judgement"),
}
VALIDATION_MARKS: Mapping[bool, Mark] = {
    True: Mark(_("Validation due"), "caution"),
    False: Mark(_("Validated"), "positive"),
}

FRESHNESS_MARKS: Mapping[bool | None, Mark] = {
    True: Mark(_("Stale"), "caution"),
    False: Mark(_("Fresh"), "positive"),
    None: Mark(_("No data"), "neutral"),
}

QUALITY_CHARTS: Mapping[str, tuple[Text, Text, Text]] = {
    "rows": (
        _("Rows by month"),
        _("Dark months are the baseline."),
        _("No row carries a date"),
    ),
    "missing": (
        _("Missing values"),
        _("Share of rows without a value."),
        _("No value is missing."),
    ),
    "outliers": (
        _("Outliers"),
        _("Share of values far outside the baseline's middle half; money on a logarithmic scale."),
        _("No value lies outside the bounds."),
    ),
    "drift": (
        _("Drift"),
        _("Population stability index: below 0.10 stable, from 0.25 act."),
        _("There is nothing to compare with yet."),
    ),
}
"""Title, note, and what is said where there is nothing to draw."""

FINDING_MARKS: Mapping[str, Mark] = {
    "missing_month": Mark(_("Month without rows"), "negative"),
    "missing": Mark(_("Missing values"), "caution"),
    "outliers": Mark(_("Outliers"), "caution"),
    "drift": Mark(_("Drift"), "caution"),
    "new_category": Mark(_("New category"), "notice", "info"),
}

MONITORING_MARKS: Mapping[Level, Mark] = {
    Level.STABLE: Mark(_("No finding"), "positive"),
    Level.WATCH: Mark(_("Watch"), "caution"),
    Level.ALERT: Mark(_("Alert"), "negative"),
}

BREAK_KINDS: Mapping[BreakKind, Text] = {
    BreakKind.MISSING_HERE: _("Missing here"),
    BreakKind.MISSING_THERE: _("Missing at the core"),
    BreakKind.AMOUNT_DIFFERS: _("Amount differs"),
    BreakKind.DATE_DIFFERS: _("Date differs"),
    BreakKind.DUPLICATE: _("Booked more than once"),
    BreakKind.BOOKS_DIFFER: _("Ledger differs"),
}

BREAK_MEANINGS: Mapping[BreakKind, Text] = {
    BreakKind.MISSING_HERE: _("The bank core booked what we do not hold as settled."),
    BreakKind.MISSING_THERE: _("We hold as settled what the bank core did not book on this day."),
    BreakKind.AMOUNT_DIFFERS: _("Both sides booked the order, with different amounts."),
    BreakKind.DATE_DIFFERS: _("Both sides booked the order, on different days."),
    BreakKind.DUPLICATE: _("The bank core booked one order more than once."),
    BreakKind.BOOKS_DIFFER: _(
        "The settlement account of the ledger moved by another sum than the orders applied on this day."
    ),
}

BREAK_MARKS: Mapping[BreakState, Mark] = {
    BreakState.OPEN: Mark(_("Unexplained"), "negative"),
    BreakState.EXPLAINED: Mark(_("Explained"), "neutral", "pen"),
    BreakState.CLEARED: Mark(_("Cleared"), "positive"),
}

CLASS_MARKS: Mapping[RiskClass, Mark] = {
    RiskClass.PASS: Mark(_("Pass"), "positive"),
    RiskClass.SPECIAL_MENTION: Mark(_("Special mention"), "caution"),
    RiskClass.SUBSTANDARD: Mark(_("Substandard"), "negative"),
    RiskClass.DOUBTFUL: Mark(_("Doubtful"), "negative"),
    RiskClass.LOSS: Mark(_("Loss"), "negative"),
}

OVERRIDE_MARKS: Mapping[str, Mark] = {
    "waiting": Mark(_("Waits"), "caution", "clock"),
    "approved": Mark(_("Approved"), "positive"),
    "rejected": Mark(_("Rejected"), "negative"),
}

PROVISION_KINDS: Mapping[str, Text] = {
    "loan": _("Drawn loans"),
    "commitment": _("Undrawn lines"),
}

ALERT_MARKS: Mapping[AlertState, Mark] = {
    AlertState.OPEN: Mark(_("Nobody has looked yet"), "notice", "person"),
    AlertState.ACKNOWLEDGED: Mark(_("Acknowledged"), "neutral", "check-circle"),
    AlertState.CLOSED: Mark(_("Gone"), "positive"),
}
REOPENED = Mark(_("Worse since it was acknowledged"), "caution", "person")

FINDING_TITLES: Mapping[str, Text] = {
    FindingCode.SCORE_PSI: _("Score distribution moved"),
    FindingCode.GRADE_PSI: _("Grade distribution moved"),
    FindingCode.CSI: _("Characteristic moved"),
    FindingCode.AUC_UNPROVEN: _("Separation not shown"),
    FindingCode.AUC_FELL: _("Separation fell"),
    FindingCode.PD_TOO_LOW: _("PD too low"),
    FindingCode.PD_TOO_HIGH: _("PD too high"),
}


def finding_title(code: str) -> Text:
    """What an alert is about, by the code of its finding; a code without words stands for itself."""
    return FINDING_TITLES.get(code, code)


LOAN_MARKS: Mapping[str, Mark] = {
    "active": Mark(_("Active"), "positive"),
    "settled": Mark(_("Settled"), "neutral"),
    "written_off": Mark(_("Written off"), "negative"),
}
LINE_MARKS: Mapping[str, Mark] = {
    "open": Mark(_("In use"), "positive"),
    "frozen": Mark(_("Frozen"), "caution", "pause"),
    "expired": Mark(_("Ended"), "neutral"),
    "cancelled": Mark(_("Cancelled"), "neutral"),
    "closed": Mark(_("Closed"), "neutral"),
}
REQUEST_MARKS: Mapping[str, Mark] = {
    "waiting": Mark(_("Waits"), "caution", "clock"),
    "approved": Mark(_("Approved"), "positive"),
    "rejected": Mark(_("Rejected"), "negative"),
    "expired": Mark(_("Lapsed"), "neutral"),
}

BUCKETS: Mapping[Bucket, Text] = {
    Bucket.FEE: _("Fees"),
    Bucket.COMPOUND: _("Compound interest"),
    Bucket.PENALTY: _("Penalty interest"),
    Bucket.INTEREST: _("Interest"),
    Bucket.PRINCIPAL: _("Principal"),
}
METHODS: Mapping[RepaymentMethod, Text] = {
    RepaymentMethod.EQUAL_INSTALMENT: _("Equal instalments"),
    RepaymentMethod.EQUAL_PRINCIPAL: _("Equal principal"),
    RepaymentMethod.INTEREST_MONTHLY: _("Interest each period, principal at the end"),
    RepaymentMethod.SINGLE: _("All at the end"),
    RepaymentMethod.REVOLVING: _("Draw and repay at will"),
    RepaymentMethod.AGREED: _("Agreed instalments"),
    RepaymentMethod.FIXED_AMOUNT: _("Fixed amount a period"),
    RepaymentMethod.FLAT: _("Flat interest"),
}
NEW_METHODS: Mapping[RepaymentMethod, Text] = {
    method: METHODS[method]
    for method in (
        RepaymentMethod.EQUAL_INSTALMENT,
        RepaymentMethod.EQUAL_PRINCIPAL,
        RepaymentMethod.INTEREST_MONTHLY,
        RepaymentMethod.SINGLE,
    )
}
"""The methods a loan may be restructured to."""

YES_NO: Mapping[bool, Text] = {True: _("yes"), False: _("no")}
CONVENTIONS: Mapping[str, Text] = {
    "day_count": _("Day count"),
    "rounding": _("Rounding"),
    "month_end": _("Month end"),
    "holiday_roll": _("Holidays"),
    "interest_rolls": _("Interest runs to a moved date"),
    "broken_period": _("First broken period"),
    "level_by": _("Equal instalment worked out from"),
    "smooth": _("Last instalment smoothed"),
    "multiple": _("Instalments are multiples of"),
    "multiple_rounding": _("Rounding to the multiple"),
    "due_order": _("What is due is paid in this order"),
    "advance_order": _("What is paid ahead, in this order"),
    "settles": _("Settles by"),
    "excess": _("Money beyond what is due"),
    "due_date_counts": _("The due date counts as past due"),
    "overdue_principal": _("Overdue principal bears"),
    "payoff_interest": _("Interest of a pay-off"),
    "rounds_segments": _("Interest rounded where the balance changes"),
}
EVENT_FIELDS: Mapping[str, Text] = {
    "amount": _("Amount"),
    "bucket": _("Of what"),
    "shorten": _("Fewer instalments"),
    "excess": _("Money beyond what is due"),
    "due_on": _("Due on"),
    "annual_rate": _("Annual rate"),
    "due_dates": _("Due dates"),
    "keep_instalments": _("Equal instalments stay"),
    "method": _("Repayment method"),
    "principal_grace": _("First instalments without principal"),
    "reverses": _("Reverses"),
}
"""What an event tells besides its day, by the name it is stored under."""

_ENTRY_TITLES: Mapping[str, Text] = {
    "Loan paid out": _("Loan paid out"),
    "Repayment received": _("Repayment received"),
    "Fee charged": _("Fee charged"),
    "Waiver": _("Waiver"),
    "Rate changed": _("Rate changed"),
    "Misuse found": _("Misuse found"),
    "Loan extended": _("Loan extended"),
    "Loan restructured": _("Loan restructured"),
    "Accrual stopped": _("Accrual stopped"),
    "Accrual resumed": _("Accrual resumed"),
    "Loan written off": _("Loan written off"),
    "Event reversed": _("Event reversed"),
    "Income of the day": _("Income of the day"),
    "Interest accrued": _("Interest accrued"),
    "Expected credit losses": _("Expected credit losses"),
    "Unmatched money received": _("Unmatched money received"),
    "Unmatched money applied": _("Unmatched money applied"),
    "Unmatched money returned": _("Unmatched money returned"),
}


def entry_title(description: str) -> Text:
    """A journal entry's description as staff read it; one that is not ours, as it stands."""
    return _ENTRY_TITLES.get(description, description)
