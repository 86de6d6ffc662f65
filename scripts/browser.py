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

PLAYWRIGHT = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "playwright"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def found() -> bool:
    """Whether a Chromium can be started without installing anything."""
    if os.environ.get("KUAIDAI_CHROMIUM") or any(shutil.which(name) for name in NAMES):
        return True
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    return any(cache.glob("chromium*/chrome-linux*/chrome"))


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
    if not found():
        install()
    if not found():
        print("No Chromium could be had: the browser tests will be skipped.", file=sys.stderr)
