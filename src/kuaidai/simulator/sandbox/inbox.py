"""The text messages that would have gone to phones: kept in memory, newest first."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from kuaidai.kernel.errors import Refusal
from kuaidai.kernel.identifiers import parse_phone
from kuaidai.simulator.sandbox.exchange import Problem

MOST_MESSAGES = 500
LONGEST_TEXT = 1000

_PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3"><title>短信收件箱 · SMS inbox</title>
<style>
:root {{ color-scheme: light dark; --ink: #17202a; --soft: #667; --paper: #f2f4f7; --card: #fff; --line: #dfe3e8; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e8ebef; --soft: #9aa4b0; --paper: #14181d; --card: #1e242b; --line: #303842; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; font: 16px/1.6 system-ui, "PingFang SC", "Noto Sans SC", sans-serif;
  background: var(--paper); color: var(--ink); }}
main {{ max-width: 34rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.25rem; margin: .5rem 0 0; }} p.note {{ color: var(--soft); font-size: .875rem; margin: 0 0 1rem; }}
article {{ background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: .75rem 1rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }}
article header {{ display: flex; justify-content: space-between; gap: 1rem; color: var(--soft); font-size: .8125rem; }}
article p {{ margin: .25rem 0 0; white-space: pre-wrap; }}
</style></head><body><main>
<h1>短信收件箱 <small>SMS inbox</small></h1>
<p class="note">沙箱短信，不会真正发送；页面每 3 秒刷新。Sandbox messages, sent to nobody; refreshes every 3 s.</p>
{messages}
</main></body></html>
"""


class Inbox:
    """The last 500 messages. Safe for many threads."""

    def __init__(self) -> None:
        self._messages: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)
        self._lock = threading.Lock()
        self._count = 0

    def receive(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a message `{to, text}`; raises `Problem` 422 for a wrong number or text."""
        to, text = body.get("to"), body.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
            raise Problem(422, "malformed-text", f"text must have 1 to {LONGEST_TEXT} characters")
        try:
            phone = parse_phone(to if isinstance(to, str) else "")
        except Refusal:
            raise Problem(422, "malformed-to", "to must be an 11-digit mobile number") from None
        with self._lock:
            self._count += 1
            message = {
                "id": self._count,
                "to": phone,
                "text": text,
                "received_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            self._messages.appendleft(message)
        return message

    def messages(self, to: str = "") -> list[dict[str, Any]]:
        """Messages, newest first; with `to`, only those of that number."""
        with self._lock:
            kept = list(self._messages)
        return [message for message in kept if not to or message["to"] == to]

    def page(self, to: str = "") -> bytes:
        """The inbox as a page that refreshes itself, newest first."""
        cards = [
            f"<article><header><b>{escape(message['to'])}</b>"
            f"<time>{escape(message['received_at'][11:19])} UTC</time></header>"
            f"<p>{escape(message['text'])}</p></article>"
            for message in self.messages(to)[:50]
        ]
        return _PAGE.format(
            messages="\n".join(cards) or "<p>还没有短信。No messages yet.</p>"
        ).encode()
