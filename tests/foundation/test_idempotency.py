"""A request that is sent twice does its work once."""

import time
from datetime import date

import pytest
from tests.support.threads import at_once

from kuaidai.foundation.errors import IdempotencyKeyMalformed, IdempotencyMismatch
from kuaidai.foundation.models import BusinessDate, IdempotencyKey
from kuaidai.foundation.operations import run_once


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> dict[str, str]:
        self.done += 1
        return {"loan": f"L{self.done}"}


@pytest.mark.django_db
def test_key_that_cannot_be_stored_is_refused():
    for key in ("", "a b", "钥", "x" * 101, "nul\x00"):
        with pytest.raises(IdempotencyKeyMalformed):
            run_once(scope="draw", key=key, request={}, perform=dict)


@pytest.mark.django_db
def test_second_time_replays_the_first_result():
    work = Work()
    request = {"amount": "50000.00", "on": date(2026, 6, 30)}

    first = run_once(scope="draw", key="K1", request=request, perform=work)
    second = run_once(scope="draw", key="K1", request=dict(request), perform=work)

    assert first == ({"loan": "L1"}, False)
    assert second == ({"loan": "L1"}, True)
    assert work.done == 1


@pytest.mark.django_db
def test_same_key_in_another_scope_is_another_request():
    work = Work()

    run_once(scope="draw", key="K1", request={}, perform=work)
    run_once(scope="repay", key="K1", request={}, perform=work)

    assert work.done == 2


@pytest.mark.django_db
def test_same_key_with_another_request_is_refused():
    work = Work()
    run_once(scope="draw", key="K1", request={"amount": "50000.00"}, perform=work)

    with pytest.raises(IdempotencyMismatch, match="K1"):
        run_once(scope="draw", key="K1", request={"amount": "60000.00"}, perform=work)

    assert work.done == 1


@pytest.mark.django_db
def test_failed_work_leaves_neither_effect_nor_key():
    def fail() -> dict[str, str]:
        BusinessDate.objects.create(on=date(2026, 6, 30))
        raise RuntimeError("the bank core is down")

    with pytest.raises(RuntimeError):
        run_once(scope="draw", key="K1", request={}, perform=fail)

    assert not BusinessDate.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert run_once(scope="draw", key="K1", request={}, perform=Work()) == ({"loan": "L1"}, False)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_do_the_work_once():
    work = Work()

    def slowly() -> dict[str, str]:
        time.sleep(0.05)
        return work()

    results = at_once(lambda _: run_once(scope="draw", key="K1", request={}, perform=slowly), 8)

    assert [result for result, _ in results] == [{"loan": "L1"}] * 8
    assert sorted(replayed for _, replayed in results) == [False] + [True] * 7
    assert work.done == 1


@pytest.mark.django_db(transaction=True)
def test_when_the_first_of_two_fails_the_second_does_the_work():
    work = Work()

    def first_fails() -> dict[str, str]:
        time.sleep(0.1)
        if work.done == 0:
            work.done = 10
            raise RuntimeError("lost")
        return work()

    results = at_once(
        lambda _: run_once(scope="draw", key="K1", request={}, perform=first_fails), 2
    )

    assert sorted(type(result).__name__ for result in results) == ["RuntimeError", "tuple"]
    assert ({"loan": "L11"}, False) in results
