"""Write a bank to disk: its clusters side by side in processes, the whole folder at once or not at all."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from kuaidai.simulator.casting import demo_cast
from kuaidai.simulator.errors import DropNotWritten
from kuaidai.simulator.files import write_cluster
from kuaidai.simulator.plan import Cluster, Plan
from kuaidai.simulator.staging import MANIFEST, Staging, staged
from kuaidai.simulator.world import World, build_cluster


@dataclass(frozen=True)
class Progress:
    """How far the writing is: firms and transactions on disk."""

    firms: int
    transactions: int


@dataclass(frozen=True)
class Drop:
    """What was written: rows by dataset, the demo's cast, seconds, and bytes of memory at the peak."""

    rows: dict[str, int]
    cast: dict[str, Any]
    seconds: float
    peak_memory: int


@dataclass(frozen=True)
class _Part:
    """What a process says of a cluster it has written; `peak` is the most memory it ever held."""

    firms: int
    rows: dict[str, int]
    process: int
    peak: int


def write_drop(world: World, folder: Path) -> Drop:
    """Write a world that is a whole bank: `<dataset>.parquet`, `cast.json`, `drop.json` into `folder`.

    The truth goes to `<folder>-truth`; only tests and benchmarks may read it. The same world gives the
    same bytes. Raises as `write_bank`.
    """
    began = time.perf_counter()
    with _failures_named(folder), staged(folder) as staging:
        parts = [_written(world, staging, alone=True)]
        return _finished(world.plan, parts, staging, began)


def write_bank(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
) -> Drop:
    """Build and write all clusters of a plan, `workers` at a time, and put the whole into `folder`.

    A plan of one cluster gives the files of `write_drop`; of several, `<dataset>/part-<cluster>.parquet`.
    Memory is that of `workers` clusters, however many firms there are, and the bytes do not depend on
    `workers`. A folder that is a drop is replaced once the new one is whole. Raises `NotADrop` for
    a folder with anything else in it, `BeingWritten`, and `DropNotWritten` when the disk is full or a
    process dies; then nothing has changed.
    """
    began = time.perf_counter()
    clusters = plan.clusters()
    with _failures_named(folder), staged(folder) as staging:
        parts = []
        for part in _parts(plan, clusters, staging, workers):
            parts.append(part)
            if progress is not None:
                progress(
                    Progress(
                        sum(done.firms for done in parts),
                        sum(done.rows["transactions"] for done in parts),
                    )
                )
        return _finished(plan, parts, staging, began)


@contextmanager
def _failures_named(folder: Path) -> Iterator[None]:
    """A full disk or a process that died is a refusal in one line, not a traceback."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise DropNotWritten(value=folder, why=why) from error
    except BrokenProcessPool as error:
        why = "a process that was writing died, perhaps for want of memory; take fewer workers"
        raise DropNotWritten(value=folder, why=why) from error


def _parts(
    plan: Plan, clusters: tuple[Cluster, ...], staging: Staging, workers: int
) -> Iterator[_Part]:
    if workers == 1 or len(clusters) == 1:
        for cluster in clusters:
            yield _build(plan, cluster, staging, alone=len(clusters) == 1)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_settle_in) as pool:
        try:
            tasks = [
                pool.submit(_build, plan, cluster, staging, alone=False) for cluster in clusters
            ]
            for done in as_completed(tasks):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _settle_in() -> None:
    """One core a process; the parent answers Ctrl-C, and a process does not outlive its parent."""
    pa.set_cpu_count(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()


def _leave_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _build(plan: Plan, cluster: Cluster, staging: Staging, *, alone: bool) -> _Part:
    return _written(build_cluster(plan, cluster), staging, alone=alone)


def _written(world: World, staging: Staging, *, alone: bool) -> _Part:
    rows = write_cluster(world, staging.drop, staging.truth, alone=alone)
    return _Part(world.firms.count, rows, os.getpid(), _peak_memory())


def _peak_memory() -> int:
    """Bytes this process held at most."""
    status = Path("/proc/self/status")
    if status.exists():  # a child's `ru_maxrss` begins with the peak of the process that forked it
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _finished(plan: Plan, parts: list[_Part], staging: Staging, began: float) -> Drop:
    """Choose the cast and write the manifest, the last thing a drop needs."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part.rows)
    rows = {name: total[name] for name in parts[0].rows}
    cast = demo_cast(staging.drop, plan.ends_on)
    manifest = {
        "firms": plan.firms,
        "months": plan.months,
        "seed": plan.seed,
        "ends_on": plan.ends_on.isoformat(),
        "shocks": [str(shock) for shock in plan.shocks],
        "rows": rows,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    for folder in (staging.truth, staging.drop):
        (folder / MANIFEST).write_text(text, encoding="utf-8")
    peaks = {part.process: part.peak for part in sorted(parts, key=lambda part: part.peak)}
    peaks[os.getpid()] = _peak_memory()
    return Drop(rows, cast, time.perf_counter() - began, sum(peaks.values()))
