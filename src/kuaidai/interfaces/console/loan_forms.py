"""The forms of what staff do to a loan: one a kind, each with a reason and a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.console import wording
from kuaidai.interfaces.ui.forms import AmountField, KeyedForm
from kuaidai.interfaces.ui.frames import Text
from kuaidai.lending.servicing import operations
from kuaidai.lending.servicing.domain.adjustments import ASKS, Adjustment
from kuaidai.lending.servicing.domain.conventions import Bucket
from kuaidai.lending.servicing.domain.methods import RepaymentMethod


class PercentField(forms.CharField):
    """A rate in per cent a year, such as 4.35; cleans to a fraction."""

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off"}
        options.setdefault("widget", forms.TextInput(attrs=attributes))
        super().__init__(max_length=12, **options)

    def clean(self, value: Any) -> Any:
        """The fraction; raises `ValidationError` for anything that is no number."""
        text = super().clean(value).strip().removesuffix("%")
        if not text:
            return None
        try:
            rate = Decimal(text) / 100
        except InvalidOperation:
            raise ValidationError(_("Write a rate in per cent, such as 4.35.")) from None
        if not rate.is_finite() or rate != round(rate, 6):
            raise ValidationError(_("Write a rate in per cent, such as 4.35."))
        return rate


class DatesField(forms.CharField):
    """Days, one a line; cleans to a tuple of dates."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}))
        super().__init__(max_length=5000, **options)

    def clean(self, value: Any) -> Any:
        """The days; raises `ValidationError` naming the first that is none."""
        found = []
        for word in super().clean(value).replace(",", " ").split():
            try:
                found.append(date.fromisoformat(word))
            except ValueError:
                raise ValidationError(
                    _("%(word)s is no day; write days like 2026-09-20."), params={"word": word}
                ) from None
        return tuple(found)


