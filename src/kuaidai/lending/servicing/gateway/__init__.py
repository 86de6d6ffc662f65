"""The gateway to the bank core: an outbox of orders with keys of ours, and the core's statements.

What the parts do: `outbox` places, sends and applies orders; `wire` and `batches` speak with the core,
with so much `patience`; `subjects` says who takes an outcome; `statements` reads the core's side for
reconciliation.
"""

from kuaidai.lending.servicing.domain.core_orders import (
    Movement,
    OrderKind,
    OrderRequest,
    OrderState,
    OrderView,
)
from kuaidai.lending.servicing.gateway.accounts import accounts, entries
from kuaidai.lending.servicing.gateway.batches import MOST_IN_BATCH
from kuaidai.lending.servicing.gateway.outbox import (
    apply_outcome,
    claim_outcomes,
    debit_batch,
    hold,
    locked_outcomes,
    place_order,
    place_orders,
    pursue_orders,
    release,
    send_order,
    settle_now,
)
from kuaidai.lending.servicing.gateway.patience import patience, wait_at_most, waiting_at_most
from kuaidai.lending.servicing.gateway.statements import Statement, statement
from kuaidai.lending.servicing.gateway.subjects import takes_outcomes_of

__all__ = [
    "MOST_IN_BATCH",
    "Movement",
    "OrderKind",
    "OrderRequest",
    "OrderState",
    "OrderView",
    "Statement",
    "accounts",
    "apply_outcome",
    "claim_outcomes",
    "debit_batch",
    "entries",
    "hold",
    "locked_outcomes",
    "patience",
    "place_order",
    "place_orders",
    "pursue_orders",
    "release",
    "send_order",
    "settle_now",
    "statement",
    "takes_outcomes_of",
    "wait_at_most",
    "waiting_at_most",
]
