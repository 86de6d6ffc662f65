"""What a decision is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kuaidai.kernel.canonical import canonical_json

Value = float | int | str | bool | None
RECEIVED = "received"


@dataclass(frozen=True)
class DecisionFacts:
    """All that the policy may look at; nothing else influences a decision.

    `features` as `data.features.compute_online` gives them (a missing value is None). `reports` maps
    a source to its `status` and `payload_hash`. `existing_exposure` is what the firm owes and may
    still draw here, `product_cap` the product's highest limit, both in yuan. `group_total` bounds the
    firm, its owner and the firms linked to them together, and `group_exposure` is what they owe, may
    draw and are offered already; both None where no such group is known. `lpr` is the one-year loan
    prime rate as a fraction; None takes the policy's own table by `decided_on`.
    """

    product_code: str
    requested_amount: Decimal
    requested_months: int
    decided_on: date
    features: Mapping[str, Value]
    reports: Mapping[str, Mapping[str, str]]
    required_sources: tuple[str, ...]
    existing_exposure: Decimal
    product_cap: Decimal
    lpr: Decimal | None = None
    group_exposure: Decimal | None = None
    group_total: Decimal | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    """Further facts that only shadow policies read; empty as a rule."""

    @property
    def missing_sources(self) -> tuple[str, ...]:
        """Required sources without a received report, in the product's order."""
        return tuple(
            source
            for source in self.required_sources
            if self.reports.get(source, {}).get("status") != RECEIVED
        )

    def to_bytes(self) -> bytes:
        """The canonical form, from which `from_bytes` gives back equal facts."""
        return canonical_json(vars(self))

    @classmethod
    def from_bytes(cls, stored: bytes) -> DecisionFacts:
        """Read what `to_bytes` wrote; raises `ValueError`, `KeyError` or `TypeError` if it is not."""
        document: dict[str, Any] = json.loads(stored)

        def amount(name: str) -> Decimal | None:  # decisions of earlier versions know no group
            told = document.get(name)
            return None if told is None else Decimal(told)

        return cls(
            **{
                **document,
                "requested_amount": Decimal(document["requested_amount"]),
                "decided_on": date.fromisoformat(document["decided_on"]),
                "required_sources": tuple(document["required_sources"]),
                "existing_exposure": Decimal(document["existing_exposure"]),
                "product_cap": Decimal(document["product_cap"]),
                "lpr": amount("lpr"),
                "group_exposure": amount("group_exposure"),
                "group_total": amount("group_total"),
            }
        )
