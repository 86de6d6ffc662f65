"""The limit account: never over its limit on any level, once per key, within its approval."""

import json
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from threading import Event
from time import monotonic, sleep

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.servicing.conftest import approved
from tests.support.bank import ENDS_ON, PRODUCT, SYSTEM
from tests.support.threads import at_once

from kuaidai.foundation.errors import IdempotencyMismatch
from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.foundation.queries import audit_trail, verify_audit_chain
from kuaidai.interfaces.cli.main import run
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.errors import IllegalTransition, Refusal
from kuaidai.kernel.identifiers import new_id
from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.servicing import operations, queries
from kuaidai.lending.servicing.bank_core import Movement
from kuaidai.lending.servicing.benchmarking.lines import counters_agree
from kuaidai.lending.servicing.errors import (
    AboveAvailable,
    AboveGroupTotal,
    ApprovalExpired,
    FacilityNotOpen,
    GroupTotalInUse,
    LimitReasonMissing,
    MaturesTooLate,
    NotACut,
    NotAnIncrease,
    NotCoveredByApproval,
    ProductNotInLine,
    TermNotOffered,
)
from kuaidai.lending.servicing.models import (
    Drawdown,
    Facility,
    LimitChange,
    LimitGroup,
    LimitReservation,
    SubLimit,
)
from kuaidai.lending.servicing.operations import limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(db):
    """Opens a line that needs no bank core: its firm is nobody the bank knows."""
    set_business_date(on=ENDS_ON, actor=SYSTEM)

    def opened(
        granted="1000000.00", *, uscc=None, months=12, approval=None, rate="0.036", on=ENDS_ON
    ):
        return operations.open_facility(
            application_id=new_id("APP"), contract_id=new_id("CTR"), uscc=uscc or new_id("FIRM"),
            person_no=new_id("P"), product_code=PRODUCT, granted=Decimal(granted),
            annual_rate=Decimal(rate), method="equal_principal", months=months, opens_on=on,
            expires_on=add_months(on, months), account_no="6217000010001234567", actor=SYSTEM,
            approval=approval or approved(granted),
        )  # fmt: skip

    return opened


def reserve(facility, amount, key=None, **options):
    return operations.reserve_drawdown(
        facility_id=facility.id, amount=Decimal(amount), purpose="wages", key=key or new_id("KEY"),
        on=options.pop("on", ENDS_ON), actor=SYSTEM, **options,
    )  # fmt: skip


def settle(drawn, *, paid=True):
    moved = Movement(drawn.id, drawn.amount if paid else Decimal(0), "" if paid else "closed")
    return operations.settle_drawdown(drawdown_id=drawn.id, moved=moved, actor=SYSTEM)


def give_back(facility, principal):
    with transaction.atomic():
        account = limits.lock_limits(facility_id=facility.id)
        limits.restore(account, Decimal(principal), on=ENDS_ON)


def change(work, facility, **options):
    return work(facility_id=facility.id, reason="review", on=ENDS_ON, actor=SYSTEM, **options)


def counters(facility):
    held = queries.facility(facility.id)
    return tuple(str(x) for x in (held.granted, held.used, held.reserved, held.consumed))


def test_reserve_then_post_or_release_moves_all_three_levels(line) -> None:
    facility = line()
    first, second = reserve(facility, "300000"), reserve(facility, "200000")
    assert counters(facility) == ("1000000.00", "0.00", "500000.00", "0.00")

    settle(first)
    assert settle(second, paid=False).status == "rejected"

    assert counters(facility) == ("1000000.00", "300000.00", "0.00", "0.00")
    group, [part] = queries.group_of(facility.id), queries.sub_limits_of(facility.id)
    assert (group.used, group.reserved) == (part.used, part.reserved) == (Decimal(300000), 0)
    states = LimitReservation.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["posted", "released"]
    assert counters_agree()


