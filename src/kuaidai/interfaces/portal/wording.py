"""The words of the portal: statuses, platforms and methods as borrowers read them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from kuaidai.interfaces.ui.frames import Mark, Step, Text, steps
from kuaidai.lending.origination.domain.states import Status
from kuaidai.lending.servicing.domain.methods import RepaymentMethod

JOURNEY: tuple[Text, ...] = (
    _("Firm"),
    _("Consent"),
    _("Request"),
    _("Review"),
    _("Terms"),
    _("Sign"),
)


def journey(current: int) -> tuple[Step, ...]:
    """The steps of an application, counted from 0."""
    return steps(JOURNEY, current)


APPLICATION_MARKS: Mapping[Status, Mark] = {
    Status.DRAFT: Mark(_("Not finished"), "neutral", "pen"),
    Status.AUTHORISED: Mark(_("Not submitted"), "neutral", "pen"),
    Status.COLLECTING: Mark(_("Being examined"), "notice"),
    Status.WAITING_FOR_DATA: Mark(_("Waiting for data"), "notice"),
    Status.DECIDING: Mark(_("Being examined"), "notice"),
    Status.APPROVED: Mark(_("Approved"), "positive"),
    Status.REFERRED: Mark(_("With a reviewer"), "notice", "person"),
    Status.DECLINED: Mark(_("Declined"), "negative"),
    Status.OFFERED: Mark(_("Ready to sign"), "positive", "pen"),
    Status.SIGNED: Mark(_("Signed"), "positive"),
    Status.ACTIVE: Mark(_("In use"), "positive"),
    Status.WITHDRAWN: Mark(_("Withdrawn"), "neutral"),
    Status.EXPIRED: Mark(_("Offer expired"), "neutral"),
}

FACILITY_MARKS: Mapping[str, Mark] = {
    "open": Mark(_("In use"), "positive"),
    "frozen": Mark(_("Frozen"), "caution", "pause"),
    "closed": Mark(_("Closed"), "neutral"),
    "expired": Mark(_("Ended"), "neutral"),
    "cancelled": Mark(_("Cancelled"), "neutral"),
}

DRAWDOWN_MARKS: Mapping[str, Mark] = {
    "pending": Mark(_("On its way"), "notice"),
    "paid_out": Mark(_("Arrived"), "positive"),
    "rejected": Mark(_("Not paid"), "negative"),
}

REPAYMENT_MARKS: Mapping[str, Mark] = {
    "pending": Mark(_("Being processed"), "notice"),
    "settled": Mark(_("Repaid"), "positive"),
    "rejected": Mark(_("Not debited"), "negative"),
}

INSTALMENT_MARKS: Mapping[str, Mark] = {
    "paid": Mark(_("Paid"), "positive"),
    "overdue": Mark(_("Overdue"), "negative"),
    "due": Mark(_("Due today"), "caution"),
    "coming": Mark(_("To come"), "neutral", "clock"),
}

PLATFORMS: Mapping[str, Text] = {
    "registry": _("Business registry"),
    "tax": _("Tax bureau"),
    "courts": _("Courts"),
    "bureau_enterprise": _("Enterprise credit bureau"),
    "bureau_owner": _("Personal credit bureau"),
    "bank_core": _("Accounts with us"),
}

REPORT_MARKS: Mapping[str, Mark] = {
    "waiting": Mark(_("Waiting"), "neutral", "clock"),
    "pending": Mark(_("Asking"), "notice"),
    "received": Mark(_("Received"), "positive"),
    "invalid": Mark(_("Unreadable"), "caution"),
    "failed": Mark(_("No answer"), "caution"),
    "refused": Mark(_("Not authorised"), "negative"),
}

METHODS: Mapping[str, tuple[Text, Text]] = {
    RepaymentMethod.EQUAL_INSTALMENT: (
        _("Equal instalments"),
        _("The same amount every month: easy to plan."),
    ),
    RepaymentMethod.EQUAL_PRINCIPAL: (
        _("Equal principal"),
        _("The same principal every month; the interest falls month by month."),
    ),
    RepaymentMethod.INTEREST_MONTHLY: (
        _("Interest monthly, principal at the end"),
        _("Only interest every month; all principal on the last day."),
    ),
    RepaymentMethod.REVOLVING: (
        _("Draw and repay at will"),
        _("Interest by the day on what you use; repay whenever you like."),
    ),
}

_MOVEMENTS: Mapping[str, Text] = {"Loan": _("Loan paid out"), "Repayment": _("Loan repayment")}


def movement_title(memo: str) -> str:
    """A movement on the firm's account in the reader's words; a memo that is not ours, as it stands.

    Ours begin with a word and name our drawdown or loan.
    """
    first, _space, number = memo.partition(" ")
    ours = number.startswith(("DRW-", "LN-")) and " " not in number
    return f"{_MOVEMENTS[first]} {number}" if ours and first in _MOVEMENTS else memo
