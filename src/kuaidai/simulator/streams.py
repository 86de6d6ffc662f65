"""Named random streams: each part of the world draws from its own, so parts stay independent."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """Random streams spawned from one seed.

    The same seed and name give the same numbers on every machine; adding draws to one part of the
    world does not move another part.
    """

    seed: int

    def stream(self, name: str) -> np.random.Generator:
        """A fresh generator for the part called `name`."""
        entropy = np.random.SeedSequence([self.seed, zlib.crc32(name.encode())])
        return np.random.Generator(np.random.PCG64(entropy))
