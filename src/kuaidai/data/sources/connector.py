"""One HTTP query of one platform: signed, timed, retried, checked against its schema.

Every way an answer can be wrong becomes an `Answer` with a status; nothing is half-used.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import httpx
import stamina
from jsonschema_rs import Draft202012Validator

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.messages import report_schema, rows_to_tables
from kuaidai.data.sources.domain.breaker import CircuitBreaker
from kuaidai.data.sources.domain.subject import PATH_OF, Subject
from kuaidai.data.sources.domain.views import ReportStatus
from kuaidai.foundation.platform_requests import signed_headers
from kuaidai.parties.domain.views import AuthorisationView

ATTEMPTS = 3
MOST_BYTES = 64 * 1024 * 1024
OLDEST_DAYS = 31
"""A report that describes an earlier state of affairs than this is not used."""


class PlatformUnavailable(Exception):
    """The platform did not answer, or answered that it is out of order; worth another try."""


class CircuitOpen(Exception):
    """The platform is being left alone; trying again at once is no use."""


@dataclass(frozen=True)
class Answer:
    """What came of a query. `payload` is the raw body of a valid or invalid answer."""

    status: ReportStatus
    attempts: int
    elapsed_ms: int
    payload: bytes | None = None
    rows: dict[str, int] = field(default_factory=dict)
    error_en: str = ""
    error_zh: str = ""


@dataclass(frozen=True)
class Platform:
    """Where the platforms are, and the shared secret that signs queries."""

    base_url: str
    key: str
    timeout_s: float = 5.0


_BREAKERS: dict[str, CircuitBreaker] = {source: CircuitBreaker() for source in PATH_OF}


@cache
def _validator(source: str) -> Draft202012Validator:
    return Draft202012Validator(report_schema(source))


def _body(subject: Subject, authorisation: AuthorisationView, on: date) -> bytes:
    query = {
        "uscc": subject.uscc,
        "resident_id": subject.resident_id,
        "person_name": subject.person_name,
        "as_of": on.isoformat(),
        "authorisation": {
            "id": authorisation.id,
            "kind": authorisation.kind,
            "text_hash": authorisation.text_hash,
        },
    }
    return json.dumps(query, ensure_ascii=False).encode()


@cache
def _client() -> httpx.Client:
    """One pool of connections for the process: opening one costs more than most queries."""
    return httpx.Client(limits=httpx.Limits(max_connections=64, keepalive_expiry=4.0))


def _ask(platform: Platform, source: str, body: bytes) -> tuple[int, bytes]:
    """One signed request: the status and the body. Raises `PlatformUnavailable`.

    The whole answer must arrive within the time limit: a platform that sends a byte now and then is
    as slow as one that sends nothing.
    """
    path = PATH_OF[source]
    headers = signed_headers("POST", path, body, key=platform.key)
    deadline = time.monotonic() + platform.timeout_s
    try:
        with _client().stream(
            "POST", platform.base_url + path,
            content=body, headers=headers, timeout=platform.timeout_s,
        ) as response:  # fmt: skip
            if response.status_code >= 500 or response.status_code == 429:
                raise PlatformUnavailable(f"HTTP {response.status_code}")
            return response.status_code, _read(response, deadline)
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise PlatformUnavailable(type(error).__name__) from error


def _read(response: httpx.Response, deadline: float) -> bytes:
    """The body, cut one byte beyond the largest size a report may have."""
    received = bytearray()
    for chunk in response.iter_bytes():
        received += chunk
        if len(received) > MOST_BYTES:
            return bytes(received[: MOST_BYTES + 1])
        if time.monotonic() > deadline:
            raise PlatformUnavailable("the answer came too slowly")
    return bytes(received)


def _finite(text: str) -> float:
    """A JSON number; raises `ValueError` for one that is too large to be a number here."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number


