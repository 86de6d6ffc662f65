"""How long a night waits for the core in all, beyond the time of its answers."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from kuaidai.lending.servicing.gateway import wire


@dataclass
class Patience:
    """Seconds that may still be spent on silence and on work the core has only accepted."""

    left_s: float = math.inf

    def bounded(self, timeout_s: float) -> float:
        """A call's time-out: what is left, but never less than a single order has."""
        return max(wire.TIMEOUT_S, min(timeout_s, self.left_s))

    def spend_since(self, began: float) -> float:
        """Take the time since `began` (monotonic) from what is left; how much is left then."""
        self.left_s = max(0.0, self.left_s - (time.monotonic() - began))
        return self.left_s

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The time within is taken from what is left."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.spend_since(began)


_PATIENCE: ContextVar[Patience] = ContextVar("patience")


def patience() -> Patience:
    """That of the night that runs here; elsewhere it has no end, but every batch's own bound."""
    return _PATIENCE.get(Patience())


def wait_at_most(seconds: float) -> None:
    """From now on this process, or thread, waits no longer than that in all."""
    _PATIENCE.set(Patience(seconds))


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Within the block no more than so many seconds are waited in all."""
    token = _PATIENCE.set(Patience(seconds))
    try:
        yield
    finally:
        _PATIENCE.reset(token)
