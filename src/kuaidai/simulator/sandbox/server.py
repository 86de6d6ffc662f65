"""The sandbox on a port: the standard library's threading web server, made quick and bounded."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from kuaidai.simulator.sandbox.app import Sandbox
from kuaidai.simulator.sandbox.archive import Archive
from kuaidai.simulator.sandbox.bank_core import BankCore
from kuaidai.simulator.sandbox.exchange import NO_ANSWER, Problem, Request, Response
from kuaidai.simulator.sandbox.faults import Faults

LARGEST_BODY = 64 * 1024
LARGEST_BATCH = 4 * 1024 * 1024
BATCHES = "/bank-core/debit-batches"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "kuaidai-sandbox"
    sys_version = ""
    timeout = 30
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        largest = LARGEST_BATCH if self.path == BATCHES else LARGEST_BODY
        if not length.isdigit() or int(length) > largest:
            self.close_connection = True
            self._send(Problem(413, "too-large", f"send at most {largest} bytes").response())
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            target=self.path,
            path=unquote(address.path),
            query=dict(parse_qsl(address.query)),
            headers=dict(self.headers.items()),
            body=body,
        )
        self._send(self.server.sandbox.handle(request))

    def _send(self, response: Response) -> None:
        if response is NO_ANSWER:
            self.close_connection = True
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:  # else the asker's next request meets a closed connection
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.wfile.write(response.body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the asker gave up waiting

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: request lines carry identifiers."""


def open_sandbox(
    drop: Path, *, state: Path, key: str, faults: Faults | None = None, latency_ms: int = 0
) -> Sandbox:
    """The sandbox over `drop`; money movements are kept in the SQLite file `state`.

    Raises `FileNotFoundError` when `drop` is not a drop. A new drop starts with new accounts.
    """
    archive = Archive(drop)
    state.parent.mkdir(parents=True, exist_ok=True)
    bank = BankCore(state, archive.opening_balances())
    return Sandbox(archive, bank, key, faults or Faults(), latency_ms)


def listen(sandbox: Sandbox, *, host: str, port: int) -> ThreadingHTTPServer:
    """A server bound to `host:port` (0: any free port); call `serve_forever` on it."""
    return _Server((host, port), sandbox)
