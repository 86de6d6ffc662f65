"""The order of booking is found from the balances, however the day's bookings are shuffled."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kuaidai.data.lake.running_balances import booking_order

AMOUNTS = st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=12)


@given(st.integers(-3, 3), AMOUNTS, st.randoms(use_true_random=False))
def test_a_shuffled_day_is_put_in_an_order_that_agrees(opening, amounts, random) -> None:
    """Small amounts make the same balances come back again and again, so that orders are many."""
    bookings, balance = [], opening
    for amount in amounts:
        bookings.append((balance, balance + amount))
        balance += amount
    random.shuffle(bookings)
    order = booking_order(bookings, opening, 0)
    assert order is not None
    assert sorted(order) == list(range(len(bookings)))
    day = [bookings[place] for place in order]
    assert (day[0][0], day[-1][1]) == (opening, balance)
    assert all(one[1] == other[0] for one, other in pairwise(day))


def test_a_tolerance_bridges_rounded_balances() -> None:
    assert booking_order([(105, 205), (0, 100)], 0, 4) is None
    assert booking_order([(105, 205), (0, 100)], 0, 5) == [1, 0]


def test_a_missing_booking_breaks_the_chain() -> None:
    assert booking_order([(0, 100), (300, 250)], 0, 0) is None
    assert booking_order([(0, 1), (1, 0), (50, 51), (51, 50)], 0, 0) is None


def test_without_an_evening_before_a_round_trip_stays_as_it_came() -> None:
    assert booking_order([(10, 1), (1, 10)], None, 0) == [0, 1]
    assert booking_order([(10, 1), (1, 10)], 1, 0) == [1, 0]


def test_a_day_of_many_bookings_takes_no_recursion() -> None:
    bookings = [(place, place + 1) for place in reversed(range(20_000))]
    assert booking_order(bookings, 0, 0) == list(reversed(range(20_000)))
