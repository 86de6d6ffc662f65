from tests.support.bank import bank_drop, platforms, running_platforms
from tests.support.lending import bank, journey

__all__ = ["bank", "bank_drop", "journey", "platforms", "running_platforms"]