def test_the_same_request_later_is_the_same_drawdown_and_another_is_refused(line) -> None:
    facility = line()
    first = reserve(facility, "300000", key="k")
    assert reserve(facility, "300000.00", key="k").id == first.id
    settle(first)
    assert settle(first).status == "paid_out"  # settling twice posts once
    again = reserve(facility, "300000", key="k")
    assert (again.id, again.status) == (first.id, "paid_out")
    with pytest.raises(IdempotencyMismatch):
        reserve(facility, "300000", key="k", months=3)
    assert counters(facility)[1:3] == ("300000.00", "0.00")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_each_sent_twice_fill_the_line_and_no_more(line) -> None:
    """27 x 37 = 999 fit into 1,000 (here in thousands, the product's step)."""
    facility = line("1000000.00")

    def client(number):
        outcomes = []
        for draw in range(4):
            for _ in range(2):
                try:
                    outcomes.append(reserve(facility, "37000", key=f"{number}-{draw}").id)
                except AboveAvailable as refusal:
                    outcomes.append(refusal.code)
        return outcomes

    results = at_once(client, 50)

    assert [r for r in results if isinstance(r, Exception)] == []
    answers = [answer for result in results for answer in result]
    accepted = {answer for answer in answers if answer != "ABOVE_AVAILABLE"}
    assert len(answers) == 400
    assert len(accepted) == 27 == Drawdown.objects.count()
    for result in results:  # what was accepted once is the same drawdown the second time
        assert all(a == b for a, b in zip(result[::2], result[1::2], strict=True))
    assert counters(facility)[2] == "999000.00"
    assert counters_agree()
    assert verify_audit_chain().intact


@pytest.mark.django_db(transaction=True)
def test_the_same_request_at_once_is_one_drawdown(line) -> None:
    facility = line()
    answers = at_once(lambda _: reserve(facility, "50000", key="the-same").id, 8)
    assert len(set(answers)) == 1
    assert counters(facility)[2] == "50000.00"


@pytest.mark.django_db(transaction=True)
def test_drawing_settling_cutting_freezing_and_repaying_at_once_neither_block_nor_lose(
    line,
) -> None:
    facility = line()
    drawn = [reserve(facility, "50000") for _ in range(4)]
    settle(drawn[0])

    def one(number):
        with suppress(Refusal):
            if number % 5 == 0:
                settle(drawn[1 + number // 5 % 3])
            elif number % 5 == 1:
                change(operations.cut_facility, facility, to=Decimal(900000 - number * 1000))
            elif number % 5 == 2:
                change(operations.freeze_facility, facility)
                change(operations.unfreeze_facility, facility)
            elif number % 5 == 3:
                give_back(facility, "1000")
            else:
                reserve(facility, "37000")

    assert at_once(one, 15) == [None] * 15  # a deadlock would be an exception here

    held, group = queries.facility(facility.id), queries.group_of(facility.id)
    [part] = queries.sub_limits_of(facility.id)
    assert (held.used, held.reserved) == (group.used, group.reserved) == (part.used, part.reserved)
    assert held.used == 200000 - 3000
    assert held.used + held.reserved <= held.granted < 900000
    assert trial_balance().difference == 0
    assert verify_audit_chain().intact


@pytest.mark.django_db(transaction=True)
def test_a_line_that_changes_groups_while_a_drawdown_waits_is_drawn_under_the_new_one(line) -> None:
    facility = line()
    old, new = LimitGroup.objects.get(), LimitGroup.objects.create(id="GRP-NEW", granted=50000)

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0] == 1

    def one(number):
        if number == 0:
            with transaction.atomic():
                Facility.objects.filter(id=facility.id).update(group=new)
                moved.set()
                deadline = monotonic() + 10
                while not waits() and monotonic() < deadline:
                    sleep(0.01)
            return "moved"
        assert moved.wait(10)
        return reserve(facility, "50000").status

    moved = Event()
    assert at_once(one, 2) == ["moved", "pending"]

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.reserved, new.reserved) == (0, 50000)
    assert counters(facility)[2] == "50000.00"


@pytest.mark.parametrize("table", [Facility, LimitGroup, SubLimit])
@pytest.mark.parametrize("column", ["used", "reserved"])
def test_the_database_refuses_more_than_the_limit_on_every_level(line, table, column) -> None:
    line("1000.00")
    too_much = {column: Decimal("5000000.01")}
    with pytest.raises(IntegrityError, match="never_drawn_over"), transaction.atomic():
        table.objects.update(**too_much)
    with pytest.raises(IntegrityError, match="never_drawn_over"), transaction.atomic():
        table.objects.update(**{column: Decimal("-0.01")})


def test_a_cut_below_what_is_drawn_goes_on_as_money_comes_back(line) -> None:
    facility = line()
    settle(reserve(facility, "600000"))
    cut = change(operations.cut_facility, facility, to=Decimal(400000))
    assert (cut.granted, cut.wanted, cut.available) == (600000, 400000, 0)

    give_back(facility, "150000")
    assert counters(facility)[:2] == ("450000.00", "450000.00")
    give_back(facility, "250000")

    held = queries.facility(facility.id)
    assert (held.granted, held.wanted, held.available) == (400000, None, 200000)
    steps = [(str(c.granted_from), str(c.granted_to)) for c in queries.limit_history(facility.id)]
    assert steps == [
        ("450000.00", "400000.00"), ("600000.00", "450000.00"), ("1000000.00", "600000.00"),
        ("0.00", "1000000.00"),
    ]  # fmt: skip
    with pytest.raises(NotACut):
        change(operations.cut_facility, facility, to=Decimal(400000))


