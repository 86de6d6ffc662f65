"""Faults on demand: what goes wrong with which platform."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kuaidai.data.lake.datasets import PLATFORM_DATASETS
from kuaidai.simulator.sandbox.exchange import Problem

LONGEST_DELAY_S = 120.0
TARGETS = (*PLATFORM_DATASETS, "bank_money", "sms")
"""What can fail. `bank_core` covers its reports and its money, `bank_money` only the money, which
alone knows the modes from `twice` on."""


class Mode(StrEnum):
    """How a platform misbehaves."""

    OK = "ok"
    SLOW = "slow"
    """answers after `seconds`"""
    DOWN = "down"
    """503"""
    MALFORMED = "malformed"
    """JSON cut off in the middle"""
    SCHEMA = "schema"
    """JSON that breaks the report's schema"""
    LYING = "lying"
    """a report about somebody else"""
    LOST = "lost"
    """does the work, then answers 503: the asker cannot know"""
    CRASHED = "crashed"
    """does the work, then answers 500"""
    NEVER = "never"
    """does nothing and closes the connection after `seconds` without an answer"""
    SILENT = "silent"
    """does the work and closes the connection after `seconds` without an answer"""
    TWICE = "twice"
    """gets every order twice and answers once"""
    DEFERRED = "deferred"
    """takes a batch of debits and gives its results only to who asks for them, after `seconds`"""
    WRONG_KEY = "wrong_key"
    """names another order's key"""
    WRONG_AMOUNT = "wrong_amount"
    """tells an amount one higher than it moved"""
    NEGATIVE = "negative"
    """tells a negative amount as settled"""
    WRONG_STATUS = "wrong_status"
    """tells a status nobody agreed on"""


@dataclass(frozen=True)
class Fault:
    """One platform's misbehaviour."""

    mode: Mode = Mode.OK
    seconds: float = 5.0


class Faults:
    """The faults now set. Safe for many threads."""

    def __init__(self, faults: Mapping[str, Fault] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults = dict(faults or {})

    def of(self, target: str) -> Fault:
        """The fault of a target; `bank_money` inherits that of `bank_core`."""
        with self._lock:
            own = self._faults.get(target, Fault())
            if own.mode is Mode.OK and target == "bank_money":
                return self._faults.get("bank_core", own)
            return own

    def set(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Set a fault from `{platform, mode, seconds}`; raises `Problem` 422."""
        target, fault = read_fault(
            str(body.get("platform", "")), str(body.get("mode", "")), body.get("seconds", 5.0)
        )
        with self._lock:
            self._faults[target] = fault
        return self.all()

    def all(self) -> dict[str, Any]:
        """Every target with its fault."""
        return {
            target: {"mode": fault.mode.value, "seconds": fault.seconds}
            for target in TARGETS
            for fault in [self.of(target)]
        }


def read_fault(target: str, mode: str, seconds: Any = 5.0) -> tuple[str, Fault]:
    """A fault from texts, such as those of `--fault tax=down`; raises `Problem` 422."""
    target = target.strip().replace("-", "_")
    if target not in TARGETS:
        raise Problem(422, "unknown-platform", f"platform must be one of {', '.join(TARGETS)}")
    if mode not in {known.value for known in Mode}:
        raise Problem(422, "unknown-mode", f"mode must be one of {', '.join(Mode)}")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Problem(422, "malformed-seconds", "seconds must be a number")
    if not 0 <= seconds <= LONGEST_DELAY_S:
        raise Problem(422, "malformed-seconds", f"seconds must be 0 to {LONGEST_DELAY_S:.0f}")
    return target, Fault(Mode(mode), float(seconds))
