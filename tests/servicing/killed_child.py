"""Run by `test_kill`: for each line of stdin, a process of its own that does as told or kills itself.

A line is JSON: the `deed`, the `database`, the core's `url`, where to `write` what the books hold, the
number of `workers`, and before which of its commits the process dies by SIGKILL (`kill_at`, or
`kill_worker_at` in each process that closes chunks). The answer is a line with the exit code, -9 for killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from kuaidai.config import setup

_KILL_WORKER = "KILL_WORKER_AT"

if __name__ == "__mp_main__":  # a process of the night: it is told by its environment
    setup()

    from tests.support.crashing import Commits, watched

    if _KILL_WORKER in os.environ:
        until_the_end = watched(Commits(int(os.environ[_KILL_WORKER])))
        until_the_end.__enter__()


def close(order: dict[str, Any]) -> None:
    """The close of a day."""
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing import operations
    from kuaidai.lending.servicing.operations.night import workers

    workers.CHUNKS_A_WORKER = 1
    operations.run_close_of_day(
        actor=Actor.system("tests"), on=date.fromisoformat(order["on"]), workers=order["workers"]
    )


def retry(order: dict[str, Any]) -> None:
    """Parked loans tried again."""
    from kuaidai.foundation.actors import Actor
    from kuaidai.lending.servicing import operations

    operations.retry_parked(actor=Actor.system("tests"))


def obey(order: dict[str, Any]) -> None:
    """Do the deed, passing commits; write what the books hold after it."""
    from django.db import connection
    from tests.support.core import KEY
    from tests.support.crashing import Commits, books, watched

    connection.settings_dict["NAME"] = order["database"]
    settings.KUAIDAI = replace(settings.KUAIDAI, platform_url=order["url"], platform_key=KEY)
    if order.get("kill_worker_at"):
        os.environ[_KILL_WORKER] = str(order["kill_worker_at"])
    commits = Commits(order.get("kill_at"))
    with watched(commits):
        {"close": close, "retry": retry}[order["deed"]](order)
    told = {"commits": len(commits.names), "books": {k: repr(v) for k, v in books().items()}}
    Path(order["write"]).write_text(json.dumps(told))


def main() -> None:
    """Serve until stdin ends. Nothing is open when a process is forked."""
    setup()
    import kuaidai.lending.servicing.operations  # noqa: F401 - once, not once a process

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                obey(json.loads(line))
                code = 0
            except BaseException:  # the test reads it
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
