"""Ask the firms' accounts for what is due: one batch of debits a chunk, each order with its own key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256

from django.db import transaction
from django.db.models import Q, QuerySet

from kuaidai.kernel.money import from_cents
from kuaidai.lending.servicing import gateway
from kuaidai.lending.servicing.domain.projecting import due_for_debit
from kuaidai.lending.servicing.models import LoanChunk, Repayment
from kuaidai.lending.servicing.operations.night.work import Ready, Work, run_to_day, touched
from kuaidai.lending.servicing.operations.projection import with_lives_locked
from kuaidai.lending.servicing.operations.repaying import DUE, order_of


def number_of(loan_id: str, on: date) -> str:
    """The number of a night's debit, which is the bank core's key."""
    return f"EOD-{loan_id}-{on:%Y%m%d}"


def ask_for_what_is_due(chunk_id: int, on: date) -> Ready:
    """Debit what is due of a chunk's loans as far as their accounts reach; the loans as they were run.

    Outcomes are kept with the orders. An order the core does not answer for stays unknown and is
    resolved later, by its key; a loan with a repayment on its way is not asked again.
    """
    requests, works = _orders(chunk_id, on)
    for batch in _batches(requests):
        gateway.debit_batch(_batch_key(f"{chunk_id}", on, batch), batch)
    return {work.row.id: work for work in works}


@transaction.atomic
def _orders(chunk_id: int, on: date) -> tuple[list[gateway.OrderRequest], Sequence[Work]]:
    """The debits to ask for, with the loans locked: what a borrower pays meanwhile is not asked twice."""
    chunk = LoanChunk.objects.get(id=chunk_id)
    rows = with_lives_locked(touched(chunk_id, on).select_related("facility"))
    tonight = run_to_day(rows.order_by("id"), chunk.closed_through, on)
    accounts = {work.row.id: work.row.facility.account_no for work in tonight.works}
    repayments = _open_repayments(tonight.works, on)
    return [order_of(row, accounts[row.loan_id]) for row in repayments], tonight.works


def _open_repayments(works: Sequence[Work], on: date) -> list[Repayment]:
    """A pending repayment for each loan with something due, unless one is on its way already."""
    wanted = [
        Repayment(
            id=number_of(work.row.id, on),
            loan_id=work.row.id,
            kind=DUE,
            amount=from_cents(due),
            requested_on=on,
        )
        for work in works
        if (due := due_for_debit(work.run, on)) > 0
    ]
    Repayment.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=5000)
    numbers = [row.id for row in wanted]
    return list(Repayment.objects.filter(id__in=numbers, status="pending").order_by("id"))


def _batches(
    requests: Sequence[gateway.OrderRequest],
) -> Iterator[Sequence[gateway.OrderRequest]]:
    for start in range(0, len(requests), gateway.MOST_IN_BATCH):
        yield requests[start : start + gateway.MOST_IN_BATCH]


def _batch_key(name: str, on: date, requests: Sequence[gateway.OrderRequest]) -> str:
    """The same orders make the same batch, so that a run that goes on sends it again unharmed."""
    told = sha256("\n".join(request.key for request in requests).encode()).hexdigest()
    return f"EOD-{on:%Y%m%d}-{name}-{told[:12]}"


def ask_again(on: date) -> list[str]:
    """Ask what became of the debits of the nights before `on`; the numbers of those it is known of.

    In batches: the core gives the order it knows its first answer, whichever batch it comes in. Those it
    does not answer for are left to the gateway's job.
    """
    heard, last = list[str](), ("", date.min)
    waiting = Repayment.objects.filter(kind=DUE, status="pending", requested_on__lt=on)
    waiting = waiting.select_related("loan__facility").order_by("requested_on", "id")
    while rows := list(_after(waiting, last)[: gateway.MOST_IN_BATCH]):
        last = rows[-1].id, rows[-1].requested_on
        requests = [order_of(row, row.loan.facility.account_no) for row in rows]
        views = gateway.debit_batch(_batch_key("again", on, requests), requests)
        heard += [view.key for view in views if view.is_final]
    return heard


def _after(waiting: QuerySet[Repayment], last: tuple[str, date]) -> QuerySet[Repayment]:
    number, day = last
    return waiting.filter(Q(requested_on__gt=day) | Q(requested_on=day, id__gt=number))


def pending_of(chunk_id: int, on: date) -> Mapping[str, Repayment]:
    """The night's repayments of a chunk whose outcome was not applied yet, by number."""
    rows = Repayment.objects.filter(
        loan__chunk_id=chunk_id, requested_on=on, kind=DUE, status="pending"
    )
    return {row.id: row for row in rows}