def test_a_line_that_does_not_revolve_is_used_up_by_repaying(line) -> None:
    facility = line()
    SubLimit.objects.update(revolving=False)
    settle(reserve(facility, "600000"))
    give_back(facility, "500000")
    assert counters(facility) == ("1000000.00", "100000.00", "0.00", "500000.00")
    assert queries.facility(facility.id).available == 400000
    assert queries.exposure_of(uscc=facility.uscc) == 500000
    with pytest.raises(AboveAvailable, match=r"400,000\.00"):
        reserve(facility, "401000")


def test_a_cancelled_line_gives_nothing_and_closes_when_nothing_is_owed(line) -> None:
    facility = line()
    paid, on_its_way = reserve(facility, "100000"), reserve(facility, "50000")
    settle(paid)
    assert change(operations.cancel_facility, facility).status == "cancelled"
    with pytest.raises(FacilityNotOpen, match="cancelled"):
        reserve(facility, "1000")
    settle(on_its_way, paid=False)
    give_back(facility, "100000")
    held = queries.facility(facility.id)
    assert (held.status, held.expired) == ("closed", 1000000)
    with pytest.raises(IllegalTransition):
        change(operations.cancel_facility, facility)


def test_every_change_of_a_limit_is_kept_with_its_reason(line) -> None:
    facility = line("500000.00", approval=approved("900000.00"))
    change(
        operations.increase_facility, facility, to=Decimal(900000), approval=approved("900000.00")
    )
    change(operations.freeze_facility, facility)
    assert queries.facility(facility.id).frozen == 900000
    with pytest.raises(LimitReasonMissing):
        operations.unfreeze_facility(facility_id=facility.id, reason=" ", on=ENDS_ON, actor=SYSTEM)
    with pytest.raises(IllegalTransition, match="frozen and cannot become increased"):
        change(operations.increase_facility, facility, to=Decimal(950000), approval=approved("1"))

    newest, before, opened = queries.limit_history(facility.id)

    assert (newest.kind, newest.status_from, newest.status_to) == ("freeze", "open", "frozen")
    assert (before.kind, before.granted_from, before.granted_to) == ("increase", 500000, 900000)
    assert (before.actor_id, before.reason, before.on) == (SYSTEM.id, "review", ENDS_ON)
    assert opened.kind == "open"
    actions = [e.action for e in audit_trail(subject_type="facility", subject_id=facility.id)]
    assert actions == ["facility.frozen", "facility.increase", "facility.open"]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LimitChange.objects.update(reason="another")


@pytest.mark.parametrize(
    ("terms", "approval", "refused", "named"),
    [
        ({"granted": "1000000.01"}, {"amount": "1000000.00"}, NotCoveredByApproval, "amount"),
        ({"rate": "0.0359"}, {"amount": "1000000.00"}, NotCoveredByApproval, "annual rate"),
        ({"months": 12}, {"amount": "1000000.00", "months": 9}, NotCoveredByApproval, "months 12"),
        (
            {},
            {"amount": "1000000.00", "sign_by": ENDS_ON - timedelta(days=1)},
            ApprovalExpired,
            "ended on",
        ),
    ],
)
def test_no_line_opens_beyond_its_approval(line, terms, approval, refused, named) -> None:
    with pytest.raises(refused, match=named):
        line(**terms, approval=approved(**approval))
    assert not Facility.objects.exists()


@pytest.mark.parametrize(
    "beyond",
    [
        {"granted": Decimal("1000000.01")},
        {"annual_rate": Decimal("0.035999")},
        {"months": 13},
        {"expires_on": ENDS_ON + timedelta(days=400)},
        {"approved_amount": Decimal("999999.99")},
        {"approved_rate": Decimal("0.0361")},
    ],
    ids=lambda beyond: next(iter(beyond)),
)
def test_the_database_keeps_a_line_within_its_approval(line, beyond) -> None:
    line()
    with pytest.raises(IntegrityError, match="within_its_approval"), transaction.atomic():
        Facility.objects.update(**beyond)
    if "expires_on" not in beyond:
        with pytest.raises(IntegrityError, match="within_its_approval"), transaction.atomic():
            SubLimit.objects.update(**beyond)


