"""Work in several threads at once, each with a database connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    """The results (or the exceptions raised) of `work(0..times-1)`, all begun together."""
    gate = threading.Barrier(times)

    def run(number: int) -> Any:
        try:
            gate.wait(timeout=10)
            return work(number)
        except Exception as error:  # the test looks at what was raised
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def until_somebody_waits() -> None:
    """Return once another connection waits for a lock; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for a lock")
