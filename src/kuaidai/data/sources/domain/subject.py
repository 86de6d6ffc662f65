"""Who a platform is asked about, and what permits the question."""

from __future__ import annotations

from dataclasses import dataclass

from kuaidai.parties.domain.authorisations import AuthorisationKind


@dataclass(frozen=True)
class Subject:
    """A firm and the owner who applies for it. `resident_id` is in clear: never log a subject."""

    uscc: str
    enterprise_name: str
    person_no: str
    person_name: str
    resident_id: str

    def __repr__(self) -> str:
        return f"Subject({self.uscc}, {self.person_no})"


AUTHORISATION_FOR: dict[str, AuthorisationKind] = {
    "registry": AuthorisationKind.REGISTRY_AND_COURTS,
    "courts": AuthorisationKind.REGISTRY_AND_COURTS,
    "tax": AuthorisationKind.TAX,
    "bureau_enterprise": AuthorisationKind.ENTERPRISE_BUREAU,
    "bureau_owner": AuthorisationKind.PERSONAL_BUREAU,
    "bank_core": AuthorisationKind.BANK_RELATIONS,
    "customs": AuthorisationKind.TRADE_PLATFORMS,
    "core_enterprise": AuthorisationKind.TRADE_PLATFORMS,
    "procurement": AuthorisationKind.TRADE_PLATFORMS,
    "social_insurance": AuthorisationKind.TRADE_PLATFORMS,
    "utilities": AuthorisationKind.TRADE_PLATFORMS,
}
"""The authorisation a query of each platform needs."""

PATH_OF: dict[str, str] = {
    source: f"/{source.replace('_', '-')}/reports" for source in AUTHORISATION_FOR
}
"""Where each platform answers report queries, below the platforms' base address."""
