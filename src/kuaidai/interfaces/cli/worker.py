"""`kuaidai worker`: runs the background jobs that live in PostgreSQL."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Jobs at a time.")] = 4,
    once: Annotated[bool, typer.Option("--once", help="Stop when no job is left.")] = False,
) -> None:
    """Run jobs until stopped; any number of workers may run side by side."""
    from kuaidai.config import setup

    setup()
    from kuaidai.data.features import prepare_online

    threading.Thread(target=prepare_online, name="prepare-features", daemon=True).start()
    from procrastinate.contrib.django import app as jobs
    from procrastinate.contrib.django.django_connector import DjangoConnector

    connector = jobs.connector
    assert isinstance(connector, DjangoConnector)  # what the Django integration always installs
    with jobs.replace_connector(connector.get_worker_connector()) as running:
        running.run_worker(
            concurrency=concurrency,
            wait=not once,
            fetch_job_polling_interval=1.0,
            delete_jobs="never",
        )
