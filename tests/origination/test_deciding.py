from datetime import timedelta
from decimal import Decimal

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.support.bank import SYSTEM, player
from tests.support.lending import Journey

from kuaidai.data.sources.queries import reports
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import register_staff
from kuaidai.foundation.queries import audit_trail
from kuaidai.kernel.errors import IllegalTransition
from kuaidai.lending.origination import operations, queries
from kuaidai.lending.origination.errors import (
    LimitTooHigh,
    NotRiskOfficer,
    OutcomeUnknown,
    ReasonMissing,
)
from kuaidai.risk.policy.queries import decision

pytestmark = pytest.mark.django_db

REASON = "Site visit on 30 June: orders for the next quarter are signed."


@pytest.fixture
def officer(bank):
    register_staff(
        username="li.risk", role="risk_officer", password="pass-word-1", actor=SYSTEM,
        on=Journey.on,
    )  # fmt: skip
    return Actor("staff", "li.risk", "Risk officer")


def resolve(held, officer, **changes):
    given = {"outcome": "approve", "reason": REASON, "actor": officer, "on": Journey.on}
    return operations.resolve_referral(application_id=held.id, **{**given, **changes})


def test_a_sound_firm_is_approved_with_an_offer_for_seven_days(journey):
    decided = journey.decided()

    assert decided.status == "approved"
    assert decided.attempts == 1
    assert decided.decision_ms is not None
    recorded = decision(decided.decision_id)
    assert decided.offer.limit == recorded.limit > 0
    assert decided.offer.annual_rate == recorded.annual_rate
    assert decided.offer.expires_on == journey.on + timedelta(days=7)


def test_the_customer_reads_limit_and_breakdown_without_the_score(journey):
    decided = journey.decided()

    told = queries.customer_decision(decided.id, person_no=journey.customer.person_no)

    assert told.outcome == "approved"
    assert told.limit == decided.offer.limit
    assert told.limit_breakdown
    assert not hasattr(told, "score")


def test_a_decision_is_taken_once_however_often_the_job_runs(journey):
    first = journey.decided()

    again = journey.run_job(first.id)

    assert again == first
    actions = [e.action for e in audit_trail(subject_type="application", subject_id=first.id)]
    assert actions.count("application.decided") == 1


def test_a_run_that_died_while_deciding_is_taken_up(journey):
    from kuaidai.lending.origination.models import Application

    submitted = journey.submitted()
    Application.objects.filter(id=submitted.id).update(status="deciding", attempts=1)

    assert journey.run_job(submitted.id).status == "referred"  # nothing was collected


def test_a_weak_firm_is_declined_with_reasons_in_both_languages(bank, bank_drop, platforms):
    decided = Journey(player(bank_drop, "declined"), platforms).decided()

    told = queries.customer_decision(decided.id)

    assert decided.status == "declined"
    assert decided.offer is None
    assert told.reasons
    assert all(reason.en and reason.zh for reason in told.reasons)
    assert told.human_review


def test_a_platform_that_is_down_leads_to_waiting_then_to_a_person(journey):
    journey.platforms.fault("tax", "down")
    submitted = journey.submitted()

    waiting = journey.run_job(submitted.id)
    assert waiting.status == "waiting_for_data"
    assert waiting.next_attempt_at is not None
    retry = ProcrastinateJob.objects.filter(
        task_name="origination.collect", scheduled_at__isnull=False
    )
    assert [job.args["application_id"] for job in retry] == [submitted.id]

    assert journey.run_job(submitted.id).status == "waiting_for_data"
    referred = journey.run_job(submitted.id)

    assert referred.status == "referred"  # never a silent decline
    assert referred.attempts == 3
    status = {report.source: report.status for report in reports(application_id=submitted.id)}
    assert status["tax"] == "failed"
    assert status["registry"] == "received"


def test_a_platform_that_comes_back_leads_to_a_decision(journey):
    journey.platforms.fault("tax", "malformed")
    submitted = journey.submitted()
    assert journey.run_job(submitted.id).status == "waiting_for_data"

    journey.platforms.fault("tax", "ok")

    assert journey.run_job(submitted.id).status == "approved"


def test_what_is_withdrawn_while_waiting_is_not_decided(journey):
    journey.platforms.fault("tax", "down")
    submitted = journey.submitted()
    journey.run_job(submitted.id)
    operations.withdraw(application_id=submitted.id, actor=journey.customer.actor, on=journey.on)

    assert journey.run_job(submitted.id).status == "withdrawn"


@pytest.fixture
def referred(bank, bank_drop, platforms):
    held = Journey(player(bank_drop, "referred"), platforms).decided()
    assert held.status == "referred"
    return held


def test_a_risk_officer_approves_with_a_reason_up_to_the_policys_figure(referred, officer):
    most = decision(referred.decision_id).limit

    approved = resolve(referred, officer)

    assert approved.status == "approved"
    assert approved.offer.limit == most
    assert approved.referral.resolved_by == "li.risk"
    assert approved.referral.reason == REASON
    told = queries.customer_decision(referred.id)
    assert (told.outcome, told.by_person) == ("approved", True)


def test_a_risk_officer_may_grant_less(referred, officer):
    assert resolve(referred, officer, limit=Decimal("20000.00")).offer.limit == Decimal("20000.00")


def test_a_limit_above_the_policys_figure_is_refused(referred, officer):
    most = decision(referred.decision_id).limit

    with pytest.raises(LimitTooHigh, match=f"{most:,.2f}"):
        resolve(referred, officer, limit=most + 1000)

    assert queries.application(referred.id).status == "referred"


def test_a_risk_officer_declines_with_a_reason(referred, officer):
    declined = resolve(referred, officer, outcome="decline")

    assert declined.status == "declined"
    assert declined.offer is None


def test_resolving_needs_reason_outcome_and_role(referred, officer):
    with pytest.raises(ReasonMissing):
        resolve(referred, officer, reason="ok")
    with pytest.raises(OutcomeUnknown):
        resolve(referred, officer, outcome="maybe")
    register_staff(
        username="wu.sales", role="account_manager", password="pass-word-2", actor=SYSTEM,
        on=Journey.on,
    )  # fmt: skip
    with pytest.raises(NotRiskOfficer):
        resolve(referred, Actor("staff", "wu.sales", "Account manager"))
    with pytest.raises(NotRiskOfficer):
        resolve(referred, Actor("person", "li.risk", "not staff"))


def test_a_referral_is_resolved_once(referred, officer):
    resolve(referred, officer, outcome="decline")

    with pytest.raises(IllegalTransition, match=r"declined.*approved"):
        resolve(referred, officer)
