"""The sandbox: signed queries in, reports and money movements out, faults on demand."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from kuaidai.data.lake.datasets import PLATFORM_DATASETS
from kuaidai.kernel.signed_http import NONCE, BadSignature, verify
from kuaidai.simulator.sandbox.archive import Archive
from kuaidai.simulator.sandbox.bank_core import BankCore
from kuaidai.simulator.sandbox.exchange import NO_ANSWER, Problem, Request, Response, answer
from kuaidai.simulator.sandbox.faults import Fault, Faults, Mode
from kuaidai.simulator.sandbox.inbox import Inbox
from kuaidai.simulator.sandbox.lies import falsified
from kuaidai.simulator.sandbox.orders import Order

MOST_NONCES = 50_000

AUTHORISATION_KINDS = {
    "registry": "registry_and_courts",
    "courts": "registry_and_courts",
    "tax": "tax",
    "bureau_enterprise": "enterprise_bureau",
    "bureau_owner": "personal_bureau",
    "bank_core": "bank_relations",
    "customs": "trade_platforms",
    "core_enterprise": "trade_platforms",
    "procurement": "trade_platforms",
    "social_insurance": "trade_platforms",
    "utilities": "trade_platforms",
}
"""The kind of authorisation each platform wants to see before it answers."""


class _Nonces:
    """The nonces seen lately: a signed request works once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, nonce: str) -> None:
        """Note the nonce; raises `Problem` 401 when it was used before."""
        with self._lock:
            if nonce in self._seen:
                raise Problem(401, "replayed", "this signed request was used before")
            self._seen[nonce] = None
            while len(self._seen) > MOST_NONCES:
                self._seen.popitem(last=False)


