"""Who does something: the name that stands in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Actor:
    """A person (borrower), a member of staff, a partner's system, or the platform itself.

    `id` is a customer number, user name or job name, never a personal identifier.
    """

    kind: Literal["person", "staff", "partner", "system"]
    id: str
    name: str

    @classmethod
    def system(cls, name: str) -> Actor:
        """The platform's own job called `name`."""
        return cls("system", name, name)
