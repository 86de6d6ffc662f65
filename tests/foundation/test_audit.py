"""The audit chain: append-only, and every way of tampering with it shows."""

import json
import threading
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from tests.support.threads import at_once

from kuaidai.foundation import queries
from kuaidai.foundation.actors import Actor
from kuaidai.foundation.domain.audit import ANCHOR, FIRST_HASH, AuditEntry, entry_hash
from kuaidai.foundation.models import AuditHead, AuditRecord
from kuaidai.foundation.operations import audit, record_audit
from kuaidai.foundation.operations.audit import anchor_audit
from kuaidai.interfaces.cli.main import run

ON = date(2026, 6, 30)


def append(number: int) -> None:
    record_audit(
        actor=Actor.system("tests"), action="loan.open", subject_type="loan", subject_id=f"L{number}",
        on=ON, detail={"amount": "10000.00", "number": number},
    )  # fmt: skip


def tamper(statement: str) -> None:
    """What somebody with the database's own password can do: switch the guard off, change, switch it on."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE foundation_auditrecord DISABLE TRIGGER audit_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE foundation_auditrecord ENABLE TRIGGER audit_append_only")


@pytest.mark.django_db
def test_empty_and_grown_chains_are_intact():
    assert queries.verify_audit_chain() == queries.ChainReport(0, True, None)

    for number in range(5):
        append(number)

    assert queries.verify_audit_chain() == queries.ChainReport(5, True, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE foundation_auditrecord SET detail = '{}' WHERE place = 2",
        "DELETE FROM foundation_auditrecord WHERE place = 2",
    ],
)
def test_the_database_refuses_change_and_removal(statement):
    append(1)
    append(2)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)

    assert queries.verify_audit_chain().intact


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "first_broken"),
    [
        ('UPDATE foundation_auditrecord SET detail = \'{"amount": "1.00"}\' WHERE place = 3', 3),
        ("UPDATE foundation_auditrecord SET actor_id = 'somebody' WHERE place = 1", 1),
        ("UPDATE foundation_auditrecord SET business_date = '2020-01-01' WHERE place = 5", 5),
        ("DELETE FROM foundation_auditrecord WHERE place = 2", 3),
        ("DELETE FROM foundation_auditrecord WHERE place = 5", 5),
        ("DELETE FROM foundation_auditrecord", 1),
        ("DELETE FROM foundation_audithead", 6),
    ],
)
def test_tampering_is_found_where_it_was_done(statement, first_broken):
    for number in range(5):
        append(number)

    tamper(statement)

    report = queries.verify_audit_chain()
    assert not report.intact
    assert report.first_broken == first_broken


@pytest.mark.django_db
def test_record_of_work_that_was_rolled_back_does_not_stay():
    append(1)
    with pytest.raises(RuntimeError), transaction.atomic():
        append(2)
        raise RuntimeError("the work failed")

    append(3)

    assert queries.verify_audit_chain() == queries.ChainReport(2, True, None)
    assert queries.audit_trail(subject_type="loan", subject_id="L2") == ()


@pytest.mark.django_db(transaction=True)
def test_appenders_at_once_make_chains_that_hold():
    results = at_once(lambda thread: [append(thread * 10 + n) for n in range(5)], 6)

    assert [r for r in results if isinstance(r, Exception)] == []
    assert queries.verify_audit_chain() == queries.ChainReport(30, True, None)
    assert len(queries.latest_audit()) == 30


@pytest.mark.django_db(transaction=True)
def test_two_transactions_do_not_wait_for_each_other(monkeypatch):
    """Each appends, then waits until the other has appended too: one chain would stop them both."""
    both, mine = threading.Barrier(2), threading.local()
    monkeypatch.setattr(audit, "_stream", lambda: mine.stream)

    def work(number):
        mine.stream = 1 + number
        with transaction.atomic():
            append(number)
            both.wait(timeout=10)
            append(number + 10)

    assert at_once(work, 2) == [None, None]
    assert queries.verify_audit_chain() == queries.ChainReport(4, True, None)


@pytest.mark.django_db(transaction=True)
def test_an_anchor_fixes_every_stream():
    at_once(append, 3)
    anchor_audit(actor=Actor.system("tests"), on=ON)
    assert queries.verify_audit_chain() == queries.ChainReport(4, True, None, None, 1)
    anchored = AuditRecord.objects.exclude(stream=AuditRecord.objects.get(action=ANCHOR).stream)
    stream = anchored.first().stream

    tamper(
        f"DELETE FROM foundation_auditrecord WHERE stream = {stream};"
        f"DELETE FROM foundation_audithead WHERE id = {stream}"
    )

    report = queries.verify_audit_chain()
    assert (report.intact, report.stream, report.first_broken) == (False, stream, 1)


@pytest.mark.django_db
def test_records_from_before_there_were_streams_still_verify():
    """Three of them, as the version before wrote them: one chain, no stream in the hash."""
    previous = FIRST_HASH
    for number in (1, 2, 3):
        entry = AuditEntry(
            number, 0, number, datetime(2026, 6, 30, tzinfo=UTC), ON, "system", "tests", "loan.open",
            "loan", f"L{number}", {"number": number}, previous, "",
        )  # fmt: skip
        previous = entry_hash(entry)
        AuditRecord.objects.create(**{**vars(entry), "hash": previous})
    AuditHead.objects.create(id=0, place=3, hash=previous)
    append(4)
    assert queries.verify_audit_chain() == queries.ChainReport(4, True, None)

    tamper("UPDATE foundation_auditrecord SET actor_id = 'x' WHERE stream = 0 AND place = 2")

    report = queries.verify_audit_chain()
    assert (report.intact, report.stream, report.first_broken) == (False, 0, 2)


@pytest.mark.django_db
def test_command_reports_and_exits(capsys):
    append(1)

    with pytest.raises(SystemExit) as done:
        run(["audit", "verify", "--json"])
    assert done.value.code == 0
    assert json.loads(capsys.readouterr().out) == {
        "entries": 1,
        "intact": True,
        "first_broken": None,
        "stream": None,
        "anchors": 0,
    }

    tamper("UPDATE foundation_auditrecord SET action = 'loan.close'")
    with pytest.raises(SystemExit) as broken:
        run(["audit", "verify"])
    assert broken.value.code == 1
    assert "broken at entry 1" in capsys.readouterr().out
