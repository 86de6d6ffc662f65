"""Who lives in the simulated economy: firms and the people who own them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from kuaidai.simulator import identities
from kuaidai.simulator.arrays import Days, Flags, Floats, Ints, cents
from kuaidai.simulator.industries import INDUSTRIES, PROVINCES
from kuaidai.simulator.plan import Cluster
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import Timeline

SMALLEST_TURNOVER, LARGEST_TURNOVER = 500_000.0, 30_000_000.0


@dataclass(frozen=True)
class People:
    """Owners first (indexes below `owners`), then further shareholders."""

    owners: int
    person_id: list[str]
    name: list[str]
    resident_id: list[str]
    phone: list[str]
    born: Days
    quality: Floats
    married: Flags

    @property
    def count(self) -> int:
        """All people."""
        return len(self.person_id)


@dataclass(frozen=True)
class Firms:
    """Firms; `owner` and `second_holder` index into People (-1: nobody). Turnover in yuan a year.

    `failed` is set for the firms whose owner starts again with the next one: the month they end in.
    """

    number: Ints
    uscc: list[str]
    name: list[str]
    sole_trader: Flags
    industry: Ints
    province: Ints
    established: Days
    failed: Days
    account_no: list[str]
    opened: Days
    basic_account: Flags
    turnover: Floats
    registered_capital: Ints
    paid_in_capital: Ints
    owner: Ints
    owner_share: Floats
    second_holder: Ints
    payroll_here: Flags
    customers: Ints
    suppliers: Ints

    @property
    def count(self) -> int:
        """All firms."""
        return len(self.uscc)

    def trait(self, name: str) -> Floats:
        """A figure of each firm's industry, such as `margin`."""
        table = np.array([float(getattr(industry, name)) for industry in INDUSTRIES])
        return np.asarray(table[self.industry])


def build_population(cluster: Cluster, line: Timeline, streams: Streams) -> tuple[Firms, People]:
    """A cluster's firms with their owners; about one owner in twenty-five has two firms, and of these
    half had the first only until it failed."""
    rng = streams.stream("population")
    count = cluster.firms
    owner = np.arange(count)
    shares_owner = (rng.random(count) < 0.04) & (owner > 0)
    owner = np.cumsum(~shares_owner) - 1
    owners = int(owner[-1]) + 1
    has_second = rng.random(count) < 0.25
    second = np.where(has_second, owners + np.cumsum(has_second) - 1, -1)
    people = _people(owners, int(has_second.sum()), cluster, line, rng)
    firms = _firms(cluster, owner, second, line, rng)
    return _starting_again(firms, shares_owner, line, rng), people


def _starting_again(
    firms: Firms, shares_owner: Flags, line: Timeline, rng: np.random.Generator
) -> Firms:
    """Of owners with two firms, half began the second within half a year after the first had ended."""
    again = np.flatnonzero(shares_owner & (rng.random(firms.count) < 0.5))
    before = again - 1
    established, opened, failed = firms.established.copy(), firms.opened.copy(), firms.failed.copy()
    since = rng.integers(90, max(30 * (line.months - 12), 91), len(again))
    established[again] = np.datetime64(line.ends_on, "D") - since
    opened[again] = established[again] + rng.integers(5, 60, len(again))
    pause = rng.integers(1, 7, len(again))
    failed[before] = (established[again].astype("datetime64[M]") - pause).astype("datetime64[D]")
    earliest = failed[before] - rng.integers(800, 3000, len(again))
    moved = np.minimum(established[before], earliest) - established[before]
    established[before] += moved
    opened[before] += moved
    return replace(firms, established=established, opened=opened, failed=failed)


def _people(
    owners: int, others: int, cluster: Cluster, line: Timeline, rng: np.random.Generator
) -> People:
    total, first = owners + others, 2 * cluster.first + 1
    ages = np.clip(rng.normal(42.0, 9.5, total), 20.0, 74.0)
    born = [line.ends_on - timedelta(days=int(age * 365.25)) for age in ages]
    province = rng.choice(len(PROVINCES), total, p=[share for _, _, share in PROVINCES])
    taken: set[str] = set()
    resident_ids = []
    for index in range(total):
        area = f"{PROVINCES[int(province[index])][0]}{cluster.number:04d}"
        number, born[index] = _unused(area, born[index], taken)
        resident_ids.append(number)
    return People(
        owners=owners,
        person_id=[identities.customer_number(first + index) for index in range(total)],
        name=[identities.person_name(first + index) for index in range(total)],
        resident_id=resident_ids,
        phone=[identities.phone_number(first + index) for index in range(total)],
        born=np.array(born, dtype="datetime64[D]"),
        quality=rng.normal(0.0, 1.0, total),
        married=rng.random(total) < 0.8,
    )


def _unused(area: str, born: date, taken: set[str]) -> tuple[str, date]:
    number = identities.resident_number(area=area, born=born)
    while number in taken:
        born -= timedelta(days=1)
        number = identities.resident_number(area=area, born=born)
    taken.add(number)
    return number, born


def _firms(
    cluster: Cluster, owner: Ints, second: Ints, line: Timeline, rng: np.random.Generator
) -> Firms:
    count, first = cluster.firms, cluster.first + 1
    industry = rng.choice(len(INDUSTRIES), count, p=[entry.weight for entry in INDUSTRIES])
    province = rng.choice(len(PROVINCES), count, p=[share for _, _, share in PROVINCES])
    sole_trader = rng.random(count) < 0.25
    turnover = 3_000_000.0 * np.exp(rng.normal(0.0, 0.9, count)) * np.where(sole_trader, 0.6, 1.1)
    turnover = np.clip(turnover, SMALLEST_TURNOVER, LARGEST_TURNOVER)
    age_days = np.clip(np.exp(rng.normal(np.log(84.0), 0.65, count)), 9.0, 300.0) * 30.44
    established = np.datetime64(line.ends_on, "D") - age_days.astype(np.int64)
    waited = np.rint(rng.gamma(1.2, 0.06, count) * age_days).astype(np.int64) + 5
    opened = established + np.minimum(waited, (age_days * 0.6).astype(np.int64))
    capital = np.maximum(np.rint(turnover * rng.uniform(0.1, 0.5, count) / 1e5), 1.0) * 1e5
    paid_in = np.rint(capital * rng.beta(2.0, 1.2, count) / 1e4) * 1e4
    return Firms(
        number=np.arange(first, first + count),
        uscc=[
            identities.social_credit_code(
                first + index, province=PROVINCES[int(province[index])][0], sole_trader=trader
            )
            for index, trader in enumerate(sole_trader)
        ],
        name=[
            identities.firm_name(
                first + index, province=PROVINCES[int(province[index])][1], sole_trader=trader
            )
            for index, trader in enumerate(sole_trader)
        ],
        sole_trader=sole_trader,
        industry=industry,
        province=province,
        established=established,
        failed=np.full(count, np.datetime64("NaT", "D")),
        account_no=[identities.account_number(first + index) for index in range(count)],
        opened=opened,
        basic_account=rng.random(count) < 0.85,
        turnover=turnover,
        registered_capital=cents(capital),
        paid_in_capital=cents(paid_in),
        owner=owner,
        owner_share=np.where(second >= 0, np.round(rng.uniform(0.51, 0.9, count), 2), 1.0),
        second_holder=second,
        payroll_here=rng.random(count) < 0.8,
        customers=np.clip(np.rint(np.exp(rng.normal(3.1, 1.0, count))), 2, 60).astype(np.int64),
        suppliers=rng.integers(3, 21, count),
    )
