"""`kuaidai bench fit` fits what it says it fits."""

import json

import pytest
from typer.testing import CliRunner

from kuaidai.interfaces.cli.bench.commands import app

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("where", [[], ["--on-disk"]])
def test_the_benchmark_reports_its_fit(tmp_path, where):
    call = ["fit", "--rows", "30000", "--folder", str(tmp_path), "--json", *where]

    result = CliRunner().invoke(app, call)

    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["rows"] == 30_000
    assert facts["features"] == 20
    assert facts["fitted"] >= 15
    assert facts["codes_on_disk"] is bool(where)
    assert facts["seconds"] >= facts["scan_seconds"] > 0
    assert list(tmp_path.iterdir()) == []
