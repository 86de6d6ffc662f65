"""Entries to post, and views of what was posted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kuaidai.kernel.money import ZERO

HEAD = "HEAD"
"""The branch and the product of whatever belongs to none: the head office, the book as a whole."""


@dataclass(frozen=True)
class Line:
    """One side of an entry: an account and a debit or a credit."""

    account: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO


@dataclass(frozen=True)
class NewEntry:
    """An entry to post on the book day `on`; `key` makes posting it twice impossible.

    `source_type` and `source_id` name what caused it, such as a loan and its number.
    """

    key: str
    on: date
    description: str
    source_type: str
    source_id: str
    lines: tuple[Line, ...]
    branch: str = HEAD
    product_code: str = HEAD


@dataclass(frozen=True)
class PostedCount:
    """What a bulk posting did: entries written, and entries that had been posted before."""

    posted: int
    known: int


@dataclass(frozen=True)
class PostingView:
    """A posted line with its account's titles."""

    account: str
    title_en: str
    title_zh: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True)
class EntryView:
    """A posted journal entry."""

    id: int
    on: date
    description: str
    source_type: str
    source_id: str
    postings: tuple[PostingView, ...]
    branch: str = HEAD
    product_code: str = HEAD
    key: str = ""


@dataclass(frozen=True)
class EntryPage:
    """A page of entries, newest first; `more` says whether older ones follow.

    `before` is the number to ask the next page with.
    """

    entries: tuple[EntryView, ...]
    more: bool
    before: int | None
