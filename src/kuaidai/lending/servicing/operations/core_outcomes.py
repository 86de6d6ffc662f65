"""What becomes of a drawdown whose payment was placed with the gateway as an order of its own."""

from __future__ import annotations

from kuaidai.foundation.actors import Actor
from kuaidai.lending.servicing.domain.core_orders import OrderView
from kuaidai.lending.servicing.gateway import takes_outcomes_of
from kuaidai.lending.servicing.operations.drawing import pay_out

DRAWDOWN = "drawdown"
"""The subject type; the subject's id is the order's key."""


@takes_outcomes_of(DRAWDOWN)
def take_drawdown(order: OrderView) -> None:
    """Make the loan that was paid out, or give the line back what was reserved.

    `pay_out` asks the gateway again, which has the outcome by now: nothing is sent.
    """
    pay_out(drawdown_id=order.subject_id, actor=Actor.system("payments"))
