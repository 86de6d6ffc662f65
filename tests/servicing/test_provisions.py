"""Classification and provisions over a stored book: stages, allowances, postings, four eyes."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from tests.support.bank import SYSTEM
from tests.support.book import PRODUCT, put_loan

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.queries import audit_trail
from kuaidai.lending.ledger.domain import chart
from kuaidai.lending.ledger.queries import entries_for, trial_balance
from kuaidai.lending.products.loss_parameters import loss_parameters
from kuaidai.lending.servicing import operations, risk_queries
from kuaidai.lending.servicing.domain.classification import RiskClass, Rule
from kuaidai.lending.servicing.domain.ecl import Profile, Stage, allowance, loss_rate
from kuaidai.lending.servicing.errors import (
    OverrideDecided,
    OverrideNotWorse,
    OverrideTerm,
    OverrideWaiting,
    OverrideWithoutReason,
    SameEyes,
    UnknownOverride,
)
from kuaidai.lending.servicing.models import (
    ClassChange,
    ClassOverride,
    Loan,
    LoanRisk,
    ProvisionMovement,
)
from kuaidai.lending.servicing.operations import classifying, provisioning

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 31)
START = date(2026, 1, 15)
MAKER, CHECKER = Actor("staff", "wang", "wang"), Actor("staff", "li", "li")
GROUND = "The owner cannot be reached any more"


def night(on=ON):
    operations.classify(on=on, actor=SYSTEM)
    return operations.provide(on=on, actor=SYSTEM)


def late(loan, days, on=ON):
    since = on - timedelta(days=days) if days else None
    Loan.objects.filter(id=loan.id).update(oldest_due_on=since)


def balance(account):
    return next(row.balance for row in trial_balance().rows if row.account == account)


def rate(**facts):
    given = {
        "grade": "C",
        "risk_class": RiskClass.PASS,
        "profile": Profile.AMORTISING,
        "months": 10,
    }
    return loss_rate(loss_parameters(PRODUCT), stage=Stage.ONE, **(given | facts))


def ask(loan, risk_class=RiskClass.SUBSTANDARD, reason=GROUND, days=90, actor=MAKER):
    return operations.request_override(
        loan_id=loan.id, risk_class=risk_class, reason=reason,
        expires_on=ON + timedelta(days=days), on=ON, actor=actor,
    )  # fmt: skip


def decide(override, actor=CHECKER, approve=True, on=ON):
    decision = operations.approve_override if approve else operations.reject_override
    return decision(override_id=override.id, note="", on=on, actor=actor)


def stored(loan):
    row = LoanRisk.objects.get(loan=loan)
    return RiskClass(row.risk_class).name, row.stage


def test_the_mass_of_the_book_is_provided_for_without_being_classified() -> None:
    """15 January 2026 + 12 months leaves ten begun months after 31 March 2026."""
    put_loan(1, start_on=START)
    assert operations.classify(on=ON, actor=SYSTEM).debtors == 0
    report = operations.provide(on=ON, actor=SYSTEM)
    assert LoanRisk.objects.get().allowance == allowance(Decimal("100000.00"), rate())
    assert report.charged == balance(chart.ALLOWANCE) == balance(chart.IMPAIRMENT)
    assert trial_balance().difference == 0


def test_the_allowance_of_every_loan_is_what_the_function_says() -> None:
    """Grades, stages, profiles and terms: the statement and the pure function give the same cents."""
    cases = []
    for number, (method, months, days, grade) in enumerate(
        [
            ("equal_principal", 12, 0, "A"), ("revolving", 12, 0, "E"), ("equal_instalment", 3, 0, ""),
            ("revolving", 36, 5, "B"), ("equal_principal", 24, 45, "unknown"),
            ("revolving", 12, 91, "A"), ("revolving", 12, 300, "A"), ("revolving", 12, 400, ""),
            ("equal_principal", 1, 10, "D"),
        ]
    ):  # fmt: skip
        loan = put_loan(
            number, start_on=START, method=method, months=months, days_past_due=days,
            outstanding=f"{10_000 + 777 * number}.{number}7",
        )  # fmt: skip
        if grade:
            operations.record_debtor_facts(
                uscc=loan.facility.uscc, grade=grade, on=ON, actor=SYSTEM
            )
        cases.append((loan, grade, max(1, months - 2)))
    night()
    for loan, grade, months in cases:
        risk = LoanRisk.objects.get(loan=loan)
        expected = loss_rate(
            loss_parameters(PRODUCT), grade=grade, stage=Stage(risk.stage),
            risk_class=RiskClass(risk.risk_class), months=months,
            profile=Profile.BULLET if loan.method == "revolving" else Profile.AMORTISING,
        )  # fmt: skip
        assert (risk.rate, risk.allowance) == (expected, allowance(loan.outstanding, expected))
    stages = [LoanRisk.objects.get(loan=loan).stage for loan, *_ in cases]
    assert stages == [1, 1, 1, 2, 2, 3, 3, 3, 2]


def test_a_second_run_of_the_day_changes_nothing() -> None:
    put_loan(1, start_on=START, days_past_due=95)
    put_loan(2, start_on=START)
    night()
    before = list(LoanRisk.objects.order_by("pk").values())
    again = operations.classify(on=ON, actor=SYSTEM)
    assert (again.loans, again.changed) == (1, 0)
    assert operations.provide(on=ON, actor=SYSTEM).charged == 0
    assert list(LoanRisk.objects.order_by("pk").values()) == before
    assert (ClassChange.objects.count(), ProvisionMovement.objects.count()) == (1, 1)


def test_arrears_that_crossed_no_bound_are_not_read_again() -> None:
    loan = put_loan(1, start_on=START, days_past_due=12)
    seen = []
    for later, days in enumerate([12, 13, 90, 91, 92, 0]):
        late(loan, days, ON + timedelta(days=later))
        report = operations.classify(on=ON + timedelta(days=later), actor=SYSTEM)
        seen.append((report.debtors, report.changed))
    assert seen == [(1, 1), (0, 0), (0, 0), (1, 1), (1, 0), (1, 0)]


def test_worsening_charges_and_repaying_releases() -> None:
    loan = put_loan(1, start_on=START)
    first = night().charged
    late(loan, 91)
    second = night(ON + timedelta(days=1)).charged
    assert first + second == Decimal("45900.00") == balance(chart.ALLOWANCE)
    Loan.objects.filter(id=loan.id).update(outstanding=0, status="settled", oldest_due_on=None)
    assert night(ON + timedelta(days=2)).charged == Decimal("-45900.00")
    assert balance(chart.ALLOWANCE) == balance(chart.IMPAIRMENT) == 0
    levels = ProvisionMovement.objects.order_by("id").values_list("level", flat=True)
    assert list(levels) == [first, Decimal("45900.00"), 0]


def test_a_write_off_uses_the_allowance_and_the_rest_is_charged() -> None:
    loan = put_loan(1, start_on=START, days_past_due=91)
    night()
    operations.use_allowance(loan_id=loan.id, amount=Decimal("100000.00"))
    Loan.objects.filter(id=loan.id).update(outstanding=0, status="settled")
    assert night(ON + timedelta(days=1)).charged == Decimal("54100.00")


def test_the_undrawn_line_is_provided_for_and_released_when_the_line_ends() -> None:
    """100,000.00 undrawn × 0.75 × the bullet rate of ten months; in stage 3 × 0.459."""
    loan = put_loan(1, start_on=START, granted="200000.00")
    night()
    expected = Decimal("75000.00") * rate(profile=Profile.BULLET)
    assert balance(chart.COMMITMENT_PROVISION) == allowance(expected, Decimal(1))
    late(loan, 91)
    night(ON + timedelta(days=1))
    assert balance(chart.COMMITMENT_PROVISION) == Decimal("34425.00")
    type(loan.facility).objects.update(status="frozen")
    night(ON + timedelta(days=2))
    assert balance(chart.COMMITMENT_PROVISION) == 0


def test_one_bad_loan_makes_all_of_the_firms_loans_bad_and_history_says_why() -> None:
    bad = put_loan(1, start_on=START, uscc="913300001", days_past_due=120)
    good = put_loan(2, start_on=START, uscc="913300001")
    night()
    assert stored(bad) == stored(good) == ("SUBSTANDARD", 3)
    view = risk_queries.loan_risk(good.id, ON)
    assert view.reasons[0].rule is Rule.BAD_SHARE_HERE
    assert view.reasons[0].text_zh == "债务人在本行的债权中 50.00% 为不良（超过 10%）。"
    [change] = view.changes
    assert (change.from_class, change.to_class) == (RiskClass.PASS, RiskClass.SUBSTANDARD)
    assert risk_queries.accrual_changes(ON).stop == (bad.id, good.id)


def test_a_bad_loan_comes_back_after_six_months_and_a_confirmation_by_two() -> None:
    loan = put_loan(1, start_on=START, days_past_due=91)
    night()
    late(loan, 0)
    paid = ON + timedelta(days=1)
    night(paid)
    assert stored(loan) == ("SUBSTANDARD", 3)
    cured = date(2026, 10, 1)
    night(cured)
    assert stored(loan) == ("SUBSTANDARD", 3)
    assert risk_queries.loan_risk(loan.id, cured).reasons[0].rule is Rule.CURE_NOT_CONFIRMED
    asked = operations.request_override(
        loan_id=loan.id, risk_class=None, reason="Orders and cash flow are back", on=cured,
        expires_on=cured + timedelta(days=30), actor=MAKER,
    )  # fmt: skip
    operations.approve_override(override_id=asked.id, note="Seen", on=cured, actor=CHECKER)
    assert stored(loan) == ("PASS", 2)
    assert risk_queries.accrual_changes(cured).resume == (loan.id,)
    night(cured + timedelta(days=89))
    assert stored(loan) == ("PASS", 2)
    night(cured + timedelta(days=90))
    assert stored(loan) == ("PASS", 1)


def test_a_restructured_loan_is_watched_and_missing_a_day_starts_the_watch_again() -> None:
    loan = put_loan(1, start_on=START, months=36)
    operations.record_restructuring(
        loan_id=loan.id, first_due_on=date(2026, 4, 20), on=ON, actor=SYSTEM
    )
    assert stored(loan) == ("SPECIAL_MENTION", 2)
    missed = date(2026, 8, 21)
    late(loan, 1, missed)
    night(missed)
    late(loan, 0)
    night(date(2027, 4, 21))
    view = risk_queries.loan_risk(loan.id, date(2027, 4, 21))
    assert view.reasons[0].text_en == "Restructured; watched until 2027-08-21."
    operations.record_restructuring(
        loan_id=loan.id, first_due_on=date(2027, 5, 20), on=date(2027, 4, 21), actor=SYSTEM
    )
    assert stored(loan) == ("SUBSTANDARD", 3)


def test_a_confirmed_debtor_leaves_the_watch_and_is_ordinary_again() -> None:
    loan = put_loan(1, start_on=START, months=36)
    operations.record_restructuring(
        loan_id=loan.id, first_due_on=date(2026, 4, 20), on=ON, actor=SYSTEM
    )
    over = date(2027, 4, 20)
    night(over)
    assert stored(loan) == ("SPECIAL_MENTION", 2)
    asked = operations.request_override(
        loan_id=loan.id, risk_class=None, reason="Difficulties are over", on=over,
        expires_on=over + timedelta(days=30), actor=MAKER,
    )  # fmt: skip
    operations.approve_override(override_id=asked.id, note="", on=over, actor=CHECKER)
    assert stored(loan)[0] == "PASS"
    assert LoanRisk.objects.get().restructured_on is None


def test_an_early_warning_puts_the_debtors_loans_under_special_mention() -> None:
    loan = put_loan(1, start_on=START)
    uscc = loan.facility.uscc
    operations.record_debtor_facts(uscc=uscc, early_warning=True, on=ON, actor=SYSTEM)
    assert stored(loan) == ("SPECIAL_MENTION", 2)
    operations.record_debtor_facts(uscc=uscc, early_warning=False, on=ON, actor=SYSTEM)
    assert stored(loan) == ("PASS", 2)


def test_an_override_takes_two_people_and_ends_with_its_term() -> None:
    loan = put_loan(1, start_on=START)
    asked = ask(loan)
    night()
    assert stored(loan) == ("PASS", 1)
    with pytest.raises(SameEyes, match="wang"):
        decide(asked, actor=MAKER)
    assert decide(asked).status == "approved"
    assert stored(loan) == ("SUBSTANDARD", 3)
    actions = [e.action for e in audit_trail(subject_type="loan", subject_id=loan.id)]
    assert sorted(actions) == ["override.approved", "override.requested"]
    night(ON + timedelta(days=90))
    reasons = risk_queries.loan_risk(loan.id, ON + timedelta(days=90)).reasons
    assert [reason.rule for reason in reasons] == [Rule.CURE_RUNNING]


def test_a_rejected_request_leaves_the_loan_as_it_was() -> None:
    loan = put_loan(1, start_on=START)
    asked = ask(loan)
    assert risk_queries.waiting_overrides(ON) == (asked,)
    assert risk_queries.waiting_overrides(asked.expires_on) == ()
    decide(asked, approve=False)
    night()
    assert stored(loan) == ("PASS", 1)
    assert risk_queries.waiting_overrides(ON) == ()
    with pytest.raises(OverrideDecided, match="rejected"):
        decide(asked)


def test_requests_that_cannot_stand_are_refused() -> None:
    loan = put_loan(1, start_on=START, days_past_due=91)
    night()
    with pytest.raises(OverrideNotWorse, match="substandard"):
        ask(loan)
    with pytest.raises(OverrideWithoutReason, match="10 to 500"):
        ask(loan, RiskClass.LOSS, reason="  bad  ")
    with pytest.raises(OverrideTerm):
        ask(loan, RiskClass.LOSS, days=0)
    ask(loan, RiskClass.LOSS)
    with pytest.raises(OverrideWaiting):
        ask(loan, RiskClass.DOUBTFUL)
    with pytest.raises(UnknownOverride):
        operations.approve_override(override_id="OVR-0", note="", on=ON, actor=CHECKER)


def test_a_request_past_its_term_can_only_be_rejected() -> None:
    asked = ask(put_loan(1, start_on=START), days=5)
    with pytest.raises(OverrideDecided, match="expired"):
        decide(asked, on=ON + timedelta(days=5))
    assert decide(asked, approve=False, on=ON + timedelta(days=5)).status == "rejected"


def test_the_database_itself_wants_four_eyes_and_keeps_history() -> None:
    loan = put_loan(1, start_on=START, days_past_due=91)
    asked = ask(loan, RiskClass.LOSS)
    night()
    row = ClassOverride.objects.filter(id=asked.id)
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        row.update(status="approved", decided_by="wang", decided_on=ON)
    for history in (ClassChange, ProvisionMovement):
        with pytest.raises(DatabaseError), transaction.atomic():
            history.objects.all().delete()


def test_quality_and_migration_since_the_last_month_end() -> None:
    put_loan(1, start_on=START)
    worse = put_loan(2, start_on=START, outstanding="50000.00")
    put_loan(3, start_on=date(2026, 4, 2), outstanding="50000.00")
    night()
    late(worse, 91)
    night(ON + timedelta(days=9))
    [row] = risk_queries.asset_quality()
    assert (row.balance, row.bad_balance, row.bad_ratio) == (200_000, 50_000, Decimal("0.25"))
    assert row.allowance == balance(chart.ALLOWANCE)
    assert row.coverage == row.allowance / 50_000
    cells = {(c.before, c.after): (c.loans, c.balance) for c in risk_queries.class_migration(ON)}
    assert cells == {
        (RiskClass.PASS, RiskClass.PASS): (1, Decimal("100000.00")),
        (RiskClass.PASS, RiskClass.SUBSTANDARD): (1, Decimal("50000.00")),
        (None, RiskClass.PASS): (1, Decimal("50000.00")),
    }


class Killed(Exception):
    """The process died here."""


def test_a_night_killed_between_debtors_goes_on_to_the_same_end(monkeypatch) -> None:
    for number in range(4):
        put_loan(number, start_on=START, days_past_due=91 + number)
    whole = classifying.classify_debtors
    monkeypatch.setattr(classifying, "DEBTORS_AT_ONCE", 1)
    for survived in range(4):
        left = iter(range(survived))

        def dies(usccs, on, left=left):
            if next(left, None) is None:
                raise Killed
            return whole(usccs, on)

        monkeypatch.setattr(classifying, "classify_debtors", dies)
        with pytest.raises(Killed):
            operations.classify(on=ON, actor=SYSTEM)
        assert ClassChange.objects.count() == survived
    monkeypatch.setattr(classifying, "classify_debtors", whole)
    night()
    assert ClassChange.objects.count() == 4
    assert balance(chart.ALLOWANCE) == Decimal("183600.00")


def test_provisioning_that_dies_while_posting_leaves_no_trace(monkeypatch) -> None:
    put_loan(1, start_on=START, granted="200000.00")

    def dies(**_):
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(provisioning, "post", dies)
        with pytest.raises(Killed):
            operations.provide(on=ON, actor=SYSTEM)
    assert not LoanRisk.objects.exists()
    assert not ProvisionMovement.objects.exists()
    report = operations.provide(on=ON, actor=SYSTEM)
    assert report.charged == report.level == balance(chart.IMPAIRMENT)


def test_each_branch_is_charged_for_its_own_loans() -> None:
    put_loan(1, start_on=START, days_past_due=91, branch="440300")
    put_loan(2, start_on=START, days_past_due=91, outstanding="50000.00", branch="310000")
    night()
    movements = ProvisionMovement.objects.order_by("branch").values_list("branch", "charge")
    assert list(movements) == [("310000", Decimal("22950.00")), ("440300", Decimal("45900.00"))]
    assert [row.branch for row in risk_queries.asset_quality()] == ["310000", "440300"]
    posted = entries_for(source_type="provision", source_id=PRODUCT)
    assert [entry.postings[0].debit for entry in posted] == [
        Decimal("22950.00"), Decimal("45900.00"),
    ]  # fmt: skip


def test_an_empty_book_needs_nothing() -> None:
    report = night()
    assert (report.moved, report.charged, report.level) == (0, 0, 0)
    assert risk_queries.asset_quality() == ()


def test_statements_do_not_grow_with_the_book(django_assert_max_num_queries) -> None:
    for number in range(60):
        put_loan(number, start_on=START, days_past_due=number % 3 * 50)
    with django_assert_max_num_queries(45):
        night()
    assert replace(operations.provide(on=ON, actor=SYSTEM), level=Decimal(0)).moved == 0
