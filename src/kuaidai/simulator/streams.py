"""Named random streams: each part of the world draws from its own, so parts stay independent."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """Random streams spawned from one seed, for one cluster of firms.

    The same seed, cluster and name give the same numbers on every machine; adding draws to one part
    of the world does not move another part.
    """

    seed: int
    cluster: int = 0

    def stream(self, name: str) -> np.random.Generator:
        """A fresh generator for the part called `name` of this cluster."""
        # a seed sequence does not tell a trailing zero from nothing, hence the 1
        return _generator(self.seed, zlib.crc32(name.encode()), self.cluster + 1)

    def common(self, name: str) -> np.random.Generator:
        """A fresh generator for the part called `name` that all clusters share."""
        return _generator(self.seed, zlib.crc32(name.encode()))


def _generator(*entropy: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
