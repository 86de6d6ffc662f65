"""Close chunks one after another here, or in several processes at once when there are many.

A chunk is one transaction with its own watermark, so it does not matter which process closes it, nor in
what order, nor whether two try: the second finds it closed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from typing import Any

from kuaidai.foundation.actors import Actor
from kuaidai.lending.servicing import gateway
from kuaidai.lending.servicing.errors import CloseProcessDied
from kuaidai.lending.servicing.operations.night.settling import chunks_to_close
from kuaidai.lending.servicing.processes import begin_process, close_one

CHUNKS_A_WORKER = 3
"""Fewer are not worth the start of another process."""

Progress = Callable[[int, int], None]


def close_chunks(on: date, actor: Actor, *, workers: int, progress: Progress | None) -> None:
    """Close every chunk on `on`; `progress` gets (chunks done, all chunks).

    Raises what a chunk raises, once those that are being closed have ended, and `CloseProcessDied`.
    """
    done = 0
    while chunks := chunks_to_close(on):  # again: a drawdown may have begun a chunk meanwhile
        for closed, _ in enumerate(_closing(chunks, on, actor, workers), start=1):
            if progress is not None:
                progress(done + closed, done + len(chunks))
        done += len(chunks)


def _closing(chunks: Sequence[int], on: date, actor: Actor, workers: int) -> Iterator[int]:
    processes = min(workers, len(chunks) // CHUNKS_A_WORKER)
    if processes < 2:
        for chunk_id in chunks:
            yield close_one(chunk_id, on, actor)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=begin_process, initargs=_surroundings()
    ) as pool:
        running = [pool.submit(close_one, chunk_id, on, actor) for chunk_id in chunks]
        try:
            for future in as_completed(running):
                yield future.result()
        except BrokenProcessPool as died:
            raise CloseProcessDied(value=on) from died
        finally:
            for future in running:
                future.cancel()


def _surroundings() -> tuple[dict[str, Any], Any, float]:
    """What a process must know of this one: its database, the platform's settings, and its patience.

    Processes wait at the same time: together no longer than this one would.
    """
    from django.conf import settings

    names = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "DATA_FOLDER")
    told, left_s = settings.DATABASES["default"], gateway.patience().left_s
    return {name: told[name] for name in names if name in told}, settings.KUAIDAI, left_s
