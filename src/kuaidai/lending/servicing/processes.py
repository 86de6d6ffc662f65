"""What a process of the night runs. It stands apart, for it is read before Django is set up."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Thread
from typing import Any

from kuaidai.foundation.actors import Actor


def begin_process(database: dict[str, Any], environment: Any, waits_s: float) -> None:
    """Set Django up on the database and with the settings of the process that began this one.

    It waits for the core `waits_s` seconds in all.
    """
    import django
    from django.conf import settings

    Thread(target=_end_with_the_parent, daemon=True).start()
    settings.DATABASES["default"].update(database)
    settings.KUAIDAI = environment
    django.setup()
    from kuaidai.lending.servicing import gateway

    gateway.wait_at_most(waits_s)


def _end_with_the_parent() -> None:
    """A run that is gone must close no more chunks: another may have begun."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def cycles_not_looked_for() -> Iterator[None]:
    """Leave Python's search for cyclic garbage off for a while.

    A chunk's loans are some hundred thousand objects that live until it is closed, none of them in a
    cycle; going through them again and again was 40 % of a night's processor time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def close_one(chunk_id: int, on: date, actor: Actor) -> int:
    """Ask for what is due of a chunk's loans, then close it; its number."""
    from kuaidai.lending.servicing.operations.night.asking import ask_for_what_is_due
    from kuaidai.lending.servicing.operations.night.settling import close_chunk

    with cycles_not_looked_for():
        ready = ask_for_what_is_due(chunk_id, on)
        close_chunk(chunk_id, on, actor, ready)
    return chunk_id