def test_no_money_under_an_approval_that_ended(line) -> None:
    facility = line(months=3)
    SubLimit.objects.update(approval_expires_on=ENDS_ON - timedelta(days=1))
    with pytest.raises(ApprovalExpired):
        reserve(facility, "1000")
    assert counters(facility)[2] == "0.00"


def test_no_increase_without_an_open_approval_that_covers_it(line) -> None:
    facility = line("500000.00")
    wanted = {"to": Decimal(600000)}
    for approval in (
        approved("599999.99"), approved("600000.00", rate="0.04"), approved("600000.00", months=9),
    ):  # fmt: skip
        with pytest.raises(NotCoveredByApproval):
            change(operations.increase_facility, facility, approval=approval, **wanted)
    with pytest.raises(ApprovalExpired):
        late = approved("600000.00", sign_by=ENDS_ON - timedelta(days=1))
        change(operations.increase_facility, facility, approval=late, **wanted)
    with pytest.raises(NotAnIncrease):
        change(
            operations.increase_facility, facility, to=Decimal(500000),
            approval=approved("600000.00"),
        )  # fmt: skip
    assert counters(facility)[0] == "500000.00"


def test_firms_of_one_owner_share_one_total(make_facility, customer, line) -> None:
    first = make_facility(granted="3000000.00")
    group = queries.group_of(first.id)
    assert (group.granted, group.committed) == (5000000, 3000000)
    assert customer.uscc in group.firms
    assert customer.person_no in group.people

    with pytest.raises(AboveGroupTotal, match=r"2,000,000\.00 left of the group's total"):
        line("2000001.00", uscc=customer.uscc)
    second = line("2000000.00", uscc=customer.uscc)

    assert queries.group_of(second.id).id == group.id
    settle(reserve(first, "3000000", months=3))
    said = {"group_id": group.id, "on": ENDS_ON, "reason": "review", "actor": SYSTEM}
    with pytest.raises(GroupTotalInUse, match=r"3,000,000\.00"):
        operations.set_group_total(to=Decimal(2999999), **said)
    operations.set_group_total(to=Decimal(3500000), **said)
    assert queries.facility(second.id).available == 500000
    with pytest.raises(AboveAvailable, match=r"500,000\.00 available"):
        reserve(second, "501000")


def test_groups_that_turn_out_linked_become_one(line) -> None:
    first, second = line("100000.00"), line("200000.00")
    settle(reserve(first, "50000"))
    reserve(second, "70000")
    operations.open_facility(
        application_id="A", contract_id="C", uscc=first.uscc, person_no=second.person_no,
        product_code=PRODUCT, granted=Decimal(1000), annual_rate=Decimal("0.04"), months=3,
        method="equal_principal", opens_on=ENDS_ON, expires_on=add_months(ENDS_ON, 3),
        account_no="1", approval=approved("1000.00"), actor=SYSTEM,
    )  # fmt: skip
    [group] = LimitGroup.objects.all()
    assert (group.used, group.reserved, group.granted) == (50000, 70000, 5000000)
    assert queries.group_of(second.id).committed == 301000


def test_a_second_product_draws_under_the_same_line(line, monkeypatch) -> None:
    facility = line("100000.00")
    with pytest.raises(ProductNotInLine, match=PRODUCT):
        reserve(facility, "1000", product_code="another")
    other = SubLimit.objects.get()
    other.pk, other.product_code, other.granted = None, "another", Decimal(40000)
    other.save()
    rules = operations.drawing.product(PRODUCT)
    monkeypatch.setattr(operations.drawing, "product", lambda _: rules)

    settle(reserve(facility, "40000", product_code="another"))
    with pytest.raises(AboveAvailable, match=r"0\.00 available"):
        reserve(facility, "1000", product_code="another")
    with pytest.raises(AboveAvailable, match=r"60,000\.00 available"):
        reserve(facility, "61000")
    assert {p.product_code: str(p.used) for p in queries.sub_limits_of(facility.id)} == {
        "another": "40000.00", PRODUCT: "0.00",
    }  # fmt: skip


def test_a_loan_matures_soon_after_its_line_at_the_latest(line) -> None:
    """The trade notes, 1.1: a single draw matures by 180 days after the line's expiry."""
    facility = line(months=12)
    late = add_months(ENDS_ON, 9)  # 12 months from here end 9 months after the line
    set_business_date(on=late, actor=SYSTEM)
    assert queries.draw_terms(facility.id, late) == (3, 6)  # 9 months end on 2027-12-30
    last = facility.expires_on + timedelta(days=180)
    with pytest.raises(MaturesTooLate, match=f"after {last}.*longest term today is 6 months"):
        reserve(facility, "1000", on=late)
    with pytest.raises(TermNotOffered, match="choose one of: 3, 6"):
        reserve(facility, "1000", on=late, months=5)
    drawn = settle(reserve(facility, "1000", on=late, months=6))
    matures_on = queries.loan(drawn.loan_id).state.instalments[-1].due_on
    assert matures_on == add_months(late, 6) <= last


