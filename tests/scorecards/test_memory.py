"""Sizes are read, and a plan keeps a fit within what it is given."""

from dataclasses import dataclass

import pytest

from kuaidai.risk.scorecards.engine.memory import (
    MOST_SAMPLED,
    MemoryPlan,
    in_units,
    parse_size,
    plan_memory,
)
from kuaidai.risk.scorecards.errors import BadSetting, MemoryTooSmall

GIB = 1 << 30


@dataclass(frozen=True)
class Sized:
    """Rows of which only the sizes are asked."""

    sizes: tuple[int, ...]
    names: tuple[str, ...] = ()

    def read(self, part, columns):
        raise AssertionError("a plan reads nothing")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GiB", 2 * GIB),
        (" 1.5 gib ", GIB * 3 // 2),
        ("500MB", 500_000_000),
        ("1TiB", 1 << 40),
        ("1048576", 1 << 20),
    ],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GiB", "2 giblets", "0GiB", "1e9", "2GiB 3", "∞"])
def test_nonsense_is_refused(text):
    with pytest.raises(BadSetting, match=r"memory is .*a size such as 2GiB"):
        parse_size(text)


def test_a_hundred_million_rows_in_two_gibibytes_leave_their_codes_on_disk():
    rows = Sized((250_000,) * 400)

    plan = plan_memory(rows, 21, limit=2 * GIB, threads=2)

    assert plan == MemoryPlan(threads=2, codes_on_disk=True, sample_rows=MOST_SAMPLED)


def test_room_enough_keeps_everything_in_memory():
    plan = plan_memory(Sized((250_000,) * 400), 21, limit=16 * GIB, threads=2)

    assert plan == MemoryPlan(threads=2, codes_on_disk=False, sample_rows=MOST_SAMPLED)


def test_little_room_means_one_thread_and_a_smaller_start():
    plan = plan_memory(Sized((250_000,) * 400), 21, limit=GIB, threads=8)

    assert plan.threads == 1
    assert plan.codes_on_disk
    assert plan.sample_rows < 3_000_000


def test_a_part_that_does_not_fit_is_said_in_sizes():
    with pytest.raises(MemoryTooSmall, match=r"needs ≥ .* of memory and was given 1 GiB"):
        plan_memory(Sized((10_000_000,)), 21, limit=GIB, threads=2)


def test_sizes_are_shown_whole():
    assert in_units(2 * GIB) == "2 GiB"
    assert in_units(GIB + 1) == "1025 MiB"
