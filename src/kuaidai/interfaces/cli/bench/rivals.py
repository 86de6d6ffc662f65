"""Other libraries on the same rows: each in a process of its own, from a frame in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kuaidai.interfaces.cli.bench.credit_sample import TARGET
from kuaidai.interfaces.cli.bench.elsewhere import plain_environment
from kuaidai.risk.scorecards.config import FeatureConfig, Kind, ScorecardConfig

RIVALS = ("optbinning", "toad")
RIVAL_ROWS = 1_000_000
_SCRIPT = Path(__file__).with_name("rival_run.py")


@dataclass(frozen=True)
class Rival:
    """What another library took; all figures are None where `absent` says why it did not run.

    `seconds`: binning and fit; `score_seconds`: scoring the same frame; neither reads a file.
    """

    name: str
    version: str | None = None
    rows: int | None = None
    seconds: float | None = None
    score_seconds: float | None = None
    auc: float | None = None
    information_values: Mapping[str, float] = field(default_factory=dict)
    absent: str | None = None


def run_rivals(
    sample: Path,
    config: ScorecardConfig,
    *,
    rows: int,
    threads: int,
    names: Sequence[str] = RIVALS,
    interpreter: Path | None = None,
) -> tuple[Rival, ...]:
    """Fit and score the rivals on the first `rows` rows of the sample's first file.

    `interpreter`: a Python to look in for those that the running one does not have.
    """
    file = min(sample.glob("*.parquet"))
    spec = json.dumps(_spec(config.features, config, rows, threads))
    return tuple(_run(name, file, spec, interpreter) for name in names)


def _spec(
    features: Sequence[FeatureConfig], config: ScorecardConfig, rows: int, threads: int
) -> dict[str, object]:
    return {
        "target": TARGET,
        "rows": rows,
        "threads": threads,
        "features": [f.name for f in features],
        "categorical": [f.name for f in features if f.kind is Kind.CATEGORICAL],
        "special": {f.name: [code for _, code in f.special] for f in features if f.special},
        "max_bins": config.max_bins,
        "min_share": config.min_bin_share,
    }


def _run(name: str, file: Path, spec: str, interpreter: Path | None) -> Rival:
    said = ""
    for python in (Path(sys.executable), *([interpreter] if interpreter else [])):
        if not _has(python, name):
            said = said or f"{name} is not installed"
            continue
        with plain_environment():
            done = subprocess.run(
                [python, "-P", _SCRIPT, name, file],
                input=spec,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode == 0:
            return Rival(**json.loads(done.stdout.splitlines()[-1]))
        said = (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]
    return Rival(name, absent=said)


def _has(python: Path, name: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([python, "-P", "-c", code], check=False).returncode == 0
