"""Figures of a benchmark as text."""

from __future__ import annotations


def cell(value: object) -> str:
    """A number with thousands separated; `no limit` for none.

    >>> cell(1234567), cell(None), cell(True)
    ('1,234,567', 'no limit', 'True')
    """
    if value is None:
        return "no limit"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
