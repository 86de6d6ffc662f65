"""A real HTTP server on a free port that answers as a test tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to send back: `pause_s` passes before each of the body's `pieces`."""

    status: int
    body: bytes = b""
    pieces: int = 1
    pause_s: float = 0.0


@dataclass
class AnsweringServer:
    """The server's address, what it received so far, and how it answers."""

    url: str = ""
    answer: Callable[[Received], Reply] = lambda _: Reply(200, b"{}")
    received: list[Received] = field(default_factory=list)


@contextmanager
def answering_server() -> Iterator[AnsweringServer]:
    """Serve until the block ends."""
    state = AnsweringServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Received("POST", self.path, dict(self.headers), body)
            state.received.append(request)
            self._send(state.answer(request))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            step = max(1, len(reply.body) // reply.pieces)
            try:
                for start in range(0, len(reply.body), step):
                    time.sleep(reply.pause_s)
                    self.wfile.write(reply.body[start : start + step])
                    self.wfile.flush()
            except OSError:
                self.close_connection = True  # the client gave up

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
