"""How firms are born, grow, shrink and die.

A young firm trades below its later size and grows into it; every firm has a phase of growth or
decline. Each month a firm may fail, the likelier the worse its strain: from then on its health sinks
and its trade fades for `WIND_DOWN_MONTHS` months, then it trades no more. Its account lives one month
longer, to pay the last tax, and is emptied. Some owners had a firm that failed before the one they have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kuaidai.simulator.arrays import Days, Flags, Floats, Ints
from kuaidai.simulator.health import Health
from kuaidai.simulator.population import Firms
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, OUTLOOK_MONTHS, Timeline

WIND_DOWN_MONTHS = 8
SINKS_BY = 0.3
"""Health lost in each month of winding down."""
_FAILURE, _FAILURE_SLOPE = -6.7, 0.8
"""Log of the monthly rate of failure at ordinary strain, and its growth as strain falls by one."""


@dataclass(frozen=True)
class Lives:
    """`size` is a log multiple of ordinary turnover over (firm, emitted month).

    `ends` is the month, counted from the first emitted, in which a firm trades no more; later than
    any month lived where it goes on. `registered_until` is when the registry strikes it off (not a
    time where it goes on), `orderly` whether by its own application (cancelled) or not (revoked).
    """

    size: Floats
    ends: Ints
    registered_until: Days
    orderly: Flags

    def trading(self, firms: Firms, line: Timeline) -> Flags:
        """Over (firm, emitted month): the firm trades and settles through the bank."""
        opened = line.month_first[None, :-1] >= firms.opened[:, None]
        return np.logical_and(opened, np.arange(line.months)[None, :] < self.ends[:, None])

    def over(self, months: int) -> Flags:
        """Over (firm, month): the firm has ended, for `months` months from the first emitted."""
        return np.asarray(np.arange(months)[None, :] >= self.ends[:, None])


def build_lives(firms: Firms, health: Health, line: Timeline, streams: Streams) -> Lives:
    """Draw failures, phases of growth, and how firms leave the registry."""
    rng = streams.stream("lives")
    ends = _ends(firms, health, line, rng)
    first = line.month_first[0].astype("datetime64[M]")
    left = (first + ends).astype("datetime64[D]") + rng.integers(60, 500, firms.count)
    lived = ends < line.months + OUTLOOK_MONTHS
    return Lives(
        size=_size(firms, ends, line, rng),
        ends=ends,
        registered_until=np.where(lived, left, np.datetime64("NaT", "D")),
        orderly=rng.random(firms.count) < 0.7,
    )


def _ends(firms: Firms, health: Health, line: Timeline, rng: np.random.Generator) -> Ints:
    months = line.months + OUTLOOK_MONTHS
    strain = np.concatenate([health.strain[:, BURN_IN_MONTHS:], health.strain_ahead], axis=1)
    fails = rng.random(strain.shape) < np.exp(np.minimum(_FAILURE - _FAILURE_SLOPE * strain, -1.5))
    fails &= _age_months(firms, line, months) >= 6
    ends = np.where(fails.any(axis=1), fails.argmax(axis=1) + WIND_DOWN_MONTHS, months + 1_000)
    first = line.month_first[0].astype("datetime64[M]")
    planned = (firms.failed.astype("datetime64[M]") - first).astype(np.int64)
    return np.where(np.isnat(firms.failed), ends, planned)


def _age_months(firms: Firms, line: Timeline, months: int) -> Ints:
    first = line.month_first[0].astype("datetime64[M]")
    born = (firms.established.astype("datetime64[M]") - first).astype(np.int64)
    return np.asarray(np.arange(months)[None, :] - born[:, None])


def _size(firms: Firms, ends: Ints, line: Timeline, rng: np.random.Generator) -> Floats:
    age = np.maximum(_age_months(firms, line, line.months), 0)
    young = -0.9 * np.exp(-age / 15.0)
    slope = rng.normal(0.0, 0.012, firms.count)
    start, long = rng.integers(-12, line.months, firms.count), rng.integers(9, 30, firms.count)
    inside = np.clip(np.arange(line.months)[None, :] - start[:, None], 0, long[:, None])
    left = np.clip(ends[:, None] - np.arange(line.months)[None, :], 0, WIND_DOWN_MONTHS + 1)
    fading = np.log((left + 0.5) / (WIND_DOWN_MONTHS + 1.5))
    return np.asarray(young + np.clip(slope[:, None] * inside, -0.7, 0.7) + fading)


def declining(health: Health, firms: Firms, lives: Lives, line: Timeline) -> Health:
    """`health` with the decline of the firms that fail, and its part in their owners' health."""
    months = np.arange(-BURN_IN_MONTHS, line.months + OUTLOOK_MONTHS)
    begun = lives.ends - WIND_DOWN_MONTHS
    lost = SINKS_BY * np.clip(months[None, :] - begun[:, None], 0, WIND_DOWN_MONTHS)
    lived, ahead = lost[:, :-OUTLOOK_MONTHS], lost[:, -OUTLOOK_MONTHS:]
    first_firm = np.unique(firms.owner, return_index=True)[1]
    return replace(
        health,
        firm=health.firm - lived,
        strain=health.strain - lived,
        strain_ahead=health.strain_ahead - ahead,
        person=health.person - 0.5 * lived[first_firm],
        person_strain=health.person_strain - 0.5 * lived[first_firm],
    )
