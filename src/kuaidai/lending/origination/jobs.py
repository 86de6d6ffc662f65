"""Background jobs of origination: they call operations and hold no rules."""

from __future__ import annotations

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import business_date

_AFTER_A_CRASH = RetryStrategy(max_attempts=3, exponential_wait=2)


@app.task(queue="decisions", name="origination.collect", retry=_AFTER_A_CRASH)
def collect(application_id: str) -> None:
    """Collect the reports of one application and decide it."""
    from kuaidai.lending.origination import operations  # late: rooms load when the app is ready

    operations.collect_and_decide(
        application_id=application_id,
        actor=Actor.system("origination.collect"),
        on=business_date(),
        now=timezone.now(),
    )


@app.periodic(cron="*/10 * * * *")
@app.task(queue="decisions", name="origination.expire_offers")
def expire_offers(timestamp: int) -> None:
    """Let offers lapse whose last day is before the business date."""
    from kuaidai.lending.origination import operations  # late: rooms load when the app is ready

    operations.expire_offers(on=business_date(), actor=Actor.system("origination.expire_offers"))


@app.periodic(cron="15 3 * * *")
@app.task(queue="decisions", name="origination.monitor_models")
def monitor_models(timestamp: int) -> None:
    """Report on last month's scorecards, once a month.

    Asked every night because the business date, not the clock, says when a month is over.
    """
    from kuaidai.lending.origination.monitoring import monitor_models as monitor_last_month

    monitor_last_month(on=business_date(), actor=Actor.system("origination.monitor_models"))
