"""Which operation takes the outcome of an order, by the type of what the order is about."""

from __future__ import annotations

from collections.abc import Callable

from kuaidai.lending.servicing.domain.core_orders import OrderView

TakeOutcome = Callable[[OrderView], None]
_TAKERS: dict[str, TakeOutcome] = {}


def takes_outcomes_of(subject_type: str) -> Callable[[TakeOutcome], TakeOutcome]:
    """Register the function that takes outcomes of orders about `subject_type`.

    It is called once per order, in the transaction that marks the order applied: what it raises
    undoes both, and it is called again later.
    """

    def register(take: TakeOutcome) -> TakeOutcome:
        known = _TAKERS.setdefault(subject_type, take)
        if known is not take:
            raise ValueError(f"{subject_type} has somebody to take its outcomes already")
        return take

    return register


def taker_of(subject_type: str) -> TakeOutcome:
    """Who takes the outcomes of orders about `subject_type`. Raises `LookupError`."""
    if subject_type not in _TAKERS:
        raise LookupError(f"nobody takes the outcomes of orders about {subject_type!r}")
    return _TAKERS[subject_type]
