"""Classify the loans whose class may have changed; record what classification rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.lending.products.loss_parameters import loss_parameters
from kuaidai.lending.servicing.domain import events as ev
from kuaidai.lending.servicing.domain.classification import (
    Classification,
    Rule,
    classify_debtor,
)
from kuaidai.lending.servicing.domain.ecl import StageFacts, Staging, stage_of
from kuaidai.lending.servicing.domain.risk_views import ClassifyReport
from kuaidai.lending.servicing.errors import UnknownLoan
from kuaidai.lending.servicing.models import ClassChange, DebtorRisk, Loan, LoanRisk
from kuaidai.lending.servicing.risk_queries import (
    HeldClaim,
    HeldDebtor,
    claims_of_debtors,
    debtors_to_classify,
)

DEBTORS_AT_ONCE = 2000
_FIELDS = (
    "risk_class", "stage", "reasons", "orderly_since", "clear_since", "restructured_on",
    "restructured_again", "watched_from",
)  # fmt: skip


@dataclass(frozen=True)
class _Change:
    """A loan whose stored class, stage or dates must follow."""

    held: HeldClaim
    found: Classification
    staging: Staging
    still_restructured: bool

    @property
    def moves(self) -> bool:
        """Whether class or stage differ, and history gets a line."""
        return (self.held.claim.previous, self.held.stage) != (
            self.found.risk_class, self.staging.stage,
        )  # fmt: skip

    @property
    def is_needed(self) -> bool:
        """Whether the row must be written at all; its reasons are those of the last change."""
        return (
            self.moves
            or self.held.restructured_on is not None
            or self.found.orderly_since != self.held.claim.orderly_since
            or self.staging.clear_since != self.held.clear_since
        )


def classify(*, on: date, actor: Actor) -> ClassifyReport:
    """Classify the book on `on`, by debtor; loans paid as agreed are not read.

    A part of the debtors is one transaction, and a second run of the day changes nothing, so that a
    night that was killed begins again here.
    """
    usccs = debtors_to_classify(on)
    loans = changed = 0
    for start in range(0, len(usccs), DEBTORS_AT_ONCE):
        seen, moved = _classify_part(usccs[start : start + DEBTORS_AT_ONCE], on, actor)
        loans, changed = loans + seen, changed + moved
    return ClassifyReport(on, len(usccs), loans, changed)


@transaction.atomic
def _classify_part(usccs: Sequence[str], on: date, actor: Actor) -> tuple[int, int]:
    """A part of the night's debtors, with the audit record of what changed."""
    loans, changed = classify_debtors(usccs, on)
    if changed:
        record_audit(
            actor=actor, action="book.classified", subject_type="bank", subject_id="1", on=on,
            detail={"debtors": len(usccs), "loans": loans, "changed": changed},
        )  # fmt: skip
    return loans, changed


@transaction.atomic
def classify_debtors(usccs: Sequence[str], on: date) -> tuple[int, int]:
    """Classify all loans of these debtors; how many there are, and how many changed class or stage."""
    _hold_risks(usccs)
    changes: list[_Change] = []
    seen = 0
    for group in claims_of_debtors(usccs, on):
        seen += len(group.held)
        changes += [change for change in _changes(group, on) if change.is_needed]
    _store(changes, on)
    return seen, sum(change.moves for change in changes)


def _hold_risks(usccs: Sequence[str]) -> None:
    """Lock what is known of these debtors' loans, in the order in which all do."""
    held = LoanRisk.objects.filter(loan__facility__uscc__in=usccs).order_by("loan_id")
    list(held.select_for_update(no_key=True, of=("self",)).values("pk"))


def _changes(group: HeldDebtor, on: date) -> list[_Change]:
    found = classify_debtor(group.debtor, on)
    return [
        _change(held, one, group, on) for held, one in zip(group.held, found, strict=True)
    ]  # fmt: skip


def _change(held: HeldClaim, found: Classification, group: HeldDebtor, on: date) -> _Change:
    facts = StageFacts(
        found.risk_class, held.claim.days_past_due, group.debtor.early_warning, held.stage,
        held.clear_since,
    )  # fmt: skip
    staging = stage_of(facts, loss_parameters(held.product_code), on)
    waits = any(reason.rule is Rule.WATCH_NOT_CONFIRMED for reason in found.reasons)
    return _Change(held, found, staging, found.watched_until is not None or waits)


