"""See to it that a Chromium is there for the browser tests: `python3 scripts/browser.py`.

Looks for one on the path or Playwright's own; else installs Debian's package (as root) or
Playwright's build. Where neither can be had the browser tests skip, saying so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip
"""What a headless Chromium is started with, in tests and for screenshots."""
PLAYWRIGHT = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "playwright"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """KUAIDAI_CHROMIUM, a Chromium on the path, or Playwright's own build; None where none is."""
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    candidates = [
        os.environ.get("KUAIDAI_CHROMIUM"),
        *(shutil.which(name) for name in NAMES),
        *map(str, cache.glob("chromium*/chrome-*/chrome")),
    ]
    return next((path for path in candidates if path and Path(path).exists()), None)


def install() -> None:
    """Install Debian's Chromium as root where apt is there, else Playwright's build."""
    commands: list[list[str]] = []
    if shutil.which("apt-get") and os.geteuid() == 0:
        commands = [["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "-y", "chromium"]]
    elif PLAYWRIGHT.exists():
        commands = [[str(PLAYWRIGHT), "install", "chromium"]]
    for command in commands:
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if find_chromium() is None:
        install()
    if find_chromium() is None:
        print("No Chromium could be had: the browser tests will be skipped.", file=sys.stderr)
