"""Bank statements of firms' accounts at other banks: ISO 20022 camt.053 and SWIFT MT940."""

from kuaidai.data.lake.bank_statements.model import (
    Balance,
    Entry,
    Party,
    Statement,
    StatementFormat,
)
from kuaidai.data.lake.bank_statements.reading import is_statement_file, read_statements

__all__ = [
    "Balance",
    "Entry",
    "Party",
    "Statement",
    "StatementFormat",
    "is_statement_file",
    "read_statements",
]
