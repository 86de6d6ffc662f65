"""Reads of money in suspense."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Sum

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.suspense import UnmatchedPage, UnmatchedUseView, UnmatchedView
from kuaidai.lending.ledger.errors import UnknownUnmatched
from kuaidai.lending.ledger.models import UnmatchedMoney

PER_PAGE = 50
_USES_SHOWN = 50


def unmatched_view(row: UnmatchedMoney) -> UnmatchedView:
    """The view of a row, with its newest uses."""
    uses = tuple(
        UnmatchedUseView(use.kind, use.amount, use.target, use.on, use.actor_id)
        for use in row.uses.order_by("-id")[:_USES_SHOWN]
    )
    return UnmatchedView(
        row.id, row.reference, row.branch, row.amount, row.remaining, row.payer, row.received_on,
        uses,
    )  # fmt: skip


def unmatched(unmatched_id: str) -> UnmatchedView:
    """The money of that number, in suspense or used up. Raises `UnknownUnmatched`."""
    row = UnmatchedMoney.objects.filter(id=unmatched_id).first()
    if row is None:
        raise UnknownUnmatched(kind="unmatched money", value=unmatched_id)
    return unmatched_view(row)


def unmatched_money(*, page: int = 1, branch: str | None = None) -> UnmatchedPage:
    """A page of what is in suspense, oldest first: what has waited longest is dealt with first."""
    rows = UnmatchedMoney.objects.filter(remaining__gt=0)
    if branch is not None:
        rows = rows.filter(branch=branch)
    total = rows.count()
    pages = max(1, -(-total // PER_PAGE))
    page = min(max(page, 1), pages)
    shown = rows.order_by("received_on", "id")[(page - 1) * PER_PAGE : page * PER_PAGE]
    items = tuple(
        UnmatchedView(
            row.id, row.reference, row.branch, row.amount, row.remaining, row.payer,
            row.received_on,
        )
        for row in shown
    )  # fmt: skip
    remaining = rows.aggregate(t=Sum("remaining"))["t"] or ZERO
    return UnmatchedPage(items, page, pages, total, remaining)


def unmatched_remaining() -> Decimal:
    """All that is in suspense: what the ledger's suspense account must hold."""
    rows = UnmatchedMoney.objects.filter(remaining__gt=0)
    return Decimal(rows.aggregate(t=Sum("remaining"))["t"] or ZERO)
