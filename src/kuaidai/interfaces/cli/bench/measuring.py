"""Seconds and peak memory of a piece of work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

_SAMPLED_EVERY = 0.05


@dataclass
class Measure:
    """Filled in when the work is over: wall seconds, and the most memory this process and its children held."""

    seconds: float = 0.0
    peak_bytes: int = 0
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    def watch(self) -> None:
        """Sample the memory until the work is over."""
        me = psutil.Process()
        while not self._over.wait(_SAMPLED_EVERY):
            self.peak_bytes = max(self.peak_bytes, _resident(me))

    def finish(self, seconds: float) -> None:
        """Stop sampling."""
        self._over.set()
        self.seconds = seconds


@contextmanager
def measured() -> Iterator[Measure]:
    """Measure what happens inside."""
    measure = Measure()
    watcher = threading.Thread(target=measure.watch, daemon=True)
    watcher.start()
    began = time.perf_counter()
    try:
        yield measure
    finally:
        measure.finish(time.perf_counter() - began)
        watcher.join()


def _resident(process: psutil.Process) -> int:
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
