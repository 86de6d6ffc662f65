"""The hidden cause of everything: each firm's and owner's health, month by month.

Health is in standard units (0 ordinary, below -1.5 in trouble). A firm's is a lasting part
(its owner's quality and its own), a slow autoregressive part, its industry's and the economy's
shocks. `strain` is what drives payment trouble: health plus a part that no dataset shows, which is
why no model can be perfect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import Floats, Ints, logistic
from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.population import Firms, People
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, Timeline

_PERSISTENCE = 0.97

WRITTEN_OFF_AFTER = 14


@dataclass(frozen=True)
class Health:
    """Arrays over (subject, month), burn-in months included.

    `firm` and `person` are health; `strain` of firms and `person_strain` add the hidden part.
    """

    firm: Floats
    person: Floats
    strain: Floats
    person_strain: Floats

    def firm_months(self) -> Floats:
        """Firm health in the emitted months only."""
        return self.firm[:, BURN_IN_MONTHS:]

    def person_months(self) -> Floats:
        """Owner health in the emitted months only."""
        return self.person[:, BURN_IN_MONTHS:]


def autoregressive(
    rng: np.random.Generator, rows: int, columns: int, *, spread: float, persistence: float
) -> Floats:
    """Stationary first-order series with standard deviation `spread`."""
    shocks = rng.normal(0.0, spread * np.sqrt(1 - persistence**2), (rows, columns))
    shocks[:, 0] = rng.normal(0.0, spread, rows)
    for month in range(1, columns):
        shocks[:, month] += persistence * shocks[:, month - 1]
    return shocks


def build_health(firms: Firms, people: People, line: Timeline, streams: Streams) -> Health:
    """Health of every firm and owner over burn-in and emitted months."""
    rng = streams.stream("health")
    months = line.months + BURN_IN_MONTHS
    economy = autoregressive(rng, 1, months, spread=0.18, persistence=0.9)
    sectors = autoregressive(rng, len(INDUSTRIES), months, spread=0.25, persistence=0.9)
    common = (economy + sectors)[firms.industry] * firms.trait("beta")[:, None]
    lasting = 0.5 * people.quality[firms.owner] + rng.normal(0.0, 0.55, firms.count)
    own = autoregressive(rng, firms.count, months, spread=0.75, persistence=_PERSISTENCE)
    firm = lasting[:, None] + own + common
    hidden = autoregressive(rng, firms.count, months, spread=0.3, persistence=_PERSISTENCE)
    first_firm = np.unique(firms.owner, return_index=True)[1]
    life = autoregressive(rng, people.owners, months, spread=0.5, persistence=_PERSISTENCE)
    person = 0.65 * firm[first_firm] + 0.45 * people.quality[: people.owners, None] + life
    personal = autoregressive(rng, people.owners, months, spread=0.5, persistence=0.85)
    return Health(firm, person, firm + hidden, person + personal)


def missed_payments(
    rng: np.random.Generator, strain: Floats, *, start: float, slope: float, stay: float
) -> Ints:
    """Consecutive missed monthly payments, by subject and month.

    A subject that is up to date misses with log-odds `start - slope * strain`; one that is behind
    stays behind with log-odds `stay - 0.8 * strain + 0.35 * missed` (of at most five missed):
    trouble feeds on itself. After `WRITTEN_OFF_AFTER` months the debt is settled or written off.
    """
    draws = rng.random(strain.shape)
    missed = np.zeros(strain.shape, dtype=np.int64)
    behind = np.zeros(strain.shape[0], dtype=np.int64)
    for month in range(strain.shape[1]):
        fresh = logistic(start - slope * strain[:, month])
        again = logistic(stay - 0.8 * strain[:, month] + 0.35 * np.minimum(behind, 5))
        misses = draws[:, month] < np.where(behind == 0, fresh, again)
        behind = np.where(misses & (behind < WRITTEN_OFF_AFTER), behind + 1, 0)
        missed[:, month] = behind
    return missed