def _store(changes: Sequence[_Change], on: date) -> None:
    LoanRisk.objects.bulk_create(
        [_row(change) for change in changes],
        update_conflicts=True, unique_fields=["loan"], update_fields=_FIELDS, batch_size=2000,
    )  # fmt: skip
    ClassChange.objects.bulk_create(
        [
            ClassChange(
                loan_id=change.held.claim.loan_id, on=on,
                from_class=change.held.claim.previous, to_class=change.found.risk_class,
                from_stage=change.held.stage, to_stage=change.staging.stage,
                reasons=_reasons(change.found),
            )
            for change in changes
            if change.moves
        ],
        batch_size=2000,
    )  # fmt: skip


def _row(change: _Change) -> LoanRisk:
    kept = change.still_restructured
    restructuring = change.held.claim.restructuring
    return LoanRisk(
        loan_id=change.held.claim.loan_id,
        risk_class=change.found.risk_class,
        stage=change.staging.stage,
        reasons=_reasons(change.found),
        orderly_since=change.found.orderly_since,
        clear_since=change.staging.clear_since,
        restructured_on=change.held.restructured_on if kept else None,
        restructured_again=bool(kept and restructuring and restructuring.again),
        watched_from=change.held.watched_from if kept else None,
    )


def _reasons(found: Classification) -> list[dict[str, Any]]:
    return [
        {"rule": reason.rule.value, "floor": int(reason.floor), **dict(reason.values)}
        for reason in found.reasons
    ]


@transaction.atomic
def record_restructuring(*, loan_id: str, first_due_on: date, on: date, actor: Actor) -> None:
    """Note that a loan was restructured for a debtor in difficulty; its watch begins.

    `first_due_on` is the first due day after the change. Within an earlier watch it counts as
    restructured again. Raises `UnknownLoan`.
    """
    loan = Loan.objects.filter(id=loan_id).select_related("facility").first()
    if loan is None:
        raise UnknownLoan(value=loan_id)
    _hold_risks([loan.facility.uscc])
    risk, _ = LoanRisk.objects.select_for_update(no_key=True, of=("self",)).get_or_create(loan=loan)
    risk.restructured_again = risk.restructured_on is not None
    risk.restructured_on, risk.watched_from = on, first_due_on
    risk.save(update_fields=["restructured_on", "restructured_again", "watched_from"])
    classify_debtors([loan.facility.uscc], on)
    record_audit(
        actor=actor, action="loan.restructured", subject_type="loan", subject_id=loan_id, on=on,
        detail={"first_due_on": first_due_on, "again": risk.restructured_again},
    )  # fmt: skip


@transaction.atomic
def take_back_restructuring(
    *, loan_id: str, undone_on: date, standing: Sequence[ev.Restructuring], on: date, actor: Actor
) -> None:
    """A restructuring of `undone_on` never was: the watch it began ends, and an earlier one goes on.

    `standing` are the loan's restructurings that are left, oldest first. A watch that something else
    began since goes on; it is no second one where none is left before it.
    """
    uscc = Loan.objects.values_list("facility__uscc", flat=True).get(id=loan_id)
    _hold_risks([uscc])
    risk = LoanRisk.objects.filter(loan_id=loan_id).first()
    if risk is None or risk.restructured_on is None:
        return
    if risk.restructured_on == undone_on:
        before = standing[-1] if standing else None
        risk.restructured_on = None if before is None else before.on
        risk.watched_from = None if before is None else before.due_dates[0]
    earlier = [each for each in standing if each.on != risk.restructured_on]
    risk.restructured_again = bool(earlier) and risk.restructured_again
    risk.save(update_fields=["restructured_on", "restructured_again", "watched_from"])
    classify_debtors([uscc], on)
    record_audit(
        actor=actor, action="loan.restructuring_undone", subject_type="loan", subject_id=loan_id,
        on=on, detail={"undone": undone_on, "watched_from": risk.watched_from},
    )  # fmt: skip


@transaction.atomic
def record_debtor_facts(
    *,
    uscc: str,
    on: date,
    actor: Actor,
    grade: str | None = None,
    early_warning: bool | None = None,
    bad_at_other_banks: bool | None = None,
    overdue_share_everywhere: Decimal | None = None,
) -> None:
    """Note what is known of a debtor outside the book; what is None stays as it is.

    `grade` is their newest rating, `overdue_share_everywhere` the share of their debts at all banks
    over 90 days past due. The debtor's loans are classified at once.
    """
    given = {
        "grade": grade, "early_warning": early_warning, "bad_at_other_banks": bad_at_other_banks,
        "overdue_share_everywhere": overdue_share_everywhere,
    }  # fmt: skip
    facts = {name: value for name, value in given.items() if value is not None}
    DebtorRisk.objects.update_or_create(uscc=uscc, defaults=facts)
    classify_debtors([uscc], on)
    record_audit(
        actor=actor, action="debtor.facts", subject_type="enterprise", subject_id=uscc, on=on,
        detail=facts,
    )  # fmt: skip
