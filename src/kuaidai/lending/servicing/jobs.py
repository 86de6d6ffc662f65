"""Background jobs of servicing: pursue payments whose outcome is not known yet."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from kuaidai.foundation.actors import Actor
from kuaidai.lending.servicing.errors import CoreUnavailable

_RETRY = RetryStrategy(
    max_attempts=20,
    exponential_wait=2,
    retry_exceptions={CoreUnavailable, OperationalError, InterfaceError},
)
"""A silent core and a database that broke off are tried again: the key makes that harmless."""
_SOON = RetryStrategy(
    max_attempts=3,
    wait=20,
    retry_exceptions={CoreUnavailable, OperationalError, InterfaceError},
)
"""For what the clock starts anyway: waiting longer would only keep the next start from the queue."""


@app.task(queue="payments", name="servicing.pay_out", retry=_RETRY)
def pay_out_drawdown(drawdown_id: str) -> None:
    """Pay a drawdown that is still pending."""
    from kuaidai.lending.servicing.operations import pay_out

    pay_out(drawdown_id=drawdown_id, actor=Actor.system("payments"))


@app.periodic(cron="* * * * *")
@app.task(queue="payments", name="servicing.pursue_drawdowns")
def pursue_drawdowns(timestamp: int) -> None:
    """Ask about the drawdowns whose payment is on its way: also those whose process died."""
    from kuaidai.lending.servicing import operations

    operations.pursue_drawdowns(actor=Actor.system("payments"))


@app.task(queue="payments", name="servicing.pursue_repayment", retry=_RETRY)
def pursue_repayment(repayment_id: str) -> None:
    """Collect a repayment that is still pending."""
    from kuaidai.lending.servicing.operations import collect_repayment

    collect_repayment(repayment_id=repayment_id, actor=Actor.system("payments"))


@app.task(queue="payments", name="servicing.send_order", retry=_RETRY)
def send_order(key: str) -> None:
    """Send an order to the bank core, or ask what became of it, and apply the outcome."""
    from kuaidai.lending.servicing import gateway, operations  # noqa: F401 - they take the outcomes

    gateway.send_order(key)


@app.periodic(cron="* * * * *")
@app.task(
    queue="payments", name="servicing.pursue_orders", retry=_SOON,
    lock="servicing.pursue_orders", queueing_lock="servicing.pursue_orders",
)  # fmt: skip
def pursue_orders(timestamp: int) -> None:
    """Send, ask for and apply the orders of the outbox that are due."""
    from kuaidai.lending.servicing import gateway, operations  # noqa: F401 - they take the outcomes

    gateway.pursue_orders()


@app.periodic(cron="*/15 * * * *")
@app.task(
    queue="payments", name="servicing.reconcile", retry=_SOON,
    lock="servicing.reconcile", queueing_lock="servicing.reconcile",
)  # fmt: skip
def reconcile_closed_days(timestamp: int) -> None:
    """Reconcile the days that were closed and not reconciled since.

    Asked every quarter of an hour because the business date, not the clock, says when a day is over.
    """
    from kuaidai.lending.servicing.operations.reconciling import reconcile_closed_days as reconcile

    reconcile(actor=Actor.system("servicing.reconcile"))
