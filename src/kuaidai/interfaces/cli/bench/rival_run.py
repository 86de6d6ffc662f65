"""Run by path, in any interpreter that has the rival: fit and score a frame, print one JSON object.

Usage: rival_run.py NAME FILE < SPEC, the specification as `rivals.py` writes it. Reading the file is not timed:
the rivals start from a frame in memory. Knows nothing of kuaidai, so that it runs where kuaidai is not.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Any


def main() -> None:
    """Fit and score the rival named first on the command line."""
    warnings.simplefilter("ignore")
    name, file = sys.argv[1:3]
    spec = json.load(sys.stdin)
    rival = {"optbinning": _optbinning, "toad": _toad}[name]
    import_module(name)
    frame = _frame(file, spec)
    found = rival(frame[spec["features"]], frame[spec["target"]].to_numpy(), spec)
    facts = {"name": name, "version": version(name), "rows": len(frame), **found}
    sys.stdout.write("\n" + json.dumps(facts) + "\n")


def _frame(file: str, spec: dict[str, Any]) -> Any:
    parquet = import_module("pyarrow.parquet").ParquetFile(file)
    arrow = import_module("pyarrow")
    groups: list[Any] = []
    rows = 0
    while rows < spec["rows"]:
        groups.append(parquet.read_row_group(len(groups)))
        rows += groups[-1].num_rows
    frame = arrow.concat_tables(groups).slice(0, spec["rows"]).to_pandas()
    for name in spec["categorical"]:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def _optbinning(frame: Any, bad: Any, spec: dict[str, Any]) -> dict[str, Any]:
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    settings = {}
    for name in frame.columns:
        special = spec["special"].get(name, [])
        ordinary = frame[name].notna() & ~frame[name].isin(special)
        settings[name] = {
            "monotonic_trend": "auto_asc_desc",
            "min_bin_size": spec["min_share"] * float(ordinary.mean()),
            **({"special_codes": special} if special else {}),
        }
    card = Scorecard(
        binning_process=BinningProcess(
            list(frame.columns),
            categorical_variables=spec["categorical"],
            max_n_bins=spec["max_bins"],
            binning_fit_params=settings,
            n_jobs=spec["threads"],
        ),
        estimator=LogisticRegression(C=1e6, max_iter=1000),
        scaling_method="pdo_odds",
        scaling_method_params={"pdo": 40, "odds": 20, "scorecard_points": 600},
    )
    began = time.perf_counter()
    card.fit(frame, bad)
    fitted = time.perf_counter()
    scores = card.score(frame)
    scored = time.perf_counter()
    values = {}
    for name in frame.columns:
        table = card.binning_process_.get_binned_variable(name).binning_table
        table.build()
        values[name] = float(table.iv)
    return {
        "seconds": fitted - began,
        "score_seconds": scored - fitted,
        "auc": _auc(bad, scores),
        "information_values": values,
    }


def _toad(frame: Any, bad: Any, spec: dict[str, Any]) -> dict[str, Any]:
    toad = import_module("toad")
    began = time.perf_counter()
    combiner = toad.transform.Combiner()
    combiner.fit(
        frame,
        bad,
        method="dt",
        n_bins=spec["max_bins"],
        min_samples=spec["min_share"],
        empty_separate=True,
    )
    transformer = toad.transform.WOETransformer()
    woe = transformer.fit_transform(combiner.transform(frame), bad)
    card = toad.ScoreCard(combiner=combiner, transer=transformer, C=1e6, max_iter=1000)
    card.fit(woe, bad)
    fitted = time.perf_counter()
    scores = card.predict(frame)
    scored = time.perf_counter()
    return {
        "seconds": fitted - began,
        "score_seconds": scored - fitted,
        "auc": _auc(bad, scores),
        "information_values": {},
    }


def _auc(bad: Any, scores: Any) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(bad, -scores))


if __name__ == "__main__":
    main()
