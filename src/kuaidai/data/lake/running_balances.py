"""The order of bookings within a day, found from the balance that stands after each of them.

Neither a file's order nor its numbers need be the order of booking. But each booking starts from the
balance that the one before it left, so a day's bookings are the edges of a graph whose nodes are
balances, and the order of booking is a path that takes every edge once: an Eulerian path, found by
Hierholzer's method in time that grows linearly with the day's bookings.
"""

from __future__ import annotations

from collections.abc import Sequence

Booking = tuple[int, int]
"""The balance before and the balance after, in hundredths."""


def booking_order(
    bookings: Sequence[Booking], opening: int | None, tolerance: int
) -> list[int] | None:
    """The places of a day's bookings in the order of booking, None where they make no chain.

    Balances within `tolerance` of each other are taken for one: banks round interest. Where bookings
    could follow on each other in several orders, those of the sequence given come first. `opening`, the
    balance of the evening before, decides where to start on a day that ends where it began.
    """
    nodes = _nodes([balance for booking in bookings for balance in booking], tolerance)
    leaving: dict[int, list[int]] = {}
    surplus: dict[int, int] = {}
    for place in reversed(range(len(bookings))):
        before, after = (nodes[balance] for balance in bookings[place])
        leaving.setdefault(before, []).append(place)
        surplus[before] = surplus.get(before, 0) + 1
        surplus[after] = surplus.get(after, 0) - 1
    if sum(abs(degree) for degree in surplus.values()) > 2:
        return None
    starts = [node for node, degree in surplus.items() if degree == 1]
    if not starts:
        starts = [_nearest(leaving, opening, nodes[bookings[0][0]])]
    path = _path(starts[0], leaving, [nodes[after] for _, after in bookings])
    return path if len(path) == len(bookings) else None


def _nodes(balances: Sequence[int], tolerance: int) -> dict[int, int]:
    """For each balance the lowest of those that are one with it."""
    nodes: dict[int, int] = {}
    last: int | None = None
    for balance in sorted(set(balances)):
        near = last is not None and balance - last <= tolerance
        nodes[balance] = nodes[last] if near and last is not None else balance
        last = balance
    return nodes


def _nearest(leaving: dict[int, list[int]], opening: int | None, otherwise: int) -> int:
    if opening is None:
        return otherwise
    return min(leaving, key=lambda node: (abs(node - opening), node))


def _path(start: int, leaving: dict[int, list[int]], after: Sequence[int]) -> list[int]:
    """An Eulerian path from `start`; it misses edges that cannot be reached."""
    left = {node: list(places) for node, places in leaving.items()}
    stack: list[tuple[int, int]] = [(start, -1)]
    path: list[int] = []
    while stack:
        node, by = stack[-1]
        if left.get(node):
            place = left[node].pop()
            stack.append((after[place], place))
        else:
            stack.pop()
            path.append(by)
    return path[-2::-1]
