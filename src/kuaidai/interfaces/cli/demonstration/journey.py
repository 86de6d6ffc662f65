"""The whole journey over HTTP, as a partner's channel would drive it: from login to early repayment."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

PRODUCT = "credit-quick-loan"
DECISION_TIMEOUT_S = 60.0
_DECIDED = {"approved", "referred", "declined", "offered", "active", "expired", "withdrawn"}


class JourneyFailed(RuntimeError):
    """A step of the journey did not go as it must; the text says which and what came back."""


@dataclass
class Journey:
    """An owner's session with the API at `web`, reading text messages at `sandbox`."""

    web: str
    sandbox: str
    phone: str
    token: str = ""

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Accept-Language": "en"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(12)
        response = httpx.request(
            method, f"{self.web}/api/v1{path}", json=body, headers=headers, timeout=30.0
        )
        if response.status_code >= 400:
            raise JourneyFailed(
                f"{method} {path}: HTTP {response.status_code} {response.text[:500]}"
            )
        if response.headers.get("content-type", "").startswith("application/json"):
            return response.json()
        return response.content

    def _code(self) -> str:
        """The newest one-time code sent to the phone."""
        answer = httpx.get(f"{self.sandbox}/sms/messages", params={"to": self.phone}, timeout=10.0)
        messages = answer.json()
        found = re.search(r"\b(\d{6})\b", messages[0]["text"]) if messages else None
        if found is None:
            raise JourneyFailed("no one-time code arrived")
        return found.group(1)

    def login(self) -> None:
        """Sign in with the phone and the code that comes by text message."""
        self._call("POST", "/login/code", {"phone": self.phone})
        self.token = self._call(
            "POST", "/login/token", {"phone": self.phone, "code": self._code()}
        )["token"]

    def apply(self, uscc: str, amount: str, months: int) -> dict[str, Any]:
        """Give every authorisation, apply, and wait for the decision; the application as decided."""
        texts = self._call("GET", f"/firms/{uscc}/authorisation-texts")
        kinds = [text["kind"] for text in texts if not text["live"]]
        if kinds:
            self._call("POST", f"/firms/{uscc}/authorisations", {"kinds": kinds})
        started = self._call("POST", "/applications", {"uscc": uscc, "product_code": PRODUCT})
        request = {"amount": amount, "months": months, "purpose": "raw_materials"}
        self._call("POST", f"/applications/{started['id']}/submission", request)
        return self._wait(started["id"])

    def _wait(self, application_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + DECISION_TIMEOUT_S
        while time.monotonic() < deadline:
            application: dict[str, Any] = self._call("GET", f"/applications/{application_id}")
            if application["status"] in _DECIDED:
                return application
            time.sleep(0.1)
        raise JourneyFailed(f"{application_id} was not decided in {DECISION_TIMEOUT_S:.0f} s")

    def sign(self, application_id: str, amount: str, months: int) -> dict[str, Any]:
        """Choose terms, sign the contract with a one-time code; the application as it is then."""
        terms = {"amount": amount, "months": months, "method": "equal_instalment"}
        self._call("POST", f"/applications/{application_id}/terms/preview", terms)
        self._call("PUT", f"/applications/{application_id}/terms", terms)
        self._call("POST", f"/applications/{application_id}/contract")
        self._call("POST", f"/applications/{application_id}/contract/code")
        self._call(
            "POST", f"/applications/{application_id}/contract/signature", {"code": self._code()}
        )
        application: dict[str, Any] = self._call("GET", f"/applications/{application_id}")
        return application

    def signatures_valid(self, application_id: str) -> bool:
        """Whether the contract carries two signatures and both verify."""
        checks = self._call("GET", f"/applications/{application_id}/contract/signatures")
        return len(checks) == 2 and all(check["valid"] for check in checks)

    def draw(self, facility_id: str, amount: str) -> dict[str, Any]:
        """Draw money; returns the drawdown once it is paid out."""
        body = {"amount": amount, "purpose": "raw_materials"}
        drawn: dict[str, Any] = self._call("POST", f"/facilities/{facility_id}/drawdowns", body)
        if drawn["status"] != "paid_out":
            raise JourneyFailed(f"the drawdown is {drawn['status']}: {drawn['reason']}")
        return drawn

    def repay(self, loan_id: str, amount: str) -> dict[str, Any]:
        """Repay part of a loan early; returns the loan afterwards."""
        repaid = self._call("POST", f"/loans/{loan_id}/repayments", {"amount": amount})
        if repaid["status"] != "settled":
            raise JourneyFailed(f"the repayment is {repaid['status']}: {repaid['reason']}")
        loan: dict[str, Any] = self._call("GET", f"/loans/{loan_id}")
        return loan

    def sources_collected(self, application_id: str) -> int:
        """How many platforms' reports were received."""
        reports = self._call("GET", f"/applications/{application_id}/reports")
        return sum(report["status"] == "received" for report in reports)


def drive(journey: Journey, uscc: str) -> dict[str, Any]:
    """The approved owner's whole journey; what happened, with amounts as strings."""
    journey.login()
    application = journey.apply(uscc, "200000.00", 12)
    if application["status"] != "approved":
        raise JourneyFailed(f"the application is {application['status']}, not approved")
    limit = Decimal(application["offer"]["limit"])
    amount = f"{min(limit, Decimal(200_000)):.2f}"
    signed = journey.sign(application["id"], amount, 12)
    valid = journey.signatures_valid(application["id"])
    drawn = journey.draw(signed["facility_id"], "50000.00")
    loan = journey.repay(drawn["loan_id"], "20000.00")
    return {
        "application_id": application["id"],
        "application_status": signed["status"],
        "decision_id": signed["decision_id"],
        "decision_ms": signed["decision_ms"],
        "sources_collected": journey.sources_collected(application["id"]),
        "limit": f"{limit:.2f}",
        "annual_rate": application["offer"]["annual_rate"],
        "contract_signatures_valid": valid,
        "drawn": drawn["amount"],
        "repaid": "20000.00",
        "outstanding": loan["outstanding"],
    }
