"""Requests that arrive together: the database decides, one wins, the others are told."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from kuaidai.kernel.errors import Refusal
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.servicing.queries import facilities_of

pytestmark = pytest.mark.django_db(transaction=True)


def together(times, work):
    """What `work` returned or refused with, called `times` times at once."""

    def one(_):
        try:
            return work()
        except Refusal as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_six_starts_at_once_one_makes_the_application(journey):
    came = together(6, journey.start)

    assert [held for held in came if isinstance(held, str)] == ["APPLICATION_EXISTS"] * 5
    assert len(queries.applications_of(journey.customer.person_no)) == 1


def test_of_six_starts_with_one_key_all_get_the_same_application(journey):
    came = together(6, lambda: journey.start(key="start-key-0001"))

    assert len({held.id for held in came}) == 1


def test_of_four_submissions_at_once_one_is_taken(journey):
    draft = journey.start()
    journey.authorise()

    came = together(4, lambda: journey.submit(draft.id))

    assert [held for held in came if isinstance(held, str)] == ["ALREADY_SUBMITTED"] * 3
    jobs = ProcrastinateJob.objects.filter(task_name="origination.collect")
    assert [job.args for job in jobs if job.args["application_id"] == draft.id] == [
        {"application_id": draft.id}
    ]


def test_two_workers_on_one_application_decide_once(journey):
    from kuaidai.foundation.queries import audit_trail

    submitted = journey.submitted()

    together(2, lambda: journey.run_job(submitted.id))

    assert queries.application(submitted.id).status == "approved"
    actions = [e.action for e in audit_trail(subject_type="application", subject_id=submitted.id)]
    assert actions.count("application.decided") == 1


def test_of_four_signatures_at_once_one_facility_opens(journey):
    from datetime import UTC, datetime

    held = journey.prepared()
    code = journey.code(held.id)

    together(
        4,
        lambda: operations.sign_contract(
            application_id=held.id,
            code=code,
            actor=journey.customer.actor,
            now=datetime.now(UTC),
            on=journey.on,
        ),
    )

    assert queries.application(held.id).status == "active"
    assert len(facilities_of(uscc=journey.customer.uscc)) == 1
