"""`kuaidai loan adjust`, `requests`, `approve`, `reject`: four eyes in a terminal too."""

import json
from datetime import timedelta

import pytest
from tests.servicing.test_commands import run
from tests.support.bank import ENDS_ON, SYSTEM

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.lending.servicing import queries
from kuaidai.lending.servicing.adjusting_queries import loan_events, waiting_requests

pytestmark = pytest.mark.django_db
ON = ENDS_ON + timedelta(days=10)
WHY = "Agreed with the customer in a recorded call."


@pytest.fixture
def loan_id(facility, draw) -> str:
    found = draw(facility, "30000.00").loan_id
    set_business_date(on=ON, actor=SYSTEM)
    for name, role in (
        ("amy", "account_manager"),
        ("olga", "operations"),
        ("rita", "risk_officer"),
    ):
        register_staff(username=name, role=role, password="a-password", actor=SYSTEM, on=ON)
    return found


def adjust(capsys, loan_id, kind, *options, by="olga"):
    return run(capsys, "loan", "adjust", loan_id, kind, "--reason", WHY, "--as", by, *options)


def test_costs_are_charged_once_under_a_key(capsys, loan_id) -> None:
    for _ in range(2):
        code, said, err = adjust(
            capsys,
            loan_id,
            "charge",
            "--amount",
            "800.00",
            "--due",
            "2026-07-20",
            "--key",
            "cost-1",
        )
        assert (code, err) == (0, "")
        assert said.endswith(f": charge of {loan_id} done\n")
    [event] = loan_events(loan_id)
    assert (event.told["amount"], event.told["due_on"]) == ("800.00", "2026-07-20")
    assert (event.actor, event.reason) == ("staff:olga", WHY)


def test_a_new_rate_waits_for_another_person(capsys, loan_id) -> None:
    code, said, _ = adjust(capsys, loan_id, "change_rate", "--annual-rate", "7.2%", by="amy")
    [request] = waiting_requests(ON)
    assert (code, said) == (
        0,
        f"{request.id}: change_rate of {loan_id} waits for a second person\n",
    )
    assert request.id in run(capsys, "loan", "requests")[1]
    assert json.loads(run(capsys, "loan", "requests", "--json")[1])[0]["asked_by"] == "amy"

    code, _, err = run(capsys, "loan", "approve", request.id, "--as", "amy")
    assert (code, err.startswith("error: ")) == (2, True)
    assert "rita" not in err
    assert str(queries.loan(loan_id).state.annual_rate) == "0.036000"
    code, said, _ = run(capsys, "loan", "approve", request.id, "--as", "rita", "--note", "fine")
    assert (code, said) == (0, f"{request.id}: change_rate of {loan_id} done\n")
    assert str(queries.loan(loan_id).state.annual_rate) == "0.072000"


def test_a_request_is_rejected(capsys, loan_id) -> None:
    adjust(
        capsys, loan_id, "extend", "--due", "2026-10-20", "--due", "2026-11-20", "--due",
        "2026-12-20", by="amy",
    )  # fmt: skip
    [request] = waiting_requests(ON)
    assert request.told["due_dates"] == ["2026-10-20", "2026-11-20", "2026-12-20"]
    code, said, _ = run(capsys, "loan", "reject", request.id, "--as", "rita")
    assert (code, said) == (0, f"{request.id}: extend of {loan_id} rejected\n")
    assert waiting_requests(ON) == ()


@pytest.mark.parametrize(
    ("kind", "options", "by", "named"),
    [
        ("charge", ["--amount", "1.00"], "nobody", "No staff login nobody was found"),
        ("charge", ["--amount", "1.00"], "amy", "The role account_manager may not do this"),
        ("waive", ["--amount", "1.00"], "olga", "waive needs --of"),
        ("waive", ["--amount", "1.00", "--of", "all"], "olga", "'all' is none of fee, compound"),
        ("charge", ["--amount", "much"], "olga", "'much' is not an amount"),
        ("charge", ["--amount", "1", "--due", "soon"], "olga", "'soon' is not a date"),
        ("write_off", ["--amount", "1"], "olga", "write_off takes no --amount"),
        ("reverse", ["--event", "EVT-0"], "olga", "EVT-0"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(capsys, loan_id, kind, options, by, named) -> None:
    code, said, err = adjust(capsys, loan_id, kind, *options, by=by)
    assert (code, said, err.count("\n")) == (2, "", 1)
    assert named in err
    assert loan_events(loan_id) == ()
