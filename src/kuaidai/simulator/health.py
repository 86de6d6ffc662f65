"""The hidden cause of everything: each firm's and owner's health, month by month.

Health is in standard units (0 ordinary, below -1.5 in trouble). A firm's is a lasting part
(its owner's quality and its own), a slow autoregressive part, its industry's and the economy's
shocks. `strain` is what drives payment trouble: health plus a part that no dataset shows, which is
why no model can be perfect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuaidai.simulator.arrays import Flags, Floats, Ints, logistic
from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.plan import Shock
from kuaidai.simulator.population import Firms, People
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, OUTLOOK_MONTHS, Timeline

_PERSISTENCE = 0.97
_SHOCK_LEFT = 0.9
"""What is left of a shock a month later."""

WRITTEN_OFF_AFTER = 14


@dataclass(frozen=True)
class Health:
    """Arrays over (subject, month), burn-in months included.

    `firm` and `person` are health; `strain` of firms and `person_strain` add the hidden part.
    `strain_ahead` goes on for the months after the history.
    """

    firm: Floats
    person: Floats
    strain: Floats
    person_strain: Floats
    strain_ahead: Floats

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


def economy(line: Timeline, streams: Streams, shocks: Sequence[Shock] = ()) -> Floats:
    """What moves all firms of an industry before its beta: over (industry, month), from burn-in to the
    end of the outlook. The same for all clusters."""
    months = line.months + BURN_IN_MONTHS + OUTLOOK_MONTHS
    whole = autoregressive(streams.common("economy"), 1, months, spread=0.18, persistence=0.9)
    sectors = autoregressive(
        streams.common("industries"), len(INDUSTRIES), months, spread=0.25, persistence=0.9
    )
    moves = whole + sectors
    first = line.month_first[0].astype("datetime64[M]") - BURN_IN_MONTHS
    for shock in shocks:
        start = int((np.datetime64(shock.month, "M") - first).astype(np.int64))
        hit = [shock.industry in (None, entry.code) for entry in INDUSTRIES]
        moves[hit, start:] += shock.size * _SHOCK_LEFT ** np.arange(months - start)
    return moves


def build_health(
    firms: Firms, people: People, line: Timeline, streams: Streams, shocks: Sequence[Shock] = ()
) -> Health:
    """Health of every firm and owner over burn-in and emitted months, before any firm fails."""
    rng = streams.stream("health")
    months = line.months + BURN_IN_MONTHS
    common = economy(line, streams, shocks)[firms.industry] * firms.trait("beta")[:, None]
    lasting = 0.5 * people.quality[firms.owner] + rng.normal(0.0, 0.55, firms.count)
    shape = (firms.count, months + OUTLOOK_MONTHS)
    own = autoregressive(rng, *shape, spread=0.75, persistence=_PERSISTENCE)
    hidden = autoregressive(rng, *shape, spread=0.3, persistence=_PERSISTENCE)
    whole = lasting[:, None] + own + common
    firm, strain = whole[:, :months], (whole + hidden)[:, :months]
    first_firm = np.unique(firms.owner, return_index=True)[1]
    life = autoregressive(rng, people.owners, months, spread=0.5, persistence=_PERSISTENCE)
    person = 0.65 * firm[first_firm] + 0.45 * people.quality[: people.owners, None] + life
    personal = autoregressive(rng, people.owners, months, spread=0.5, persistence=0.85)
    return Health(firm, person, strain, person + personal, (whole + hidden)[:, months:])


def chance_of_missing(
    strain: Floats, behind: Ints, *, start: float, slope: float, stay: float
) -> Floats:
    """The probability of missing a month's payment when `behind` payments were missed before it.

    A subject that is up to date misses with log-odds `start - slope * strain`; one that is behind
    stays behind with log-odds `stay - 0.8 * strain + 0.35 * missed` (of at most five missed):
    trouble feeds on itself. After `WRITTEN_OFF_AFTER` months the debt is settled or written off.
    """
    fresh = logistic(start - slope * strain)
    again = logistic(stay - 0.8 * strain + 0.35 * np.minimum(behind, 5))
    return np.where(behind == 0, fresh, np.where(behind < WRITTEN_OFF_AFTER, again, 0.0))


def missed_payments(
    rng: np.random.Generator, strain: Floats, *, start: float, slope: float, stay: float,
    certain: Flags | None = None,
) -> Ints:  # fmt: skip
    """Consecutive missed monthly payments, by subject and month, drawn by `chance_of_missing`.

    Where `certain`, nothing is paid any more: firms that have ended.
    """
    draws = rng.random(strain.shape)
    missed = np.zeros(strain.shape, dtype=np.int64)
    behind = np.zeros(strain.shape[0], dtype=np.int64)
    for month in range(strain.shape[1]):
        chance = chance_of_missing(strain[:, month], behind, start=start, slope=slope, stay=stay)
        misses = draws[:, month] < chance
        if certain is not None:
            misses |= certain[:, month]
        behind = np.where(misses, behind + 1, 0)
        missed[:, month] = behind
    return missed
