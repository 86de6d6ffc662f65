"""`kuaidai bench drawdown` reports both measures, and its counters add up."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_benchmark_reports_both_measures():
    work = ["drawdown", "--clients", "2", "--lines", "20", "--draws", "20", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "kuaidai", "bench", *work], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert [each["work"] for each in results] == ["reserve", "reserve+post"]
    assert all(each["drawdowns"] == 40 and each["counters_agree"] for each in results)
    assert all(0 < each["p50_ms"] <= each["p99_ms"] <= each["slowest_ms"] for each in results)
