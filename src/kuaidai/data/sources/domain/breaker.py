"""A circuit breaker: after repeated failures a platform is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class CircuitBreaker:
    """Open after `failures_to_open` failures in a row; one trial call after `rest_s` seconds."""

    failures_to_open: int = 5
    rest_s: float = 10.0
    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _opened_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def allows(self) -> bool:
        """Whether a call may be tried now."""
        with self._lock:
            if self._failures < self.failures_to_open:
                return True
            if self.clock() - self._opened_at >= self.rest_s:
                self._opened_at = self.clock()  # this caller tries; the others wait another rest
                return True
            return False

    def succeeded(self) -> None:
        """A call worked: close the circuit."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """A call failed: count it, and open the circuit at the limit."""
        with self._lock:
            self._failures += 1
            if self._failures >= self.failures_to_open:
                self._opened_at = self.clock()
