import itertools

import pytest

from kuaidai.kernel.errors import IllegalTransition
from kuaidai.lending.origination.domain.states import (
    FINAL,
    LIVE,
    TRANSITIONS,
    Status,
    require_transition,
)

HAPPY_PATH = ["draft", "authorised", "collecting", "deciding", "approved", "offered", "signed"]


def test_the_journey_leads_from_draft_to_active():
    for state, target in itertools.pairwise([*HAPPY_PATH, "active"]):
        require_transition(application_id="APP-1", state=state, target=Status(target))


def test_an_illegal_transition_names_the_application_and_both_states():
    with pytest.raises(IllegalTransition) as refused:
        require_transition(application_id="APP-1", state="declined", target=Status.OFFERED)

    assert "APP-1" in str(refused.value)
    assert "declined" in str(refused.value) and "offered" in str(refused.value)
    assert refused.value.http_status == 409
    assert "declined" in refused.value.text("zh-hans")


@pytest.mark.parametrize(
    ("state", "target"),
    [
        ("draft", "collecting"),  # never without authorisations
        ("collecting", "approved"),  # never without a decision
        ("waiting_for_data", "declined"),  # missing data never declines
        ("approved", "signed"),  # never without chosen terms
        ("signed", "withdrawn"),  # a signed contract is not withdrawn
        ("active", "expired"),
    ],
)
def test_shortcuts_are_refused(state, target):
    with pytest.raises(IllegalTransition):
        require_transition(application_id="APP-1", state=state, target=Status(target))


def test_every_state_is_reachable_and_only_ends_are_final():
    reachable = {Status.DRAFT}
    while True:
        more = reachable | {after for state in reachable for after in TRANSITIONS[state]}
        if more == reachable:
            break
        reachable = more

    assert reachable == set(Status)
    assert {"declined", "active", "withdrawn", "expired"} == FINAL
    assert LIVE.isdisjoint(FINAL)
