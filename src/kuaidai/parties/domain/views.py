"""What parties tell other rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class EnterpriseView:
    """A firm the bank knows."""

    uscc: str
    name: str
    kind: str
    industry_code: str
    province_code: str
    established_on: date


@dataclass(frozen=True)
class PersonView:
    """A person the bank knows. `resident_id` and `phone` are in clear: mask them before showing."""

    customer_no: str
    name: str
    resident_id: str
    phone: str
    birth_date: date
    username: str | None


@dataclass(frozen=True)
class AuthorisationView:
    """One consent: by whom, for which firm, of which kind, until when."""

    id: str
    kind: str
    uscc: str
    person_no: str
    text_version: str
    text_hash: str
    language: str
    purposes: tuple[str, ...]
    granted_at: datetime
    granted_on: date
    expires_on: date
    withdrawn_at: datetime | None
    channel: str

    def is_live(self, on: date) -> bool:
        """Whether it permits a new query on that day."""
        return self.withdrawn_at is None and self.granted_on <= on <= self.expires_on


@dataclass(frozen=True)
class ImportCounts:
    """What an import of customers did."""

    enterprises: int
    people: int
    links: int
