"""What every response carries, and what the log must not."""

import json
import logging

import pytest
from django.http import HttpResponse
from django.urls import path

pytestmark = pytest.mark.urls(__name__)
urlpatterns = [path("firms/<str:uscc>", lambda request, uscc: HttpResponse(uscc), name="firm")]


def test_pages_allow_no_foreign_script_and_are_not_cached(client):
    response = client.get("/firms/91110000MA0000001L")

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("0123456789abcdef", True), ("x", False), ("bad id\nforged: line", False), ("y" * 65, False)],
)
def test_request_id_is_kept_when_sound_and_replaced_otherwise(client, given, kept):
    response = client.get("/firms/1", headers={"X-Request-ID": given})

    assert (response.headers["X-Request-ID"] == given) is kept
    assert 8 <= len(response.headers["X-Request-ID"]) <= 64


def test_log_names_the_view_and_never_the_path(client, caplog):
    with caplog.at_level(logging.INFO, logger="kuaidai"):
        client.get("/firms/91110000MA0000001L?phone=13800000001")

    (record,) = [r for r in caplog.records if r.name == "kuaidai.foundation.middleware"]
    text = json.dumps(record.msg, ensure_ascii=False)
    assert record.msg["view"] == "firm"
    assert record.msg["status"] == 200
    assert "91110000MA0000001L" not in text
    assert "13800000001" not in text
