"""What befalls a household from outside its firm: illness, divorce.

Rare, sudden and slow to heal. The owner's wealth and card show it at once, since they follow the owner's health;
the firm's books do not, but its payments get harder to make: part of its strain is the owner's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kuaidai.simulator.arrays import Floats
from kuaidai.simulator.health import Health
from kuaidai.simulator.population import Firms, People
from kuaidai.simulator.streams import Streams
from kuaidai.simulator.timeline import BURN_IN_MONTHS, Timeline

MONTHLY_RATE = 0.0015
"""Chance of an owner in a month."""
HEALS = 0.93
"""What is left of a blow a month later."""
ON_THE_FIRM = 0.3
"""The part of a blow that strains the owner's firm."""


@dataclass(frozen=True)
class Misfortunes:
    """`blow`: health lost, over (owner, month) with the burn-in; it begins at 1 to 2."""

    blow: Floats


def build_misfortunes(people: People, line: Timeline, streams: Streams) -> Misfortunes:
    """Draw when whom it hits, and how hard."""
    rng = streams.stream("misfortunes")
    shape = (people.owners, line.months + BURN_IN_MONTHS)
    hits = (rng.random(shape) < MONTHLY_RATE) * rng.uniform(1.0, 2.0, shape)
    for month in range(1, shape[1]):
        hits[:, month] += HEALS * hits[:, month - 1]
    return Misfortunes(hits)


def struck(health: Health, fates: Misfortunes, firms: Firms) -> Health:
    """Health with the blows to owners, and their part in the strain of the owners' firms."""
    passed_on = ON_THE_FIRM * fates.blow[firms.owner]
    months_ahead = np.arange(1, health.strain_ahead.shape[1] + 1)
    ahead = passed_on[:, -1:] * HEALS ** months_ahead[None, :]
    return replace(
        health,
        person=health.person - fates.blow,
        person_strain=health.person_strain - fates.blow,
        strain=health.strain - passed_on,
        strain_ahead=health.strain_ahead - ahead,
    )
