"""Prepare the demo bank: simulate, load, model, publish. Done once per data folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Step = Callable[[str], None]

STAFF = (
    ("risk", "risk_officer"),
    ("manager", "account_manager"),
    ("modeller", "modeller"),
    ("clerk", "operations"),
)
POLICY = "credit-quick-loan"


@dataclass(frozen=True)
class DemoBank:
    """What the demo prints and the journey needs: logins, cast and the business date."""

    business_date: str
    staff: dict[str, str]
    cast: dict[str, Any]
    scorecard: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write it as JSON, readable by the owner of the folder only."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2), encoding="utf-8")
        path.chmod(0o600)

    @classmethod
    def load(cls, path: Path) -> DemoBank:
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def prepare(home: Path, *, firms: int, months: int, seed: int, on: date, step: Step) -> DemoBank:
    """Build the demo bank under `home`; `step` is told each stage's name before it begins.

    The history ends with the last whole month before `on`, which becomes the business date.
    """
    step("Creating the database")
    migrate()
    step(f"Simulating {firms} firms with {months} months of history")
    cast = _simulate(home / "drop", firms=firms, months=months, seed=seed, on=on)
    step("Loading the lake")
    lake = _load_lake(home)
    step("Registering customers and staff")
    staff = _register(home / "drop", on)
    step("Fitting the scorecard")
    scorecard = _fit(lake, home / "reports")
    step("Publishing scorecard and policy")
    _publish(scorecard, on)
    return DemoBank(on.isoformat(), staff, cast, scorecard["summary"])


def migrate() -> None:
    """Bring the database to this version's tables, quietly."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _simulate(drop: Path, *, firms: int, months: int, seed: int, on: date) -> dict[str, Any]:
    from kuaidai.simulator.emit import write_bank
    from kuaidai.simulator.plan import Plan

    ends_on = on.replace(day=1) - timedelta(days=1)
    plan = Plan(firms=firms, months=months, seed=seed, ends_on=ends_on)
    return write_bank(plan, drop).cast


def _load_lake(home: Path) -> Any:
    from kuaidai.interfaces.cli.lake import open_lake

    lake = open_lake(home / "lake")
    lake.ingest(home / "drop")
    return lake


def _register(drop: Path, on: date) -> dict[str, str]:
    from kuaidai.foundation import operations as foundation
    from kuaidai.foundation.actors import Actor
    from kuaidai.parties import operations as parties

    actor = Actor.system("demo")
    foundation.set_business_date(on=on, actor=actor)
    parties.import_customers(drop=drop, actor=actor, on=on)
    staff = {}
    for username, role in STAFF:
        password = secrets.token_urlsafe(9)
        foundation.register_staff(
            username=username, role=role, password=password, actor=actor, on=on
        )
        staff[username] = password
    return staff


def _fit(lake: Any, reports: Path) -> dict[str, Any]:
    from kuaidai.risk.scorecards.development import develop_application_card

    result = develop_application_card(lake)
    reports.mkdir(parents=True, exist_ok=True)
    report = reports / "application-card.html"
    result.validation.write_html_report(report)
    return {"result": result, "report": report, "summary": result.summary()}


def _publish(scorecard: dict[str, Any], on: date) -> None:
    from kuaidai.foundation.actors import Actor
    from kuaidai.risk.policy import operations as policy

    maker, checker = Actor("staff", "modeller", "modeller"), Actor("staff", "risk", "risk")
    policy.publish_scorecard(
        scorecard["result"].scorecard,
        report=scorecard["report"],
        maker=maker,
        checker=checker,
        on=on,
    )
    policy.publish_library_policy(POLICY, maker=maker, checker=checker, on=on)
