"""Statements and schedules as documents: PDF and CSV, in Chinese or English."""

from kuaidai.lending.servicing.statements.documents import (
    Document,
    facility_document,
    schedule_document,
    statement_document,
)
from kuaidai.lending.servicing.statements.files import csv_file, pdf_file

__all__ = [
    "Document", "csv_file", "facility_document", "pdf_file", "schedule_document",
    "statement_document",
]  # fmt: skip
