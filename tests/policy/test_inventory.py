"""The inventory of model kinds: one kind a model, one card that decides, and scores that say which."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction
from typer.testing import CliRunner

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.operations import set_business_date
from kuaidai.foundation.queries import audit_trail
from kuaidai.interfaces.cli import policy as policies
from kuaidai.interfaces.cli import scorecard as scorecards
from kuaidai.risk.policy import operations, queries, shadows
from kuaidai.risk.policy.domain.lifecycle import ModelKind
from kuaidai.risk.policy.errors import DecidesNothing, KindFixed, OwnDraft, UnknownVersion
from kuaidai.risk.policy.models import ModelVersion

pytestmark = pytest.mark.django_db
ON = date(2026, 7, 1)
MODELLER = Actor("staff", "modeller", "Modeller")
RISK = Actor("staff", "risk", "Risk officer")
WARNING = ModelKind.WARNING


@pytest.fixture(autouse=True)
def today(db):
    set_business_date(on=ON, actor=Actor.system("tests"))


@pytest.fixture
def live(card, policy):
    operations.publish_scorecard(card, report="", maker=MODELLER, checker=RISK, on=ON)
    operations.publish_library_policy("credit-quick-loan", maker=MODELLER, checker=RISK, on=ON)


def submitted(card, *, name, kind=ModelKind.RISK_EVALUATION):
    given = replace(card, name=name)
    label = operations.draft_model(scorecard=given, report="", actor=MODELLER, on=ON, kind=kind)
    operations.submit_model(label=label, actor=MODELLER, on=ON)
    return label


def lines():
    return {line.kind: line for line in queries.inventory(on=ON)}


def call(app, *arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def test_every_kind_of_the_rules_has_its_line_in_their_order(live):
    # 商业银行互联网贷款管理暂行办法 (2020), article 4: 身份认证、反欺诈、反洗钱、合规、风险评价、风险定价、授信审批、
    # 风险预警、贷款清收
    found = queries.inventory(on=ON)

    assert [line.kind.value for line in found] == [
        "identity", "anti_fraud", "anti_money_laundering", "compliance", "risk_evaluation",
        "pricing", "approval", "warning", "collection",
    ]  # fmt: skip
    in_use = {line.kind.value: line.live for line in found if line.live}
    assert in_use == {
        "risk_evaluation": ("test-card/1",),
        "pricing": ("credit-quick-loan/1",),
        "approval": ("credit-quick-loan/1",),
    }


def test_a_card_of_another_kind_is_in_use_and_decides_nothing(live, card, facts):
    label = submitted(card, name="behaviour-card", kind=WARNING)
    assert lines()[WARNING].coming == (label,)
    with pytest.raises(DecidesNothing, match="of the kind warning"):
        shadows.start_shadow(label=label, actor=RISK, on=ON)

    operations.approve_model(label=label, live_from=ON, actor=RISK, on=ON)

    assert lines()[WARNING].live == (label,)
    assert queries.live_scorecard(ON).label == "test-card/1"
    drafted = audit_trail(subject_type="model", subject_id=label)[-1]
    assert drafted.detail["kind"] == "warning"


def test_of_the_cards_that_could_decide_one_is_live(live, card):
    label = submitted(card, name="next-card")
    shadows.start_shadow(label=label, actor=RISK, on=ON)
    assert lines()[ModelKind.RISK_EVALUATION].shadow == (label,)

    operations.approve_model(label=label, live_from=ON, actor=RISK, on=ON)

    assert queries.live_scorecard(ON).label == label
    line = lines()[ModelKind.RISK_EVALUATION]
    assert (line.live, line.shadow, line.coming) == ((label,), (), ())
    assert {v.label: v.status for v in queries.versions(on=ON)}["test-card/1"] == "retired"


def test_a_model_keeps_its_kind(live, card):
    other = replace(card, base_points=card.base_points + 1)
    with pytest.raises(KindFixed, match="test-card is on the register as risk_evaluation"):
        operations.draft_model(scorecard=other, report="", actor=MODELLER, on=ON, kind=WARNING)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ModelVersion.objects.update(kind="warning")


def test_who_drafted_does_not_approve_even_where_another_submitted(card):
    label = operations.draft_model(scorecard=card, report="", actor=MODELLER, on=ON)
    operations.submit_model(label=label, actor=RISK, on=ON)
    with pytest.raises(OwnDraft, match="Modeller drafted test-card/1"):
        operations.approve_model(label=label, live_from=ON, actor=MODELLER, on=ON)


def test_the_command_shows_what_is_in_use_and_what_is_not(live):
    shown = call(policies.app, "models").stdout.splitlines()

    assert any(line.split()[:2] == ["risk_evaluation", "test-card/1"] for line in shown)
    assert any(line.startswith("collection") and "none in use" in line for line in shown)
    held = json.loads(call(policies.app, "models", "--json").stdout)
    assert held[4] == {
        "kind": "risk_evaluation",
        "live": ["test-card/1"],
        "shadow": [],
        "coming": [],
    }


def test_scores_say_which_version_gave_them(live, card, tmp_path):
    source = tmp_path / "firms.parquet"
    pq.write_table(
        pa.table({"uscc": ["A", "B"], "balance_average_6m": [5_000.0, 90_000.0]}), source
    )

    for out, options in (("full.parquet", ()), ("brief.parquet", ("--brief",)), ("full.csv", ())):
        said = call(
            scorecards.app, "score", "test-card/1", source, tmp_path / out, *options, "--json"
        )
        assert json.loads(said.stdout)["scorecard"] == "test-card/1"

    for out in ("full.parquet", "brief.parquet"):
        stamped = pq.read_schema(tmp_path / out).metadata
        assert stamped[b"kuaidai.version"] == b"test-card/1"
        assert stamped[b"kuaidai.version_hash"].decode() == card.version_hash
    assert pacsv.read_csv(tmp_path / "full.csv")["scorecard"].to_pylist() == ["test-card/1"] * 2
    with pytest.raises(UnknownVersion, match="test-card/9"):
        call(scorecards.app, "score", "test-card/9", source, tmp_path / "none.parquet")
