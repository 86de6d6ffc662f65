"""`fit_scorecard`: from a table with a target to a finished card."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from importlib.metadata import version

import numpy as np
import pandas as pd

from kuaidai.kernel.canonical import canonical_json, sha256_hex
from kuaidai.risk.scorecards.association import association_p_value
from kuaidai.risk.scorecards.binning import bin_feature
from kuaidai.risk.scorecards.card import (
    Calibration,
    FitRecord,
    Provenance,
    Scorecard,
)
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.columns import (
    Floats,
    Table,
    Values,
    read_column,
    read_target,
    require_columns,
)
from kuaidai.risk.scorecards.config import Kind, ScorecardConfig
from kuaidai.risk.scorecards.errors import BadSetting, OneClassTarget
from kuaidai.risk.scorecards.scaling import base_points, calibrate, give_points, grade_bands
from kuaidai.risk.scorecards.selection import Selection, select_features

_LIBRARIES = ("kuaidai", "numpy", "optbinning", "pyarrow", "scipy", "statsmodels")


def fit_scorecard(
    table: Table,
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    notes: tuple[tuple[str, str], ...] = (),
) -> Scorecard:
    """Bin, select, fit, scale and calibrate a card on the development sample.

    `table` holds the candidates of `config.features` and `target` (1 = bad); `weight` names a column
    of row weights. `notes` are kept in the card's provenance. The same input gives the same card.
    Raises `MissingColumn`, `NotANumber`, `TargetNotBinary`, `OneClassTarget`, `NoFeatureLeft`,
    `InfeasibleBins`, `FitNotConverged`.
    """
    require_columns(table, [target, *(f.name for f in config.features)])
    bad = read_target(table, target)
    weights = _weights(table, weight, len(bad))
    require_both_classes(bad, target, sample="the development sample")
    columns = {f.name: read_column(table, f.name, f.kind) for f in config.features}
    candidates = [bin_feature(columns[f.name], bad, weights, f, config) for f in config.features]
    woe = np.column_stack([c.woe[c.codes(columns[c.name])] for c in candidates])
    association: list[float] = []
    if config.association_p_max is not None:
        association = [association_p_value(columns[f.name], bad, f) for f in config.features]
    selection = select_features(candidates, woe, bad, weights, config, association)
    provenance = Provenance(
        rows=len(bad),
        bads=float((weights * bad).sum()),
        goods=float((weights * (1 - bad)).sum()),
        data_fingerprint=_fingerprint(columns, bad, weights),
        config_fingerprint=sha256_hex(canonical_json(asdict(config))),
        target=target,
        weight=weight,
        libraries=tuple((name, version(name)) for name in _LIBRARIES),
        notes=notes,
    )
    card = _assemble(candidates, selection, config, provenance)
    return _finish(card, table, bad, weights)


def require_both_classes(bad: Floats, target: str, *, sample: str) -> None:
    """Raise `OneClassTarget` unless the target has goods and bads."""
    bads = int(bad.sum())
    if bads in (0, len(bad)):
        raise OneClassTarget(target=target, sample=sample, goods=len(bad) - bads, bads=bads)


def _weights(table: Table, weight: str | None, rows: int) -> Floats:
    if weight is None:
        return np.ones(rows)
    values = np.asarray(read_column(table, weight, Kind.NUMERIC), dtype=np.float64)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise BadSetting(name=f"weight {weight}", value="a negative or missing weight", rule="≥ 0")
    return values


def _assemble(
    candidates: list[Characteristic],
    selection: Selection,
    config: ScorecardConfig,
    provenance: Provenance,
) -> Scorecard:
    fit = selection.fit
    kept = []
    for position, place in enumerate(selection.chosen):
        coefficient = float(fit.coefficients[position + 1])
        pointed = give_points(candidates[place], coefficient, config)
        kept.append(
            replace(
                pointed,
                coefficient=coefficient,
                standard_error=float(fit.errors[position + 1]),
                z=float(fit.z[position + 1]),
                p_value=float(fit.p_values[position + 1]),
                vif=float(selection.vif[position]),
            )
        )
    chosen = set(selection.chosen)
    intercept = float(fit.coefficients[0])
    return Scorecard(
        name=config.name,
        config=config,
        characteristics=tuple(kept),
        rejected=tuple(c for place, c in enumerate(candidates) if place not in chosen),
        selection=selection.steps,
        fit=FitRecord(
            intercept=intercept,
            intercept_error=float(fit.errors[0]),
            log_likelihood=fit.log_likelihood,
            null_log_likelihood=fit.null_log_likelihood,
            iterations=fit.iterations,
            gradient_norm=fit.gradient_norm,
            method=fit.method,
            l2=config.l2,
        ),
        base_points=base_points(intercept, config),
        calibration=Calibration("identity", 0.0, 1.0),
        grades=(),
        provenance=provenance,
    )


def _finish(card: Scorecard, table: Table, bad: Floats, weights: Floats) -> Scorecard:
    """Calibrate the card on its development scores and fill in the grades."""
    scores = card.scores(table)
    log_odds = np.array([card.log_odds_of_bad(int(s)) for s in scores], dtype=np.float64)
    tendency = card.config.central_tendency
    calibrated = replace(
        card, calibration=calibrate(log_odds, bad, weights, central_tendency=tendency)
    )
    floors = [band.min_score for band in card.config.bands if band.min_score is not None]
    edges: list[Decimal] = [calibrated.pd_of(floor) for floor in floors]
    edges.append(calibrated.pd_of(floors[-1] - 1 if floors else int(card.config.base_score)))
    pds = calibrated.probabilities(scores)
    grades = grade_bands(scores, pds, bad, weights, card.config, edges)
    return replace(calibrated, grades=grades)


def _fingerprint(columns: dict[str, Values], bad: Floats, weights: Floats) -> str:
    """SHA-256 over the rows' hashes, in row order, and the column names."""
    frame = pd.DataFrame({**columns, "\0bad": bad, "\0weight": weights})
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return sha256_hex(canonical_json(list(columns)) + rows.tobytes())
