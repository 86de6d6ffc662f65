"""Try parked loans again without waiting for the night: catch up with their chunk, or say why not."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import InterfaceError, OperationalError, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.errors import Refusal
from kuaidai.lending.servicing.domain.views import RetryReport
from kuaidai.lending.servicing.models import Loan
from kuaidai.lending.servicing.operations.projection import (
    catch_up,
    hold_loan,
    posting_day,
    running,
    store,
)

log = structlog.get_logger("kuaidai.close_of_day")
_MOST = 1000


def retry_parked(*, actor: Actor, loan_ids: Sequence[str] = ()) -> RetryReport:
    """Run the parked loans (all, 1,000 at the most, or those named) up to where their chunk stands.

    What is due of them is debited by the next night. One that fails stays parked with its new reason
    and stops no other; one that is not parked is left alone. Raises `UnknownLoan`.
    """
    wanted = list(dict.fromkeys(loan_ids))
    if not wanted:
        parked = Loan.objects.filter(status="active", parked_on__isnull=False)
        wanted = list(parked.order_by("id").values_list("id", flat=True)[:_MOST])
    mended, left = [], []
    for loan_id in wanted:
        try:
            if _retry(loan_id, actor):
                mended.append(loan_id)
        except (OperationalError, InterfaceError, Refusal):
            raise  # the database is gone, or there is no such loan
        except Exception as error:  # the loan's own fault: it stays parked, and the others go on
            log.error("loan stays parked", loan=loan_id, error=type(error).__name__, exc_info=True)
            why = f"{type(error).__name__}: {error}"
            Loan.objects.filter(id=loan_id).update(parked_reason=why[:2000])
            left.append((loan_id, why))
    return RetryReport(tuple(mended), tuple(left))


@transaction.atomic
def _retry(loan_id: str, actor: Actor) -> bool:
    held = hold_loan(loan_id)
    row, since = held.row, held.row.parked_on
    if since is None:
        return False
    book_on = posting_day(held.closed_through)
    run = running(row)
    catch_up(held, run, book_on)
    store(row, run)
    record_audit(
        actor=actor, action="loan.caught_up", subject_type="loan", subject_id=loan_id, on=book_on,
        detail={"parked_on": since, "through": row.accrued_through},
    )  # fmt: skip
    return True
