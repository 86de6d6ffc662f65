"""The payment jobs under a real worker: a database that breaks off and a silent core are tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import InterfaceError, OperationalError
from procrastinate.contrib.django import procrastinate_app
from procrastinate.testing import InMemoryConnector

from kuaidai.lending.servicing import gateway, jobs, operations
from kuaidai.lending.servicing.errors import CoreUnavailable
from kuaidai.lending.servicing.operations import reconciling

CASES = [
    (jobs.pay_out_drawdown, operations, "pay_out", {"drawdown_id": "DRW-1"}),
    (jobs.pursue_repayment, operations, "collect_repayment", {"repayment_id": "RPY-1"}),
    (jobs.send_order, gateway, "send_order", {"key": "K-1"}),
    (jobs.pursue_orders, gateway, "pursue_orders", {"timestamp": 0}),
    (jobs.reconcile_closed_days, reconciling, "reconcile_closed_days", {"timestamp": 0}),
]
FAILURES = [
    OperationalError("the connection is closed"),
    InterfaceError("the cursor is closed"),
    CoreUnavailable(why="ReadTimeout"),
]
IDS = [case[0].name.rpartition(".")[2] for case in CASES]


@pytest.fixture
def queue():
    """The jobs' app on a queue in memory, its tasks as they are."""
    connector = InMemoryConnector()
    with procrastinate_app.current_app.replace_connector(connector) as running:
        yield running, connector


def work(running) -> None:
    running.run_worker(queues=["payments"], wait=False, install_signal_handlers=False,
                       listen_notify=False, delete_jobs="never")  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: type(f).__name__)
@pytest.mark.parametrize(("task", "module", "name", "given"), CASES, ids=IDS)
def test_a_job_that_failed_for_no_fault_of_its_own_runs_again_later(
    queue, monkeypatch, task, module, name, given, failure
) -> None:
    running, connector = queue
    failures, calls = [failure], []

    def flaky(*args, **options):
        calls.append((args, options))
        if failures:
            raise failures.pop()

    monkeypatch.setattr(module, name, flaky)
    number = task.defer(**given)
    work(running)

    waiting = connector.jobs[number]
    assert (waiting["status"], waiting["attempts"], len(calls)) == ("todo", 1, 1)
    assert waiting["scheduled_at"] > datetime.now(UTC)
    work(running)
    assert len(calls) == 1  # not before its time

    waiting["scheduled_at"] = datetime.now(UTC) - timedelta(seconds=1)
    work(running)
    assert (connector.jobs[number]["status"], len(calls)) == ("succeeded", 2)


@pytest.mark.parametrize(("task", "module", "name", "given"), CASES, ids=IDS)
def test_a_bug_is_not_tried_again(queue, monkeypatch, task, module, name, given) -> None:
    running, connector = queue

    def broken(*args, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(module, name, broken)
    number = task.defer(**given)
    work(running)
    assert connector.jobs[number]["status"] == "failed"


def test_retries_end_and_wait_ever_longer() -> None:
    assert jobs.send_order.retry_strategy.max_attempts == 20
    assert jobs.send_order.retry_strategy.exponential_wait == 2
    assert jobs.reconcile_closed_days.retry_strategy.max_attempts == 3


def test_what_is_due_is_pursued_every_minute_and_days_are_reconciled(queue) -> None:
    periodic = {
        p.task.name: p.cron
        for p in procrastinate_app.current_app.periodic_registry.periodic_tasks.values()
    }
    assert periodic["servicing.pursue_orders"] == "* * * * *"
    assert periodic["servicing.reconcile"] == "*/15 * * * *"
