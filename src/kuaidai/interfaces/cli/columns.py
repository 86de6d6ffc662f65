"""Plain columns for the terminal and for pipes: never cut, numbers to the right."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

_NUMBER = re.compile(r"^-?[\d,]+(\.\d+)?$")


def columns(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows under their headers, as wide as they need to be.

    >>> print(columns(["no", "total"], [["1", "1,050.00"], ["2", "50.00"]]))
    no     total
     1  1,050.00
     2     50.00
    """
    numeric = [
        bool(rows) and all(_NUMBER.match(row[at]) or not row[at] for row in rows)
        for at in range(len(headers))
    ]
    lines = [headers, *rows]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(headers))]
    return "\n".join(
        "  ".join(
            " " * (width - cell_len(cell)) + cell
            if right
            else cell + " " * (width - cell_len(cell))
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )
