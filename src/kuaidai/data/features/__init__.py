"""What is known about a business on a day: feature definitions as Ibis expressions, one for batch and online."""

from kuaidai.data.features.catalogue import catalog
from kuaidai.data.features.compute import compute_batch, compute_batches
from kuaidai.data.features.online import compute_online, prepare_online
from kuaidai.data.features.spec import FeatureSpec

__all__ = [
    "FeatureSpec",
    "catalog",
    "compute_batch",
    "compute_batches",
    "compute_online",
    "prepare_online",
]
