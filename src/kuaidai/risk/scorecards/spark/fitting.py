"""A card fitted on a Spark frame: the local fit, its passes run where the rows lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kuaidai.risk.scorecards.binning import bin_scan
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.config import ScorecardConfig
from kuaidai.risk.scorecards.engine.fine_classes import FineClasses
from kuaidai.risk.scorecards.fitting import Binning, fit_card
from kuaidai.risk.scorecards.spark.frames import open_frame
from kuaidai.risk.scorecards.spark.scan import scan_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@contextmanager
def bin_frame(
    data: DataFrame | Path | str | Sequence[Path],
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    offset: str | None = None,
    recent: DataFrame | Path | str | Sequence[Path] | None = None,
    classes: Sequence[FineClasses] | None = None,
) -> Iterator[Binning]:
    """Scan and bin a frame as `bin_data` does; its codes are let go when the context ends.

    `classes` fixes the fine classes (default: from a sample). Raises as `bin_data`, and `UnknownEngine`
    where Spark is missing.
    """
    features, period = config.features, config.stable_over
    scanned = scan_frame(
        open_frame(data),
        features,
        target=target,
        weight=weight,
        period=period,
        offset=offset,
        classes=classes,
    )
    with scanned:
        later = None
        if recent is not None:
            fixed = scanned.classes
            with scan_frame(open_frame(recent), features, target=target, classes=fixed) as later:
                pass
        yield Binning(scanned, bin_scan(scanned, config), config, target, weight, later, offset)


def fit_frame(
    data: DataFrame | Path | str | Sequence[Path],
    *,
    target: str,
    config: ScorecardConfig,
    weight: str | None = None,
    offset: str | None = None,
    recent: DataFrame | Path | str | Sequence[Path] | None = None,
    notes: tuple[tuple[str, str], ...] = (),
    classes: Sequence[FineClasses] | None = None,
) -> Scorecard:
    """`fit_scorecard` on a Spark frame.

    On the same data and fine classes the figures are the local ones to rounding (1e-9 in coefficients and
    errors). Raises what `bin_frame` and `fit_card` raise.
    """
    with bin_frame(
        data,
        target=target,
        config=config,
        weight=weight,
        offset=offset,
        recent=recent,
        classes=classes,
    ) as binning:
        return fit_card(binning, notes=notes)