class ActionForm(KeyedForm):
    """A reason, and by subclass what else the action asks."""

    refusal_fields: ClassVar[Mapping[str, str]] = {
        "ADJUSTMENT_WITHOUT_REASON": "reason",
        "LIMIT_REASON_MISSING": "reason",
        "ABOVE_ADJUSTMENT_LIMIT": "amount",
        "ADJUSTMENT_AMOUNT": "amount",
        "WAIVE_TOO_MUCH": "amount",
        "MISUSE_TOO_MUCH": "amount",
        "REPAY_TOO_MUCH": "amount",
        "MORE_THAN_REMAINS_UNMATCHED": "amount",
        "RATE_OUT_OF_RANGE": "annual_rate",
        "EXTENSION_DATES": "due_dates",
    }
    field_order = ["bucket", "event_key", "unmatched_id", "amount", "due_on",
                   "annual_rate", "due_dates", "method", "principal_grace", "reason"]  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It is kept with the loan and in the audit trail."),
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    @property
    def asked(self) -> dict[str, Any]:
        """What the operation takes besides loan, key, day and actor."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "idempotency_key" and value not in (None, "")
        }


class AmountForm(ActionForm):
    """An amount."""

    amount = AmountField(label=_("Amount"))


class ChargeForm(AmountForm):
    """Costs, and when they fall due."""

    due_on = forms.DateField(
        label=_("Due on (today if left empty)"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class WaiveForm(AmountForm):
    """What is forgiven."""

    bucket = forms.TypedChoiceField(
        label=_("Of what"), coerce=Bucket, choices=[(b.value, wording.BUCKETS[b]) for b in Bucket]
    )


class RateForm(ActionForm):
    """A rate."""

    annual_rate = PercentField(label=_("New annual rate in per cent"))


class ExtendForm(ActionForm):
    """New due dates."""

    due_dates = DatesField(
        label=_("New due dates, one a line"),
        help_text=_("They replace the dates that are to come."),
    )


class RestructureForm(ExtendForm):
    """New due dates, and new terms where they are named."""

    annual_rate = PercentField(
        label=_("New annual rate in per cent (unchanged if left empty)"), required=False
    )
    method = forms.TypedChoiceField(
        label=_("Repayment method"),
        required=False,
        empty_value=None,
        coerce=RepaymentMethod,
        choices=[("", _("Unchanged")), *((m.value, t) for m, t in wording.NEW_METHODS.items())],
    )
    principal_grace = forms.IntegerField(
        label=_("First instalments without principal"), min_value=0, max_value=60, initial=0
    )


class ReverseForm(ActionForm):
    """Which event never happened."""

    event_key = forms.CharField(label=_("Number of the event"), max_length=100)


class ApplyForm(AmountForm):
    """Which money in suspense."""

    unmatched_id = forms.CharField(label=_("Number of the money in suspense"), max_length=20)
    refusal_fields: ClassVar[Mapping[str, str]] = {
        **ActionForm.refusal_fields, "UNKNOWN_UNMATCHED_MONEY": "unmatched_id",
    }  # fmt: skip


@dataclass(frozen=True)
class Action:
    """Something to be done to a loan from its page: the operation, its form, and who may."""

    name: str
    title: Text
    hint: Text
    form: type[ActionForm]
    perform: Callable[..., Any]
    roles: frozenset[str]
    statuses: frozenset[str] = frozenset({"active"})


_LINE_ROLES = frozenset({"account_manager", "risk_officer", "operations"})


def _action(kind: Adjustment, title: Text, hint: Text, form: type[ActionForm],
            perform: Callable[..., Any], *statuses: str) -> Action:  # fmt: skip
    return Action(
        kind.value, title, hint, form, perform, ASKS[kind], frozenset(statuses or ("active",))
    )


_LIST = (
    _action(Adjustment.CHARGE, _("Charge costs"), _("Costs of enforcement, by the contract."),
            ChargeForm, operations.charge_fee),
    _action(Adjustment.WAIVE, _("Waive"), _("Forgive part of what is due or accrued."), WaiveForm,
            operations.waive),
    _action(Adjustment.CHANGE_RATE, _("Change the rate"), _("From the day it is approved."),
            RateForm, operations.change_rate),
    _action(Adjustment.RECORD_MISUSE, _("Record misuse"),
            _("So much of the money bears the misuse rate from today."), AmountForm,
            operations.record_misuse),
    _action(Adjustment.END_MISUSE, _("End misuse"), _("The misuse was made good."), ActionForm,
            operations.end_misuse),
    _action(Adjustment.EXTEND, _("Extend"), _("Before maturity; the law bounds how far."),
            ExtendForm, operations.extend),
    _action(Adjustment.RESTRUCTURE, _("Restructure"),
            _("For a debtor in difficulty: all that is owed on new dates. Their watch begins."),
            RestructureForm, operations.restructure),
    _action(Adjustment.STOP_ACCRUAL, _("Stop accrual"),
            _("Interest is kept as a memorandum from today."), ActionForm, operations.stop_accrual),
    _action(Adjustment.RESUME_ACCRUAL, _("Resume accrual"), _("The loan earns income again."),
            ActionForm, operations.resume_accrual),
    _action(Adjustment.WRITE_OFF, _("Write off"),
            _("The claim leaves the books and stays owed."), ActionForm, operations.write_off),
    _action(Adjustment.RECOVER, _("Collect a recovery"),
            _("From the firm's account, on a loan written off."), AmountForm,
            operations.record_recovery, "written_off"),
    _action(Adjustment.APPLY_MONEY, _("Apply money in suspense"),
            _("Pays the loan with money that waits unmatched."), ApplyForm,
            operations.apply_unmatched_money, "active", "written_off"),
    _action(Adjustment.REVERSE, _("Reverse an event"),
            _("It never happened; the books are corrected today."), ReverseForm,
            operations.reverse_event, "active", "settled", "written_off"),
    Action("freeze", _("Freeze the line"), _("Nothing more is drawn; repaying goes on."), ActionForm,
           operations.freeze_facility, _LINE_ROLES),
    Action("unfreeze", _("Unfreeze the line"), _("The line may be drawn again."), ActionForm,
           operations.unfreeze_facility, _LINE_ROLES),
)  # fmt: skip
ACTIONS: Mapping[str, Action] = {action.name: action for action in _LIST}
"""Every action by the name that stands in its address."""
LINE_ACTIONS = frozenset({"freeze", "unfreeze"})
