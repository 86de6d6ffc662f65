"""The whole journey over HTTP against freshly started processes, as `kuaidai demo --smoke` drives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_journey_goes_right_against_fresh_processes() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KUAIDAI_")}
    done = subprocess.run(
        [sys.executable, "-m", "kuaidai", "demo", "--smoke", "--json"],
        capture_output=True,
        text=True,
        timeout=280,
        env=environment,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout)
    assert result["application_status"] == "active"
    assert result["sources_collected"] == 6
    assert result["contract_signatures_valid"] is True
    assert result["drawn"] == "50000.00"
    assert result["repaid"] == "20000.00"
    assert result["outstanding"] == "30000.00"
    assert result["trial_balance"] == "0.00"
    assert result["turnover"] == "70000.00"
    assert result["replay_identical"] is True
    assert result["decision_ms"] > 0
