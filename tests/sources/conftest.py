from tests.support.bank import bank_drop, platforms, running_platforms

__all__ = ["bank_drop", "platforms", "running_platforms"]
