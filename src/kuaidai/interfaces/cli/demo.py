"""`kuaidai demo`: the platform on a simulated bank, with everything it needs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kuaidai.config import environment, setup
from kuaidai.interfaces.cli.demonstration.journey import Journey, JourneyFailed, drive
from kuaidai.interfaces.cli.demonstration.preparation import DemoBank, migrate, prepare
from kuaidai.interfaces.cli.demonstration.processes import Processes, ProcessFailed, free_port

app = typer.Typer(add_completion=False)
console = Console(stderr=True)


class _Progress:
    """Tells each stage and how long it took."""

    def __init__(self) -> None:
        self._name, self._began = "", 0.0

    def __call__(self, name: str) -> None:
        """End the stage before, begin the one called `name`."""
        self.end()
        self._name, self._began = name, time.monotonic()
        console.print(f"  {name} …", end="\r")

    def end(self) -> None:
        """End the stage that runs, if one does."""
        if self._name:
            console.print(f"  [green]✓[/] {self._name} ({time.monotonic() - self._began:.1f} s)")
        self._name = ""


def _terminate(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _running(home: Path, port: int, sandbox_port: int) -> Iterator[tuple[str, str]]:
    """Sandbox, worker and web server of the bank in `home`; yields the web's and sandbox's address."""
    sandbox, web = free_port(sandbox_port), free_port(port)
    sandbox_url, web_url = f"http://127.0.0.1:{sandbox}", f"http://127.0.0.1:{web}"
    values = {"KUAIDAI_PLATFORM_URL": sandbox_url, "KUAIDAI_DEMO": "1", "KUAIDAI_HOME": str(home)}
    with Processes(home / "logs", values) as processes:
        processes.start(
            "sandbox", ["sandbox", "--port", str(sandbox), "--drop", str(home / "drop")]
        )
        processes.start("worker", ["worker"])
        processes.start("web", ["serve", "--port", str(web)])
        processes.wait_for("sandbox", f"{sandbox_url}/health")
        processes.wait_for("web", f"{web_url}/api/v1/openapi.json")
        yield web_url, sandbox_url


def _bank(home: Path, firms: int, months: int, seed: int) -> DemoBank:
    """The demo bank of `home`, prepared if it is not there yet."""
    kept = home / "demo.json"
    if kept.exists():
        migrate()
        return DemoBank.load(kept)
    for name in ("drop", "truth", "lake"):  # left by a preparation that was stopped half-way
        shutil.rmtree(home / name, ignore_errors=True)
    progress = _Progress()
    today = datetime.now().astimezone().date()
    bank = prepare(home, firms=firms, months=months, seed=seed, on=today, step=progress)
    progress.end()
    bank.save(kept)
    return bank


def _print(bank: DemoBank, web: str, sandbox: str) -> None:
    from kuaidai.foundation.queries import business_date

    cast = [(case, bank.cast[case]) for case in ("approved", "declined", "referred")]
    lines = (
        "", "kuaidai demo · 快贷演示", "",
        f"Borrower portal   {web}/",
        *(f"  phone {one['phone']}   {one['firm']} {one['uscc']}   ({case})" for case, one in cast),
        f"Text messages     {sandbox}/sms   (one-time codes arrive here)",
        f"Staff console     {web}/console/",
        *(f"  {name} / {password}" for name, password in bank.staff.items()),
        f"API               {web}/api/v1/docs", "",
        f"Business date {business_date()}. Ctrl-C stops everything.",
    )  # fmt: skip
    for line in lines:  # long ones are the terminal's to wrap: a copied one stays whole
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _smoke(home: Path, firms: int, months: int, seed: int) -> dict[str, Any]:
    """The whole journey against fresh processes; what the command prints."""
    from kuaidai.foundation.queries import verify_audit_chain
    from kuaidai.lending.ledger.queries import trial_balance
    from kuaidai.risk.policy.queries import replay

    bank = _bank(home, firms, months, seed)
    with _running(home, 0, 0) as (web, sandbox):
        member = bank.cast["approved"]
        done = drive(Journey(web, sandbox, member["phone"]), member["uscc"])
    balance = trial_balance()
    return {
        **done,
        "trial_balance": f"{balance.difference:.2f}",
        "turnover": f"{balance.total_debit:.2f}",
        "replay_identical": replay(done["decision_id"]).identical,
        "audit_chain_intact": verify_audit_chain().intact,
    }


def _went_right(result: dict[str, Any]) -> bool:
    return (
        result["application_status"] == "active"
        and result["contract_signatures_valid"] is True
        and result["trial_balance"] == "0.00"
        and result["replay_identical"] is True
        and result["audit_chain_intact"] is True
    )


def _run_smoke(firms: int, months: int, seed: int, as_json: bool) -> None:
    """Prepare a bank in a folder of its own, drive the journey, and clean up."""
    from kuaidai.foundation import postgres

    with tempfile.TemporaryDirectory(prefix="kuaidai-smoke-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # the embedded server runs as a user of its own under root
        os.environ["KUAIDAI_HOME"] = folder
        os.environ.pop("DATABASE_URL", None)  # a fresh bank never goes into somebody's database
        setup()
        try:
            result = _smoke(home, firms, months, seed)
        except (JourneyFailed, ProcessFailed) as failed:
            typer.echo(f"error: {failed}", err=True)
            for log in sorted((home / "logs").glob("*.log")):
                typer.echo(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}", err=True)
            raise typer.Exit(1) from failed
        finally:
            postgres.stop(home / "pg")
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        for name, value in result.items():
            typer.echo(f"{name}: {value}")
    raise typer.Exit(0 if _went_right(result) else 1)


@app.command()
def demo(
    firms: Annotated[
        int, typer.Option(min=500, max=5_000, help="Firms of the simulated bank.")
    ] = 500,
    months: Annotated[int, typer.Option(min=12, max=60, help="Months of history.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bank.")] = 7,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Web port, if it is free.")] = 8000,
    sandbox_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Sandbox port, if free.")
    ] = 8100,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Drive the journey over HTTP and exit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --smoke: one JSON object.")] = False,
) -> None:
    """Prepare a simulated bank (once), start everything, print addresses and logins; Ctrl-C stops it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)  # also where a shell started us with it ignored
    if smoke:
        _run_smoke(firms, months, seed, as_json)
    from kuaidai.foundation import postgres

    settings = environment.load()
    setup()
    try:
        bank = _bank(settings.home, firms, months, seed)
        with _running(settings.home, port, sandbox_port) as (web, sandbox):
            _print(bank, web, sandbox)
            signal.pause()
    except KeyboardInterrupt:
        console.print("Stopping …")
    except ProcessFailed as failed:
        typer.echo(f"error: {failed}", err=True)
        sys.exit(1)
    finally:
        if settings.database_url is None:
            postgres.stop(settings.home / "pg")
