"""How a fit keeps within a given memory: fewer threads, codes on disk, smaller parts to start from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kuaidai.risk.scorecards.engine.rows import Rows
from kuaidai.risk.scorecards.errors import BadSetting, MemoryTooSmall

_UNITS = {
    "": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
    "TIB": 1 << 40,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B)?", re.IGNORECASE)
_PROCESS = 768 << 20
"""The interpreter with its libraries (0.3 GiB resident when measured), the pilot, tables of counts."""
_CELL = 32
"""Bytes a value takes while its part is read and coded: decompressed, decoded, and as a code."""
MOST_SAMPLED = 10_000_000


@dataclass(frozen=True)
class MemoryPlan:
    """Threads to read with, where the codes lie, and the most rows a regression may start from."""

    threads: int
    codes_on_disk: bool
    sample_rows: int


def parse_size(text: str) -> int:
    """Bytes of a size such as `2GiB`, `500 MB` or `1073741824`; raises `BadSetting`.

    >>> parse_size("1.5GiB"), parse_size("2 mb")
    (1610612736, 2000000)
    """
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[(found[2] or "").upper()]) if found else 0
    if not size:
        raise BadSetting(name="memory", value=text or "empty", rule="a size such as 2GiB or 500MB")
    return size


def plan_memory(rows: Rows, columns: int, *, limit: int, threads: int) -> MemoryPlan:
    """A plan to fit so many columns (features, target, weight) of `rows` within `limit` bytes.

    A part (row group) is read whole, so the largest says what a thread needs. Raises `MemoryTooSmall`.
    """
    part = max(rows.sizes, default=0) * columns * _CELL
    free = limit - _PROCESS
    if free < part:
        raise MemoryTooSmall(least=f"≥ {in_units(_PROCESS + part)}", given=in_units(limit))
    several = max(1, min(threads, free // (2 * part) if part else threads))
    left = free - several * part
    codes = sum(rows.sizes) * columns
    on_disk = codes > left // 2
    spare = left if on_disk else left - codes
    return MemoryPlan(several, on_disk, min(MOST_SAMPLED, spare // (2 * columns)))


def in_units(size: int) -> str:
    """Bytes for a person, rounded up to a whole MiB.

    >>> in_units(2 << 30), in_units(700 << 20)
    ('2 GiB', '700 MiB')
    """
    mebibytes = -(-size // (1 << 20))
    return f"{mebibytes // 1024} GiB" if mebibytes % 1024 == 0 else f"{mebibytes} MiB"
