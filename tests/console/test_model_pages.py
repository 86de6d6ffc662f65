"""Models in the console: the inventory, alerts of monitoring, and how one is acknowledged."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from django.db import transaction
from tests.support.bank import SYSTEM
from tests.support.scorecard import CHECKER, MAKER, publish_all, small_card

from kuaidai.foundation.operations import register_staff, set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.console.wording import (
    FINDING_TITLES,
    MODEL_FORMS,
    MONITORING_MARKS,
    VERSION_KINDS,
)
from kuaidai.risk.policy.domain.entry import Document, ModelEntry, ModelForm
from kuaidai.risk.policy.domain.lifecycle import ModelKind
from kuaidai.risk.policy.models import ModelVersion
from kuaidai.risk.policy.monitoring_alerts import keep_alerts
from kuaidai.risk.policy.monitoring_models import MonitoringAlert
from kuaidai.risk.policy.monitoring_queries import alerts
from kuaidai.risk.policy.operations import approve_model, register_model, submit_model
from kuaidai.risk.scorecards.monitoring import Level, Thresholds, monitor
from kuaidai.risk.scorecards.monitoring_report import FindingCode

pytestmark = pytest.mark.django_db
PASSWORD = "a-password-for-tests"
TODAY, MAY, JUNE = date(2026, 7, 1), date(2026, 5, 1), date(2026, 6, 1)
MODELS = "/console/models/"
KINDS = {
    "en": ("Identity model", "Anti-fraud model", "Collection model", "None in use", "test-card/1"),
    "zh-hans": (
        "风险评价模型",
        "反欺诈模型",
        "无在用模型",
        "互联网贷款管理暂行办法",
        "test-card/1",
    ),
}


@pytest.fixture
def bank(db):
    set_business_date(on=TODAY, actor=SYSTEM)
    publish_all(TODAY)


@pytest.fixture
def sign_in(bank, client):
    def signed_in(role="risk_officer", language="en"):
        register_staff(username=role, role=role, password=PASSWORD, actor=SYSTEM, on=TODAY)
        client.cookies["django_language"] = language
        client.post("/console/login/", {"username": role, "password": PASSWORD})
        return client

    return signed_in


def month(first, balances, **limits):
    """Alerts in line with a month of applicants with those balances."""

    found = monitor(
        small_card(),
        pd.DataFrame({"balance_average_6m": balances}),
        month=first,
        on=TODAY,
        thresholds=Thresholds(**limits),
    )
    with transaction.atomic():
        keep_alerts(ModelVersion.objects.get(name="test-card"), found)
    return found


POOR = [4_000.0] * 60


def words(page) -> str:
    return page.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_inventory_names_every_kind_and_what_is_in_use(sign_in, language) -> None:
    shown = words(sign_in(language=language).get(MODELS))
    for word in KINDS[language]:
        assert word in shown


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Grade distribution moved", "Nobody has looked yet", "Alert", "2026-05")),
        ("zh-hans", ("等级分布漂移", "待核查", "预警", "2026-05")),
    ],
)
def test_alerts_are_listed_and_the_front_page_points_to_them(sign_in, language, said) -> None:
    client = sign_in("modeller", language)
    assert "#alerts" not in words(client.get("/console/"))
    found = month(MAY, POOR)
    assert found.level is Level.ALERT

    front, listed = words(client.get("/console/")), words(client.get(MODELS))

    assert f'href="{MODELS}#alerts"' in front
    assert {"en": "2 alerts wait", "zh-hans": "2 条预警待核查"}[language] in front
    for word in said:
        assert word in listed
    month(JUNE, POOR)
    assert words(client.get(MODELS)).count("/console/models/alerts/") == 2


def test_a_person_acknowledges_an_alert_with_a_note(sign_in) -> None:
    client = sign_in()
    month(MAY, POOR)
    first, second = alerts()
    page = f"/console/models/alerts/{first.id}/"
    assert "Acknowledge the alert" in words(client.get(page))

    refused = client.post(page, {"note": " no "})
    done = client.post(page, {"note": "A campaign <b>in</b> May.\nNothing to do."}, follow=True)

    assert refused.status_code == 422 and "at least 5 characters" in words(refused)
    assert done.redirect_chain == [(page, 302)]
    shown = words(done)
    assert "The alert is acknowledged." in shown
    assert "A campaign &lt;b&gt;in&lt;/b&gt; May.<br>Nothing to do." in shown
    assert 'id="acknowledge"' not in shown
    assert "One alert waits" in words(client.get("/console/"))
    entry = audit_trail(subject_type="model", subject_id=first.label)[0]
    assert (entry.action, entry.actor_id) == ("model.alert_acknowledged", "risk_officer")
    assert [a.id for a in alerts()] == [second.id, first.id]
    twice = client.post(page, {"note": "Once more, please."})
    assert twice.status_code == 422


def test_what_got_worse_is_shown_open_with_the_old_note(sign_in) -> None:
    client = sign_in()
    month(MAY, [*[4_000.0] * 10, *[40_000.0] * 50], p_alert=0.98, p_watch=0.99, psi_watch=0.001)
    for held in alerts():
        client.post(f"/console/models/alerts/{held.id}/", {"note": "Seen and understood."})
    assert "#alerts" not in words(client.get("/console/"))

    month(JUNE, POOR)

    assert "#alerts" in words(client.get("/console/"))
    listed = words(client.get(MODELS))
    assert "Worse since it was acknowledged" in listed and "Seen and understood." in listed


def test_who_does_not_answer_for_models_may_look_only(sign_in) -> None:
    client = sign_in("account_manager")
    month(MAY, POOR)
    page = f"/console/models/alerts/{alerts()[0].id}/"

    assert "#alerts" not in words(client.get("/console/"))
    assert "A modeller or a risk officer looks into alerts." in words(client.get(page))
    assert client.post(page, {"note": "Let it pass."}).status_code == 422
    assert {a.acknowledged_by for a in alerts()} == {""}


def test_an_alert_that_is_not_there_is_404(sign_in) -> None:
    client = sign_in()
    assert client.get("/console/models/alerts/99999/").status_code == 404
    assert client.post("/console/models/alerts/99999/", {"note": "Nothing."}).status_code == 404


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            ("Models beside our scorecards", "Rules", "Validation due", "Live", "In-house limits"),
        ),
        ("zh-hans", ("自有评分卡以外的模型", "规则", "应验证", "审批模型")),
    ],
)
def test_models_beside_our_scorecards_are_shown_with_what_is_said_of_them(
    sign_in, language, said
) -> None:
    entry = ModelEntry(
        name="limit-rules",
        kind=ModelKind.APPROVAL,
        form=ModelForm.RULES,
        owner="Credit <b>department</b>",
        purpose="In-house limits",
        validated_on=MAY,
        next_validation_on=TODAY,
        documents=(Document("handbook.pdf", "ab" * 32),),
    )
    label = register_model(entry=entry, actor=MAKER, on=TODAY)
    submit_model(label=label, actor=MAKER, on=TODAY)
    approve_model(label=label, live_from=TODAY, actor=CHECKER, on=TODAY)

    shown = words(sign_in(language=language).get(MODELS))

    for word in (
        *said,
        "limit-rules/1",
        "2026-05-01",
        "2026-07-01",
        "handbook.pdf",
        "abababababab",
    ):
        assert word in shown
    assert "Credit &lt;b&gt;department&lt;/b&gt;" in shown


def test_whatever_monitoring_can_find_has_a_title_and_a_mark() -> None:
    assert set(FINDING_TITLES) == set(FindingCode)
    assert set(MONITORING_MARKS) == set(Level)


def test_every_kind_and_form_of_a_model_has_words() -> None:
    assert set(MODEL_FORMS) == set(ModelForm)
    assert set(VERSION_KINDS) == {"policy", *ModelKind}


def test_an_alert_with_a_code_of_another_version_is_shown_by_its_code(sign_in) -> None:
    client = sign_in()
    month(MAY, POOR)
    MonitoringAlert.objects.filter(code="GRADE_PSI").update(code="KS_FELL")

    assert "KS_FELL" in words(client.get(MODELS))
    number = next(a.id for a in alerts() if a.code == "KS_FELL")
    assert "KS_FELL" in words(client.get(f"/console/models/alerts/{number}/"))