@dataclass
class Sandbox:
    """Every outside platform behind one door. `handle` may be called from many threads."""

    archive: Archive
    bank: BankCore
    key: str
    faults: Faults = field(default_factory=Faults)
    latency_ms: int = 0
    sleep: Callable[[float], None] = time.sleep
    inbox: Inbox = field(default_factory=Inbox)
    _nonces: _Nonces = field(default_factory=_Nonces)
    _due_at: dict[str, float] = field(default_factory=dict)
    """When the results of a deferred batch may be fetched (monotonic seconds)."""

    def handle(self, request: Request) -> Response:
        """The answer to a request; refusals become problem details."""
        try:
            return self._route(request)
        except Problem as problem:
            return problem.response()

    def _route(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        platform = parts[0].replace("-", "_")
        if parts[1:] == ["reports"] and platform in PLATFORM_DATASETS:
            self._only(request, "POST")
            return self._faulty(platform, lambda fault: self._report(request, platform, fault))
        if parts[0] == "bank-core":
            return self._faulty("bank_money", lambda fault: self._money(request, parts[1:], fault))
        if parts[0] == "sms":
            return self._sms(request, parts[1:])
        if parts == ["faults"]:
            return answer(
                self.faults.all() if request.method == "GET" else self._set_fault(request)
            )
        if parts == ["health"]:
            return answer({"status": "ok", "firms": self.archive.firms})
        raise Problem(404, "no-such-place", f"nothing answers at {request.path}")

    def _only(self, request: Request, method: str) -> None:
        if request.method != method:
            raise Problem(405, "wrong-method", f"use {method} here")

    def _set_fault(self, request: Request) -> dict[str, Any]:
        self._only(request, "POST")
        return self.faults.set(request.json())

    def _signed(self, request: Request) -> None:
        try:
            verify(
                request.method, request.target, request.body, request.headers,
                key=self.key, now=datetime.now(UTC),
            )  # fmt: skip
        except BadSignature as bad:
            raise Problem(401, "bad-signature", str(bad)) from bad
        given = {name.lower(): value for name, value in request.headers.items()}
        self._nonces.use(given[NONCE.lower()])

    def _faulty(self, target: str, work: Callable[[Fault], Response]) -> Response:
        fault = self.faults.of(target)
        if self.latency_ms:
            self.sleep(self.latency_ms / 1000)
        if fault.mode is Mode.SLOW:
            self.sleep(fault.seconds)
        if fault.mode is Mode.DOWN:
            raise Problem(503, "down", "the platform is down")
        if fault.mode is Mode.NEVER:
            self.sleep(fault.seconds)
            return NO_ANSWER
        return self._spoiled(work(fault), fault)

    def _spoiled(self, response: Response, fault: Fault) -> Response:
        """What becomes of an answer on its way."""
        if fault.mode is Mode.SILENT:
            self.sleep(fault.seconds)
            return NO_ANSWER
        if fault.mode is Mode.LOST:
            raise Problem(503, "lost", "the answer was lost")
        if fault.mode is Mode.CRASHED:
            raise Problem(500, "crashed", "the platform broke down after it acted")
        if fault.mode is Mode.MALFORMED and response.status == 200:
            return Response(200, response.body[: len(response.body) // 2])
        return response

    def _report(self, request: Request, platform: str, fault: Fault) -> Response:
        self._signed(request)
        body = request.json()
        self._authorised(body.get("authorisation"), platform)
        try:
            as_of = date.fromisoformat(str(body.get("as_of")))
        except ValueError:
            raise Problem(
                422, "malformed-as-of", "as_of must be a date such as 2026-11-23"
            ) from None
        owner = self.archive.owner(str(body.get("uscc")), str(body.get("resident_id")).upper())
        if fault.mode is Mode.LYING:
            owner = self.archive.other_than(owner)
        report = self.archive.report(platform, owner, as_of)
        if fault.mode is Mode.SCHEMA:
            report["as_of"] = 20261123
            report["datasets"] = {name: [{"surprise": True}] for name in report["datasets"]}
        return Response(200, json.dumps(report, ensure_ascii=False, separators=(",", ":")).encode())

    def _authorised(self, authorisation: Any, platform: str) -> None:
        given = authorisation if isinstance(authorisation, dict) else {}
        if not all(
            isinstance(given.get(name), str) and given[name] for name in ("id", "text_hash")
        ):
            raise Problem(
                403, "no-authorisation", "the query carries no authorisation of its subject"
            )
        if given.get("kind") != AUTHORISATION_KINDS[platform]:
            wanted = AUTHORISATION_KINDS[platform]
            raise Problem(
                403, "wrong-authorisation", f"this query needs the authorisation {wanted}"
            )

    def _money(self, request: Request, parts: list[str], fault: Fault) -> Response:
        self._signed(request)
        if parts[:1] == ["debit-batches"]:
            return falsified(self._batch(request, parts, fault), fault.mode)
        if fault.mode is Mode.TWICE:
            self._order(request, parts)
        return falsified(self._order(request, parts), fault.mode)

    def _order(self, request: Request, parts: list[str]) -> Response:
        match (request.method, parts):
            case ("POST", ["transfers" | "debits" as kind]):
                return answer(self.bank.move(Order.read(request.json(), debit=kind == "debits")))
            case ("POST", ["holds" | "releases" as kind]):
                order = Order.read_hold(request.json(), release=kind == "releases")
                return answer(self.bank.move(order))
            case ("GET", ["transfers" | "debits" | "holds" | "releases", key]):
                return answer(self.bank.outcome(key))
            case ("GET", ["accounts", uscc]):
                return answer(self.bank.accounts(uscc))
            case ("GET", ["accounts", number, "entries"]):
                return answer(self.bank.entries(number))
            case ("GET", ["accounts", number, "statement"]):
                return self._statement(request, number)
        raise Problem(404, "no-such-place", f"nothing answers {request.method} {request.path}")

    def _statement(self, request: Request, number: str) -> Response:
        try:
            on = date.fromisoformat(request.query.get("on", ""))
            after = int(request.query.get("after", "0"))
        except ValueError:
            raise Problem(
                422, "malformed-on", "give the day as on=2026-11-23, and a whole number as after"
            ) from None
        return answer(self.bank.statement(number, on, after=after))

    def _batch(self, request: Request, parts: list[str], fault: Fault) -> Response:
        match (request.method, parts):
            case ("POST", [_]):
                if fault.mode is Mode.TWICE:
                    self.bank.debit_batch(request.json())
                done = self.bank.debit_batch(request.json())
                if fault.mode is Mode.DEFERRED:
                    self._due_at[done["key"]] = time.monotonic() + fault.seconds
                    return answer({"key": done["key"], "status": "accepted"}, status=202)
                return answer(done)
            case ("GET", [_, key]):
                if time.monotonic() < self._due_at.get(key, 0.0):
                    return answer({"key": key, "status": "accepted"}, status=202)
                return answer(self.bank.batch_results(key))
        raise Problem(404, "no-such-place", f"nothing answers {request.method} {request.path}")

    def _sms(self, request: Request, parts: list[str]) -> Response:
        to = request.query.get("to", "")
        if request.method == "GET" and not parts:
            return Response(200, self.inbox.page(to), content_type="text/html; charset=utf-8")
        if parts != ["messages"]:
            raise Problem(404, "no-such-place", f"nothing answers at {request.path}")
        if request.method == "GET":
            return answer(self.inbox.messages(to))
        self._only(request, "POST")

        def take(_: Fault) -> Response:
            self._signed(request)
            return answer(self.inbox.receive(request.json()), status=201)

        return self._faulty("sms", take)
