"""A real browser, the web server, a worker and the sandbox platforms, all of them running."""

from __future__ import annotations

import os
import threading

import pytest
from django.db import connections
from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright
from scripts.browser import ARGUMENTS, find_chromium
from tests.support.bank import bank_drop, platforms, running_platforms
from tests.support.lending import bank

__all__ = ["bank", "bank_drop", "platforms", "running_platforms"]

PHONE = {"width": 360, "height": 780}


@pytest.fixture(scope="module")
def playwright_driver():
    """Playwright's driver. Its event loop lives in this thread, so Django is told not to mind.

    It ends with the module: a loop that went on would be in the way of everything asynchronous.
    """
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        yield driver
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def browser(playwright_driver: Playwright):
    """A headless Chromium; the tests are skipped where none can be started."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found: set KUAIDAI_CHROMIUM or run `python3 scripts/browser.py`")
    try:
        started = playwright_driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    except Error as error:
        pytest.skip(f"{path} does not start: {error.message.splitlines()[0]}")
    yield started
    started.close()


class Complaints(list[str]):
    """What the browser complained about: script errors and refused resources."""

    def watch(self, page: Page) -> None:
        """Note every error of the page."""
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("console", lambda said: self.append(said.text) if self._bad(said) else None)

    @staticmethod
    def _bad(said) -> bool:
        return said.type == "error" and "htmx:" not in said.text and "404" not in said.text


@pytest.fixture
def open_page(browser: Browser):
    """Opens pages of a given language, size and script support; fails on script errors."""
    contexts, complaints = [], Complaints()

    def open_one(*, language="zh-CN", viewport=PHONE, script=True) -> Page:
        context = browser.new_context(
            viewport=viewport, locale=language, java_script_enabled=script
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        complaints.watch(page)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def _work(stop: threading.Event) -> None:
    from procrastinate import App
    from procrastinate.contrib.django import app as jobs

    while not stop.wait(0.1):
        # an app of its own: the web server's threads go on deferring jobs with theirs
        working = App(connector=jobs.connector.get_worker_connector())
        working.tasks = jobs.tasks
        working.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)


@pytest.fixture
def worker(transactional_db, bank, monkeypatch):
    """A worker that runs the jobs of the test's database until the test ends.

    No thread keeps its database connection, else the test database could not be dropped.
    """
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(stop,), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=30)
