"""`kuaidai bench rejects` reports every method against the truth."""

import json

import pytest
from typer.testing import CliRunner

from kuaidai.interfaces.cli.bench.commands import app

pytestmark = pytest.mark.slow


def test_the_benchmark_reports_every_method():
    result = CliRunner().invoke(app, ["rejects", "--firms", "500", "--months", "12", "--json"])

    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    names = [each["name"] for each in facts["results"]]
    assert names == ["accepted only", "parcelling", "fuzzy", "reweighting", "everyone"]
    assert 0 < facts["turned_down"] < facts["applicants"]
    assert all(0.5 < each["auc"] < 1 for each in facts["results"])
