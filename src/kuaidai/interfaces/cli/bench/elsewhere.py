"""Work in a process of its own: its memory alone is measured, and nothing tunes the linear algebra in it."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

import pyarrow as pa

Given = ParamSpec("Given")
Done = TypeVar("Done")
_TUNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@contextmanager
def plain_environment() -> Iterator[None]:
    """Processes started inside read no variable that tunes OpenBLAS to one machine."""
    held = {name: os.environ.pop(name) for name in _TUNING if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(held)


def elsewhere(work: Callable[Given, Done], *args: Given.args, **kwargs: Given.kwargs) -> Done:
    """The result of `work`, a function of a module, done in a fresh process. Raises what it raises."""
    with plain_environment(), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def limit_memory(size: int) -> None:
    """Let the kernel refuse this process more than `size` bytes of private memory from now on.

    Counted is what is writable and the process's own, touched or not (`RLIMIT_DATA`): more than what of it
    is resident. Files that are read stay in the page cache, which the kernel takes back at need. Arrow is
    told to ask for memory as it needs it: its usual allocator reserves a GiB at once.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
