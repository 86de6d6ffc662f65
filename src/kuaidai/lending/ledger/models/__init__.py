"""Tables of the ledger; triggers in the database see to what no code may break."""

from kuaidai.lending.ledger.models.general_ledger import ClosedDay, GeneralLedgerDay
from kuaidai.lending.ledger.models.journal import JournalEntry, Posting
from kuaidai.lending.ledger.models.suspense import UnmatchedMoney, UnmatchedUse

__all__ = [
    "ClosedDay",
    "GeneralLedgerDay",
    "JournalEntry",
    "Posting",
    "UnmatchedMoney",
    "UnmatchedUse",
]
