"""Take the README's screenshots from a running demo: `python scripts/screenshots.py`.

Start `make demo` first. Drives the portal as the owner who is approved, then the console as the risk
officer, and writes PNG files to docs/images.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
from browser import ARGUMENTS, find_chromium
from playwright.sync_api import Browser, Page, sync_playwright

from kuaidai.config import environment
from kuaidai.interfaces.cli.demonstration.preparation import DemoBank

WEB = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
SANDBOX = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8100"
IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def page_of(browser: Browser, width: int, height: int) -> Page:
    """A page of that size, in English."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies([{"name": "django_language", "value": "en", "url": WEB}])
    return context.new_page()


def code_for(phone: str) -> str:
    """The newest one-time code sent to a phone."""
    newest = httpx.get(f"{SANDBOX}/sms/messages", params={"to": phone}, timeout=10).json()[0]
    found = re.search(r"\b(\d{6})\b", newest["text"])
    if found is None:
        sys.exit("no one-time code arrived")
    return found.group(1)


def go_on(page: Page) -> None:
    """Press the page's main button or link."""
    buttons = page.locator("main form button[type=submit].button-primary:visible")
    links = page.locator("main a.button-primary:visible")
    (buttons if buttons.count() else links).last.click()
    page.wait_for_load_state()


def portal(browser: Browser, phone: str) -> None:
    """The owner's way from sign-in to the offer."""
    page = page_of(browser, 390, 780)
    page.goto(f"{WEB}/login/")
    page.fill("input[name=phone]", phone)
    go_on(page)
    page.fill("input[name=code]", code_for(phone))
    go_on(page)
    page.screenshot(path=IMAGES / "portal-home.png")
    page.goto(f"{WEB}/apply/")
    go_on(page)
    for _ in range(20):
        if "authorisations" not in page.url:
            break
        for box in page.query_selector_all("main input[type=checkbox]:not(:checked)"):
            box.check()
        go_on(page)
    page.fill("input[name=amount]", "200000")
    page.check("input[name=purpose] >> nth=0", force=True)
    go_on(page)
    go_on(page)
    page.wait_for_url("**/decision/", timeout=60_000)
    page.screenshot(path=IMAGES / "portal-decision.png")
    page.locator("main a.button").first.click()
    page.wait_for_load_state()
    page.screenshot(path=IMAGES / "portal-terms.png")


def console(browser: Browser, username: str, password: str) -> None:
    """The risk officer's credit file of the newest application."""
    page = page_of(browser, 1280, 800)
    page.goto(f"{WEB}/console/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main button")
    page.wait_for_load_state()
    page.locator("tbody a").first.click()
    page.wait_for_load_state()
    page.locator("#score").scroll_into_view_if_needed()
    page.screenshot(path=IMAGES / "console-score.png")


def main() -> None:
    """Both tours."""
    bank = DemoBank.load(environment.load().home / "demo.json")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        portal(browser, bank.cast["approved"]["phone"])
        console(browser, "risk", bank.staff["risk"])
        browser.close()


if __name__ == "__main__":
    main()
