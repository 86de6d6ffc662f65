"""The circuit breaker, on a clock of the test's own."""

from kuaidai.data.sources.domain.breaker import CircuitBreaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures_to_open=3, rest_s=10.0, clock=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row():
    assert not broken(Clock()).allows()


def test_a_success_in_between_starts_the_count_again():
    breaker = CircuitBreaker(failures_to_open=3, clock=Clock())
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()

    assert breaker.allows()


def test_after_the_rest_one_caller_tries_and_the_others_wait():
    clock = Clock()
    breaker = broken(clock)
    clock.now += 10.0

    assert breaker.allows()
    assert not breaker.allows()


def test_a_good_trial_closes_it_and_a_bad_one_opens_it_for_another_rest():
    clock = Clock()
    breaker = broken(clock)
    clock.now += 10.0
    assert breaker.allows()
    breaker.failed()
    clock.now += 9.9
    assert not breaker.allows()
    clock.now += 0.1
    assert breaker.allows()
    breaker.succeeded()

    assert breaker.allows()
    assert breaker.allows()
