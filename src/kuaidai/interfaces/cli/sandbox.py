"""`kuaidai sandbox`: serve every outside platform from a data drop."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from kuaidai.config import environment
from kuaidai.kernel.errors import Refusal
from kuaidai.simulator.sandbox.exchange import Problem
from kuaidai.simulator.sandbox.faults import Fault, Faults, Mode, read_fault
from kuaidai.simulator.sandbox.server import listen, open_sandbox

app = typer.Typer(add_completion=False)


class NoDrop(Refusal):
    """The folder holds no data drop."""

    code = "NO_DROP"
    en = "{why}."
    zh = "{why}。"


class WrongFault(Refusal):
    """A `--fault` that names no platform or no mode."""

    code = "WRONG_FAULT"
    en = "--fault {value!r} cannot be used: {why}. Write it as tax=down or bureau_owner=slow."
    zh = "--fault {value!r} 无法使用：{why}。写法如 tax=down 或 bureau_owner=slow。"


def _faults(given: list[str]) -> dict[str, Fault]:
    faults = {}
    for text in given:
        target, _, mode = text.partition("=")
        try:
            name, fault = read_fault(target, mode)
        except Problem as problem:
            raise WrongFault(value=text, why=problem.detail) from problem
        faults[name] = fault
    return faults


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@app.command()
def sandbox(
    drop: Annotated[Path, typer.Option(help="Folder written by `kuaidai simulate`.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8100,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    latency_ms: Annotated[int, typer.Option(min=0, max=60_000, help="Delay of every answer.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help=f"PLATFORM=MODE, repeatable; modes {' '.join(Mode)}, "
            "those from twice on for bank_money only."
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="SQLite file of money movements (default: beside the drop).")
    ] = None,
) -> None:
    """Answer as registry, tax office, courts, both bureaus, bank core and SMS gateway.

    Stops on Ctrl-C or SIGTERM. The signing key is KUAIDAI_PLATFORM_KEY.
    """
    faults = Faults(_faults(fault or []))
    path = state if state is not None else drop.with_name(f"{drop.name}-bank-core.sqlite")
    key = environment.load().platform_key
    try:
        world = open_sandbox(drop, state=path, key=key, faults=faults, latency_ms=latency_ms)
    except FileNotFoundError as missing:
        raise NoDrop(why=str(missing)) from missing
    signal.signal(signal.SIGTERM, _stop)
    with listen(world, host=host, port=port) as server:
        typer.echo(
            f"sandbox for {world.archive.firms} firms on http://{host}:{server.server_address[1]}"
            f" (messages at /sms)",
            err=True,
        )
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            typer.echo("sandbox stopped", err=True)
        finally:
            world.bank.close()
