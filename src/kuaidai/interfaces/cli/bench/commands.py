"""The `kuaidai bench` command: one sub-command a benchmark."""

from __future__ import annotations

import typer

from kuaidai.interfaces.cli.bench.age import age
from kuaidai.interfaces.cli.bench.drawdown import drawdown
from kuaidai.interfaces.cli.bench.features import features
from kuaidai.interfaces.cli.bench.fit import fit
from kuaidai.interfaces.cli.bench.night import night
from kuaidai.interfaces.cli.bench.online import online
from kuaidai.interfaces.cli.bench.rejects import rejects
from kuaidai.interfaces.cli.bench.schedule import schedule
from kuaidai.interfaces.cli.bench.score import score

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("drawdown")(drawdown)
app.command("features")(features)
app.command("online")(online)
app.command("fit")(fit)
app.command("score")(score)
app.command("rejects")(rejects)
app.command("night")(night)
app.command("age")(age)
app.command("schedule")(schedule)
