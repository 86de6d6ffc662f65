"""The processes a running platform consists of: start them, wait until they answer, stop them all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ProcessFailed(RuntimeError):
    """A process of the platform ended, or did not answer in time."""


def free_port(preferred: int) -> int:
    """`preferred` if nothing listens there, else any free port of the loopback address."""
    for candidate in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ProcessFailed("no free port on 127.0.0.1")


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a child and its own children, unless they are gone."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


@dataclass
class Processes:
    """Child `kuaidai` commands, each with its log file; a context manager that stops them all.

    Every child runs in its own session, so that Ctrl-C reaches only the parent, which then stops
    the children in reverse order.
    """

    logs: Path
    environment: Mapping[str, str]
    _running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start `kuaidai ARGUMENTS`, its output going to `logs/NAME.log`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "kuaidai", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self._running.append((name, child))

    def wait_for(self, name: str, url: str) -> None:
        """Return once `url` answers; raise `ProcessFailed` naming the log when it does not."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            self.check()
            try:
                if httpx.get(url, timeout=2.0).status_code < 500:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise ProcessFailed(
            f"{name} did not answer at {url} in {START_TIMEOUT_S:.0f} s; see {self.logs / name}.log"
        )

    def check(self) -> None:
        """Raise `ProcessFailed` if a child has ended."""
        for name, child in self._running:
            code = child.poll()
            if code is not None:
                raise ProcessFailed(f"{name} ended with code {code}; see {self.logs / name}.log")

    def stop(self) -> None:
        """End every child: politely first, by force after ten seconds. Signals wait until it is done."""
        kept = {number: signal.signal(number, signal.SIG_IGN) for number in _STOP_SIGNALS}
        try:
            for _, child in reversed(self._running):
                _signal(child, signal.SIGTERM)
            for _, child in reversed(self._running):
                try:
                    child.wait(STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    _signal(child, signal.SIGKILL)
                    child.wait()
            self._running.clear()
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