def _decoded(payload: bytes) -> Any:
    """The JSON value of a body. Raises `ValueError`; NaN and infinity are not JSON."""
    try:
        return json.loads(payload, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _first_fault(source: str, report: Any, subject: Subject, on: date) -> str:
    """What is wrong with a decoded report, or an empty text."""
    error = next(_validator(source).iter_errors(report), None)
    if error is not None:
        where = "/".join(str(part) for part in error.instance_path) or "report"
        return f"{where} does not fit the schema ({type(error.kind).__name__.split('_')[-1]})"
    if report["subject"]["uscc"] != subject.uscc:
        return "it is about another firm"
    if report["subject"].get("person_id") not in (None, subject.person_no):
        return "it is about another person"
    if report["as_of"] > on.isoformat():
        return f"it is dated {report['as_of']}, after the business date"
    if report["as_of"] < (on - timedelta(days=OLDEST_DAYS)).isoformat():
        return f"it is dated {report['as_of']}, more than {OLDEST_DAYS} days ago"
    try:
        rows_to_tables(report["datasets"])
    except (ValueError, ArithmeticError) as wrong:
        return f"a value cannot be read ({type(wrong).__name__})"
    return _first_stray(report["datasets"], subject)


def _first_stray(datasets: dict[str, list[dict[str, Any]]], subject: Subject) -> str:
    """The first row that repeats another or is about another firm, or an empty text."""
    for name, rows in datasets.items():
        keys = [tuple(row.get(column) for column in DATASETS[name].key) for row in rows]
        if len(set(keys)) != len(keys):
            return f"{name} holds the same row twice"
        if any(row.get("uscc", subject.uscc) != subject.uscc for row in rows):
            return f"{name} holds a row about another firm"
    return ""


def read_answer(
    source: str, payload: bytes, subject: Subject, on: date
) -> tuple[str, dict[str, int]]:
    """The first fault of a raw answer (empty when valid) and its row counts by dataset."""
    if len(payload) > MOST_BYTES:
        return f"it is larger than {MOST_BYTES} bytes", {}
    try:
        report = _decoded(payload)
    except ValueError:
        return "it is not JSON", {}
    fault = _first_fault(source, report, subject, on)
    if fault:
        return fault, {}
    return "", {name: len(rows) for name, rows in report["datasets"].items()}


def query(
    platform: Platform, source: str, subject: Subject, authorisation: AuthorisationView, on: date
) -> Answer:
    """Ask `source` about `subject` as of `on`: three tries with jitter within the circuit breaker."""
    started = time.monotonic()
    attempts = 0
    breaker = _BREAKERS[source]
    body = _body(subject, authorisation, on)

    def elapsed() -> int:
        return int((time.monotonic() - started) * 1000)

    try:
        for attempt in stamina.retry_context(
            on=PlatformUnavailable, attempts=ATTEMPTS, timeout=3 * platform.timeout_s,
            wait_initial=0.05, wait_max=0.5, wait_jitter=0.1,
        ):  # fmt: skip
            with attempt:
                if not breaker.allows():
                    raise CircuitOpen("it failed repeatedly and is left alone for a moment")
                attempts += 1
                try:
                    status, payload = _ask(platform, source, body)
                except PlatformUnavailable:
                    breaker.failed()
                    raise
                breaker.succeeded()
    except (PlatformUnavailable, CircuitOpen) as error:
        return Answer(
            ReportStatus.FAILED, attempts, elapsed(),
            error_en=f"The platform did not answer: {error}.", error_zh=f"数据平台无应答：{error}。",
        )  # fmt: skip
    if status != 200:
        return Answer(
            ReportStatus.FAILED, attempts, elapsed(), payload=payload[:10_000],
            error_en=f"The platform refused the query (HTTP {status}).",
            error_zh=f"数据平台拒绝了查询（HTTP {status}）。",
        )  # fmt: skip
    fault, rows = read_answer(source, payload, subject, on)
    if fault:
        return Answer(
            ReportStatus.INVALID, attempts, elapsed(), payload=payload[:MOST_BYTES],
            error_en=f"The answer cannot be used: {fault}.", error_zh=f"应答无法使用：{fault}。",
        )  # fmt: skip
    return Answer(ReportStatus.RECEIVED, attempts, elapsed(), payload=payload, rows=rows)
