"""The sandbox's bank core in a process of its own, for benchmarks of the night."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from kuaidai.config.environment import Environment

_WORLD_ENDS = date(2026, 6, 15)
_KEY = "bench"
_FUNDS = 1_000_000_00


@contextmanager
def running_core(work: Path, lines: int, late: frozenset[int]) -> Iterator[Environment]:
    """The core on a free port, and the settings pointed at it; accounts of lines in arrears are empty."""
    from django.conf import settings

    from kuaidai.lending.servicing.benchmarking.book import account_of

    opening = [
        (account_of(line), f"BENCH{line:013d}", 0 if line in late else _FUNDS)
        for line in range(lines)
    ]
    context = multiprocessing.get_context("spawn")
    ready: Any = context.Queue()
    core = context.Process(target=_serve_core, args=(work, opening, ready), daemon=True)
    core.start()
    try:
        url = f"http://127.0.0.1:{ready.get(timeout=300)}"
        settings.KUAIDAI = replace(settings.KUAIDAI, platform_url=url, platform_key=_KEY)
        yield settings.KUAIDAI
    finally:
        core.terminate()
        core.join()


def _serve_core(work: Path, opening: list[tuple[str, str, int]], ready: Any) -> None:
    from kuaidai.simulator.emit import write_drop
    from kuaidai.simulator.sandbox.app import Sandbox
    from kuaidai.simulator.sandbox.archive import Archive
    from kuaidai.simulator.sandbox.bank_core import BankCore
    from kuaidai.simulator.sandbox.faults import Faults
    from kuaidai.simulator.sandbox.server import listen
    from kuaidai.simulator.world import build_world

    drop = work / "drop"
    write_drop(build_world(firms=60, months=24, seed=3, ends_on=_WORLD_ENDS), drop)
    bank = BankCore(work / "core.sqlite", opening)
    server = listen(Sandbox(Archive(drop), bank, _KEY, Faults(), 0), host="127.0.0.1", port=0)
    ready.put(server.server_address[1])
    server.serve_forever()
