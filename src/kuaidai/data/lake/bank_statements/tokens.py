"""Keyed tokens in the place of account numbers and names: the same text always gives the same token."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from kuaidai.data.lake.bank_statements.model import Party


@dataclass(frozen=True)
class Tokens:
    """Tokens under a key, which is the installation's; without the key nobody can tell what they stand for."""

    key: bytes

    def account(self, number: str) -> str:
        """The token of an account at another bank; spaces and case make no difference."""
        return f"EXT-{self._hash('account', plain_number(number))}"

    def party(self, party: Party) -> str | None:
        """The token of a counterparty by its account number, else by its name; None where it has neither."""
        if party.account:
            return self.account(party.account)
        if party.name:
            return f"CP-{self._hash('name', plain_number(party.name))}"
        return None

    def transaction(self, *facts: str) -> str:
        """The number of a transaction that shows these facts."""
        return f"EXT-{self._hash('transaction', *facts)}"

    def _hash(self, kind: str, *texts: str) -> str:
        content = b"".join(
            len(data).to_bytes(4, "big") + data
            for text in (kind, *texts)
            for data in [text.encode()]
        )
        key = hashlib.sha256(b"bank-statements" + self.key).digest()
        return hmac.new(key, content, hashlib.sha256).hexdigest()[:32]


def plain_number(text: str) -> str:
    """An account number or name without spaces, in capitals."""
    return "".join(text.split()).upper()
