"""Collecting an applicant's reports from the sandbox platforms over HTTP."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from tests.support.bank import ENDS_ON, SYSTEM, player

from kuaidai.data.lake.datasets import PLATFORM_DATASETS
from kuaidai.data.sources import operations, queries
from kuaidai.data.sources.domain.subject import AUTHORISATION_FOR, Subject
from kuaidai.data.sources.domain.views import ReportStatus
from kuaidai.data.sources.models import SourceReport
from kuaidai.foundation.queries import audit_trail, verify_audit_chain
from kuaidai.parties.domain.authorisations import AuthorisationKind
from kuaidai.parties.operations import (
    grant_authorisations,
    import_customers,
    withdraw_authorisation,
)
from kuaidai.parties.queries import enterprise, person_by_number

pytestmark = pytest.mark.django_db
ALL = tuple(PLATFORM_DATASETS)
NOW = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)


class Applicant:
    """The approved player of the cast, with every authorisation given."""

    def __init__(self, bank_drop, role="approved"):
        self.customer = player(bank_drop, role)
        person = person_by_number(self.customer.person_no)
        firm = enterprise(self.customer.uscc)
        self.subject = Subject(
            firm.uscc, firm.name, person.customer_no, person.name, person.resident_id
        )
        self.given = self.grant(tuple(AuthorisationKind))

    def grant(self, kinds):
        return grant_authorisations(
            person_no=self.customer.person_no, uscc=self.customer.uscc, kinds=kinds, language="en",
            channel="tests", now=NOW, on=ENDS_ON, actor=self.customer.actor,
        )  # fmt: skip

    def withdraw(self, kind):
        (held,) = (a for a in self.given if a.kind == kind.value)
        withdraw_authorisation(
            authorisation_id=held.id, person_no=self.customer.person_no, actor=self.customer.actor,
            now=NOW, on=ENDS_ON,
        )  # fmt: skip

    def collect(self, application_id="APP-1", sources=ALL, on=ENDS_ON, timeout_s=5.0):
        found = operations.collect(
            subject=self.subject, sources=sources, application_id=application_id, on=on,
            actor=SYSTEM, timeout_s=timeout_s,
        )  # fmt: skip
        return {report.source: report for report in found}


@pytest.fixture
def applicant(bank_drop, platforms):
    import_customers(drop=bank_drop[0], actor=SYSTEM, on=ENDS_ON)
    return Applicant(bank_drop)


def test_every_platform_answers_and_the_tables_hold_this_firm_only(applicant):
    reports = applicant.collect()

    assert {name: report.status for name, report in reports.items()} == dict.fromkeys(
        ALL, ReportStatus.RECEIVED
    )
    tables = queries.tables(application_id="APP-1")
    assert set(tables) == {name for names in PLATFORM_DATASETS.values() for name in names}
    assert tables["transactions"].num_rows == reports["bank_core"].rows["transactions"] > 100
    assert set(tables["transactions"]["uscc"].to_pylist()) == {applicant.subject.uscc}
    assert set(tables["bureau_owner"]["person_id"].to_pylist()) == {applicant.subject.person_no}


def test_order_of_reports_is_the_platforms_own(applicant):
    applicant.collect(sources=tuple(reversed(ALL)))

    assert [r.source for r in queries.reports(application_id="APP-1")] == list(ALL)


def test_raw_payload_is_kept_encrypted_and_given_back(applicant):
    report = applicant.collect(sources=("tax",))["tax"]

    payload = queries.report_payload(report_id=report.id)
    stored = bytes(SourceReport.objects.get(id=report.id).payload)

    assert payload["subject"]["uscc"] == applicant.subject.uscc
    assert b"tax_filings" not in stored
    assert len(report.payload_hash) == 64


def test_unknown_report_and_one_without_payload_are_refused(applicant, platforms):
    platforms.fault("tax", "down")
    failed = applicant.collect(sources=("tax",))["tax"]

    for report_id in ("REP-NONE", failed.id):
        with pytest.raises(queries.UnknownReport, match=report_id):
            queries.report_payload(report_id=report_id)


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("down", ReportStatus.FAILED),
        ("malformed", ReportStatus.INVALID),
        ("schema", ReportStatus.INVALID),
        ("lying", ReportStatus.INVALID),
        ("lost", ReportStatus.FAILED),
    ],
)
def test_one_platform_in_trouble_leaves_the_others_alone(applicant, platforms, mode, status):
    platforms.fault("tax", mode)

    reports = applicant.collect()

    assert reports["tax"].status is status
    assert reports["tax"].error_en
    assert reports["tax"].error_zh
    assert {r.status for name, r in reports.items() if name != "tax"} == {ReportStatus.RECEIVED}
    tables = queries.tables(application_id="APP-1")
    assert tables["tax_filings"].num_rows == 0
    assert tables["transactions"].num_rows > 0


def test_slow_platforms_are_waited_for_together(applicant, platforms):
    for source in ALL:
        platforms.fault(source, "slow", 0.6)
    started = time.monotonic()

    reports = applicant.collect()

    assert {r.status for r in reports.values()} == {ReportStatus.RECEIVED}
    assert all(r.elapsed_ms >= 600 for r in reports.values())
    assert time.monotonic() - started < 6 * 0.6


def test_too_slow_is_failed(applicant, platforms):
    platforms.fault("courts", "slow", 2.0)

    reports = applicant.collect(sources=("courts", "tax"), timeout_s=0.3)

    assert reports["courts"].status is ReportStatus.FAILED
    assert "ReadTimeout" in reports["courts"].error_en
    assert reports["tax"].status is ReportStatus.RECEIVED


def test_no_query_without_authorisation(applicant, platforms):
    applicant.withdraw(AuthorisationKind.TAX)

    reports = applicant.collect()

    assert reports["tax"].status is ReportStatus.REFUSED
    assert reports["tax"].attempts == 0
    assert "withdrawn" in reports["tax"].error_en
    assert "已撤回" in reports["tax"].error_zh
    assert reports["bureau_owner"].status is ReportStatus.RECEIVED


def test_every_platform_needs_its_own_authorisation(applicant):
    for kind in set(AUTHORISATION_FOR.values()):
        applicant.withdraw(kind)

    reports = applicant.collect()

    assert {r.status for r in reports.values()} == {ReportStatus.REFUSED}


def test_authorisation_given_later_lets_the_query_through(applicant):
    applicant.withdraw(AuthorisationKind.TAX)
    applicant.collect()
    applicant.grant((AuthorisationKind.TAX,))

    report = applicant.collect()["tax"]

    assert (report.status, report.error_en) == (ReportStatus.RECEIVED, "")


def test_failed_report_is_asked_for_again_and_good_ones_are_kept(applicant, platforms):
    platforms.fault("tax", "down")
    first = applicant.collect()
    platforms.fault("tax", "ok")

    second = applicant.collect()

    assert second["tax"].status is ReportStatus.RECEIVED
    assert second["tax"].id == first["tax"].id
    assert second["tax"].attempts == first["tax"].attempts + 1
    assert {k: v for k, v in second.items() if k != "tax"} == {
        k: v for k, v in first.items() if k != "tax"
    }


def test_query_that_a_crash_left_pending_is_made_again(applicant):
    SourceReport.objects.create(
        id="REP-CRASHED", application_id="APP-1", source="tax", uscc=applicant.subject.uscc,
        person_no=applicant.subject.person_no, status=ReportStatus.PENDING, asked_on=ENDS_ON,
    )  # fmt: skip

    report = applicant.collect(sources=("tax",))["tax"]

    assert (report.id, report.status) == ("REP-CRASHED", ReportStatus.RECEIVED)


def test_report_of_the_same_day_serves_another_application(applicant, platforms):
    first = applicant.collect("APP-1", ("tax",))["tax"]
    platforms.fault("tax", "down")

    second = applicant.collect("APP-2", ("tax",))["tax"]

    assert second.reused
    assert second.id != first.id
    assert (second.status, second.payload_hash) == (ReportStatus.RECEIVED, first.payload_hash)
    assert queries.report_payload(report_id=second.id) == queries.report_payload(report_id=first.id)
    (entry,) = audit_trail(subject_type="application", subject_id="APP-2")
    assert entry.action == "source.reuse"


def test_yesterdays_report_is_not_used_again(applicant, platforms):
    applicant.collect("APP-1", ("tax",))
    platforms.fault("tax", "down")

    report = applicant.collect("APP-2", ("tax",), on=ENDS_ON + timedelta(days=1))["tax"]

    assert report.status is ReportStatus.FAILED


def test_withdrawn_authorisation_blocks_reuse_too(applicant):
    applicant.collect("APP-1", ("tax",))
    applicant.withdraw(AuthorisationKind.TAX)

    report = applicant.collect("APP-2", ("tax",))["tax"]

    assert (report.status, report.reused) == (ReportStatus.REFUSED, False)
    assert report.payload_hash is None


def test_every_query_and_refusal_is_audited_without_personal_data(applicant):
    applicant.withdraw(AuthorisationKind.TAX)
    reports = applicant.collect()

    entries = audit_trail(subject_type="application", subject_id="APP-1")

    assert {e.detail["source"]: e.detail["status"] for e in entries} == {
        source: report.status for source, report in reports.items()
    }
    assert {e.action for e in entries} == {"source.query"}
    assert applicant.subject.resident_id not in str(entries)
    assert applicant.subject.person_name not in str(entries)
    assert verify_audit_chain().intact


@pytest.mark.django_db(transaction=True)
def test_answers_are_visible_to_others_as_they_arrive(applicant, platforms):
    platforms.fault("bank_core", "slow", 3.0)

    def collect():
        try:
            applicant.collect()
        finally:
            connection.close()

    running = threading.Thread(target=collect)
    running.start()
    seen: dict[str, ReportStatus] = {}
    deadline = time.monotonic() + 2.8
    others = len(ALL) - 1
    while time.monotonic() < deadline and list(seen.values()).count(ReportStatus.RECEIVED) < others:
        seen = {r.source: r.status for r in queries.reports(application_id="APP-1")}
        time.sleep(0.02)
    running.join()

    assert seen.pop("bank_core") is ReportStatus.PENDING
    assert set(seen.values()) == {ReportStatus.RECEIVED}
    final = {r.source: r.status for r in queries.reports(application_id="APP-1")}
    assert final["bank_core"] is ReportStatus.RECEIVED


def test_subject_never_shows_the_resident_id_in_a_log(applicant):
    assert applicant.subject.resident_id not in repr(applicant.subject)
    assert applicant.subject.person_name not in repr(applicant.subject)