def test_the_account_number_is_ciphertext_at_rest(line) -> None:
    facility = line()
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_no FROM servicing_facility")
        [stored] = cursor.fetchone()
    assert "6217000010001234567" not in stored
    assert queries.facility(facility.id).account_no == "6217000010001234567"


def test_the_command_shows_and_changes_a_line(line, capsys) -> None:
    facility = line()
    for name, role in (("risk", "risk_officer"), ("ops", "operations")):
        register_staff(
            username=name, role=role, password="correct horse battery", actor=SYSTEM, on=ENDS_ON
        )

    def kuaidai(*arguments):
        with pytest.raises(SystemExit) as done:
            run(["facility", *arguments])
        return done.value.code, capsys.readouterr()

    def change(what, *why, by="ops"):
        return kuaidai(what, facility.id, *why, "--as", by)

    assert change("cut", "--to", "400000", "--reason", "review", by="risk")[0] == 0
    code, out = change("freeze", "--reason", "watch", by="nobody")
    assert (code, out.err) == (2, "error: No staff login nobody was found; check the name.\n")
    assert change("freeze", "--reason", "watch")[0] == 0
    code, out = kuaidai("show", facility.id, "--json")
    shown = json.loads(out.out)
    assert (code, shown["granted"], shown["frozen"]) == (0, "400000.00", "400000.00")
    assert shown["account_no"] == "621************4567"
    assert [(c["kind"], c["actor_id"]) for c in shown["history"]] == [
        ("freeze", "ops"), ("cut", "risk"), ("open", SYSTEM.id),
    ]  # fmt: skip
    assert change("unfreeze", "--reason", "cleared")[0] == 0
    assert "facility" not in kuaidai("show", facility.id)[1].err
    assert change("cancel", "--reason", "left", by="risk")[0] == 0
    code, out = change("freeze", "--reason", "late")
    assert (code, "is closed and cannot become frozen" in out.err) == (2, True)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(1, 60)),
        st.tuples(st.just("post"), st.integers(0, 9)),
        st.tuples(st.just("release"), st.integers(0, 9)),
        st.tuples(st.just("repay"), st.integers(1, 60)),
        st.tuples(st.just("cut"), st.integers(0, 120)),
    ),
    max_size=20,
)


class _Model:
    """The account in three numbers, as the trade would keep it on paper."""

    def __init__(self) -> None:
        self.granted, self.used, self.wanted, self.open = 100, 0, None, {}

    @property
    def taken(self) -> int:
        return self.used + sum(self.open.values())

    def shrink(self) -> None:
        if self.wanted is not None:
            self.granted = max(self.wanted, self.taken)
            self.wanted = self.wanted if self.wanted < self.granted else None


def _step(model: _Model, facility, name: str, number: int) -> None:
    thousands = Decimal(number * 1000)
    if name == "reserve":
        if number > model.granted - model.taken:
            with pytest.raises(AboveAvailable):
                reserve(facility, thousands)
        else:
            model.open[reserve(facility, thousands)] = number
    elif name in ("post", "release") and model.open:
        drawn = list(model.open)[number % len(model.open)]
        settle(drawn, paid=name == "post")
        model.used += model.open[drawn] if name == "post" else 0
        del model.open[drawn]
        if name == "release":
            model.shrink()
    elif name == "repay" and number <= model.used:
        give_back(facility, thousands)
        model.used -= number
        model.shrink()
    elif name == "cut" and number < model.granted:
        change(operations.cut_facility, facility, to=thousands)
        model.wanted = number
        model.shrink()


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_counters_agree_with_a_paper_account_whatever_happens(line, steps) -> None:
    with transaction.atomic():
        facility, model = line("100000.00"), _Model()
        for name, number in steps:
            _step(model, facility, name, number)
            held, group = queries.facility(facility.id), queries.group_of(facility.id)
            [part] = queries.sub_limits_of(facility.id)
            assert (held.granted, held.used) == (model.granted * 1000, model.used * 1000)
            assert held.used + held.reserved == model.taken * 1000 <= held.granted
            assert (held.used, held.reserved) == (group.used, group.reserved)
            assert (held.used, held.reserved) == (part.used, part.reserved)
        transaction.set_rollback(True)
