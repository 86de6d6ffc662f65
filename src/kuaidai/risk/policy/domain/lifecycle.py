"""The life of a version: drafted, submitted, approved by a second person, live from a date, retired."""

from __future__ import annotations

from enum import StrEnum

from kuaidai.risk.policy.errors import NotYetApproved


class ModelKind(StrEnum):
    """Kinds of the model inventory.

    Article 4 of the Interim Measures for Internet Loans of Commercial Banks (商业银行互联网贷款管理暂行办法,
    CBIRC Order 2020 No. 9) names them in this order.
    """

    IDENTITY = "identity"
    ANTI_FRAUD = "anti_fraud"
    ANTI_MONEY_LAUNDERING = "anti_money_laundering"
    COMPLIANCE = "compliance"
    RISK_EVALUATION = "risk_evaluation"
    PRICING = "pricing"
    APPROVAL = "approval"
    WARNING = "warning"
    COLLECTION = "collection"


POLICY_KINDS = (ModelKind.PRICING, ModelKind.APPROVAL)
"""Kinds whose part a credit policy plays: it sets limit and price by rules."""


class Status(StrEnum):
    """Where a version is. `live` is never stored: it follows from approval and the date."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    LIVE = "live"
    RETIRED = "retired"


_NEXT: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED}),
    Status.SUBMITTED: frozenset({Status.APPROVED, Status.DRAFT}),
    Status.APPROVED: frozenset({Status.RETIRED}),
    Status.RETIRED: frozenset(),
}


def require_transition(label: str, status: str, target: Status) -> None:
    """Raises `NotYetApproved` where the table does not lead from `status` to `target`."""
    if target not in _NEXT[Status(status)]:
        raise NotYetApproved(kind="Version", value=label, state=status, target=target.value)
