"""What an entry was for, as far as the bank says it in codes; `docs/bank-statements.md` prints the tables.

Codes are the ISO 20022 external code sets (bank transaction codes, purpose codes), the transaction
types of SWIFT MT940 field 61 and four business transaction codes of German banks' field 86.
"""

from __future__ import annotations

from kuaidai.data.lake.bank_statements.model import Entry

OTHER, RETURNED, OWN = "other", "returned", "transfer_own"

TRADE = ("GDDS", "GDSV", "SCVE", "SUPP", "TRAD", "IVPT")
"""Purpose codes of trade: sales where money comes in, purchases where it goes out."""

BY_PURPOSE_CODE = {
    "SALA": "payroll",
    "PAYR": "payroll",
    "BONU": "payroll",
    "TAXS": "tax",
    "VATX": "tax",
    "WHLD": "tax",
    "RENT": "rent",
    "ELEC": "utilities",
    "GASB": "utilities",
    "WTER": "utilities",
    "PHON": "utilities",
    "UBIL": "utilities",
    "LOAR": "loan_repayment",
    "INTC": OWN,
    "CASH": OWN,
}

LENDING = ("LDAS/FTLN", "LDAS/NTLN", "LDAS/MGLN", "LDAS/CSLN", "LDAS/SYDN")
"""Lending: what goes out repays, a drawdown (DDWN) that comes in is a loan."""
BY_FAMILY = {"CAMT/ACCB": OWN, "CAMT/CAPL": OWN}
MERCHANT_CARDS = "PMNT/MCRD"
"""Card payments of the firm's customers: sales where money comes in."""

BY_SUBFAMILY = {
    "CDPT": "cash",
    "CWDL": "cash",
    "FCDP": "cash",
    "FCWD": "cash",
    "BCDP": "cash",
    "BCWD": "cash",
    "SALA": "payroll",
    "TAXE": "tax",
    "RRTN": RETURNED,
    "RPCR": RETURNED,
    "RCDD": RETURNED,
    "PRDD": RETURNED,
    "UPDD": RETURNED,
    "UPCT": RETURNED,
    "UPCQ": RETURNED,
}

BY_MT940_TYPE = {
    "RTI": RETURNED,
    "CMS": OWN,
    "CMT": OWN,
    "CMZ": OWN,
}
"""By the last three letters of field 61's transaction type; LDP (loan, deposit) is by its direction."""

BY_GERMAN_CODE = {"082": "cash", "083": "cash", "109": RETURNED, "159": RETURNED}
"""By the three digits before field 86's subfields."""


def purpose_of(entry: Entry) -> str:
    """The purpose of an entry, one of the values that the contract of `transactions` allows.

    A reversal or return comes first, then the payer's purpose code, then the bank's codes. What none
    of them says is `other`: nothing is guessed from texts.
    """
    if entry.reversal:
        return RETURNED
    found = _by_purpose_code(entry) or _by_iso_code(entry) or _by_mt940(entry) or OTHER
    if found == "payroll" and entry.amount > 0:
        return OTHER  # wages that come in are no payroll of the firm
    return found


def _by_purpose_code(entry: Entry) -> str | None:
    code = entry.purpose_code.upper()
    if code in TRADE:
        return "sales" if entry.amount > 0 else "purchase"
    if code == "LOAN":
        return _lending(entry)
    return BY_PURPOSE_CODE.get(code)


def _by_iso_code(entry: Entry) -> str | None:
    family, _, subfamily = entry.code.rpartition("/")
    if family.count("/") != 1:
        return None  # not a code in three parts
    if family in LENDING:
        return _lending(entry) if entry.amount < 0 or subfamily == "DDWN" else OTHER
    if subfamily in BY_SUBFAMILY:
        return BY_SUBFAMILY[subfamily]
    if family == MERCHANT_CARDS and entry.amount > 0:
        return "sales"
    return BY_FAMILY.get(family)


def _by_mt940(entry: Entry) -> str | None:
    kind = entry.code[1:] if "/" not in entry.code else ""
    if kind == "LDP":
        return _lending(entry)
    return BY_MT940_TYPE.get(kind) or BY_GERMAN_CODE.get(entry.bank_code)


def _lending(entry: Entry) -> str:
    return "loan_in" if entry.amount > 0 else "loan_repayment"
