"""What is to be simulated, and how it is cut into clusters that can be built alone.

A cluster is a few hundred to a few thousand firms with their owners. Whatever belongs to one firm comes
from the cluster's own random streams, whatever is common to all (economy, industries, core enterprises)
from streams of the whole; so a cluster is the same alone, in any order and in any process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kuaidai.simulator.errors import NoSuchIndustry, NoSuchSize, ShockOutside, ShockUnreadable
from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.timeline import BURN_IN_MONTHS, RUN_IN_MONTHS, Timeline, timeline

MOST_FIRMS, MOST_MONTHS = 1_000_000, 240
_CLUSTER_FIRMS, _CLUSTER_FIRM_MONTHS = 2_000, 100_000


@dataclass(frozen=True)
class Shock:
    """Health of all industries, or of one (`industry`, a division's code), moves by `size` times the
    industry's beta in `month`, and comes back a tenth of the rest each month after."""

    month: date
    size: float
    industry: str | None = None

    @classmethod
    def read(cls, text: str) -> Shock:
        """`2026-02:-1.5` or `2026-02:-1.5:62`. Raises `ShockUnreadable`, `NoSuchIndustry`."""
        month, _, rest = text.partition(":")
        size, _, industry = rest.partition(":")
        try:
            shock = cls(date.fromisoformat(f"{month}-01"), float(size), industry or None)
        except ValueError:
            raise ShockUnreadable(value=text) from None
        if not -10 <= shock.size <= 10:
            raise ShockUnreadable(value=text)
        codes = [entry.code for entry in INDUSTRIES]
        if shock.industry is not None and shock.industry not in codes:
            raise NoSuchIndustry(value=shock.industry, known=", ".join(codes))
        return shock

    def __str__(self) -> str:
        tail = "" if self.industry is None else f":{self.industry}"
        return f"{self.month:%Y-%m}:{self.size:g}{tail}"


@dataclass(frozen=True)
class Cluster:
    """Firms `first + 1` to `first + firms` of the whole, in the order of their numbers."""

    number: int
    first: int
    firms: int


@dataclass(frozen=True)
class Plan:
    """A bank to simulate: `firms` firms, `months` months of loan book that end on `ends_on`.

    Raises `NoSuchSize` for counts outside 1 to 1,000,000 firms or 1 to 240 months and `ShockOutside` for
    a shock before the months that are lived or after the last.
    """

    firms: int
    months: int
    seed: int
    ends_on: date
    shocks: tuple[Shock, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.firms <= MOST_FIRMS:
            raise NoSuchSize(what="firms", most=MOST_FIRMS, value=self.firms)
        if not 1 <= self.months <= MOST_MONTHS:
            raise NoSuchSize(what="months", most=MOST_MONTHS, value=self.months)
        line = self.timeline()
        first = (line.month_first[0].astype("datetime64[M]") - BURN_IN_MONTHS).astype(date)
        for shock in self.shocks:
            if not first <= shock.month <= self.ends_on:
                raise ShockOutside(
                    value=str(shock), first=f"{first:%Y-%m}", last=f"{self.ends_on:%Y-%m}"
                )

    def timeline(self) -> Timeline:
        """The months and days of the history."""
        return timeline(months=self.months, ends_on=self.ends_on)

    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters, as equal as can be; longer histories have smaller ones, so that the memory
        of one stays the same."""
        size = min(_CLUSTER_FIRMS, _CLUSTER_FIRM_MONTHS // (self.months + RUN_IN_MONTHS))
        count = -(-self.firms // size)
        bounds = [self.firms * place // count for place in range(count + 1)]
        return tuple(
            Cluster(place, bounds[place], bounds[place + 1] - bounds[place])
            for place in range(count)
        )
