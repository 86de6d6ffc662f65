"""Documents as files: PDF by typst, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

from kuaidai.kernel.typesetting import typeset
from kuaidai.lending.servicing.statements.documents import Cell, Document

_TEMPLATE = Path(__file__).parent / "statement.typ"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"


def pdf_file(document: Document) -> bytes:
    """The document as PDF, A4, pages numbered."""
    return typeset(
        _TEMPLATE,
        {
            "title": document.title,
            "language": document.language[:2],
            "facts": [[label, _shown(value)] for label, value in document.facts],
            "heads": list(document.heads),
            "rows": [[_shown(cell) for cell in row] for row in document.rows],
            "strong": sorted(document.strong),
            "texts": document.text_columns,
            "notes": list(document.notes),
        },
    )


def _shown(value: Cell) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}".replace("-", "−")
    return value.isoformat() if isinstance(value, date) else value


def csv_file(document: Document) -> bytes:
    """The document as CSV, UTF-8 with a byte order mark, so that Excel reads Chinese.

    Amounts and days are written plain. A text that a spreadsheet would take for a formula (OWASP, CSV
    injection) gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_safe(document.title)])
    writer.writerows([_safe(label), _plain(value)] for label, value in document.facts)
    writer.writerow([])
    writer.writerow(map(_safe, document.heads))
    writer.writerows([_plain(cell) for cell in row] for row in document.rows)
    writer.writerow([])
    writer.writerows([_safe(note)] for note in document.notes)
    return (_BOM + out.getvalue()).encode()


def _plain(value: Cell) -> str:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else _safe(value)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
