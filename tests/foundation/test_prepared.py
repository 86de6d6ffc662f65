"""Statements that run often are prepared once per connection; the others are not."""

import pytest
from django.db import IntegrityError, connection, transaction

from kuaidai.foundation import prepared
from kuaidai.foundation.models import BusinessDate

pytestmark = pytest.mark.django_db
_ASK = "SELECT %s::int + 1"


def kept(text: str) -> list[int]:
    """How often each prepared statement of this connection that holds `text` has run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
            " WHERE strpos(statement, %s) > 0",
            [text],
        )
        return [row[0] for row in cursor.fetchall()]


def test_the_server_parses_and_plans_it_once():
    assert [prepared.fetch_one(_ASK, [number]) for number in range(8)] == [
        (number + 1,) for number in range(8)
    ]
    assert kept("SELECT $1::int + 1") == [8]


def test_what_the_orm_asks_is_not_prepared_however_often():
    for _ in range(8):
        list(BusinessDate.objects.all())
    assert kept("foundation_businessdate") == []


def test_a_refused_statement_leaves_the_connection_usable():
    def write() -> None:
        prepared.insert("foundation_businessdate", {"id": 2, "on": "2026-06-30"})

    with pytest.raises(IntegrityError, match="one_business_date"), transaction.atomic():
        write()
    assert prepared.fetch_one(_ASK, [1]) == (2,)
    prepared.insert("foundation_businessdate", {"id": 1, "on": "2026-06-30"})
    assert BusinessDate.objects.get().on.isoformat() == "2026-06-30"
