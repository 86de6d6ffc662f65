"""Real VAT invoices of 425 small firms: what they tell of default, and how the two samples differ.

The data are those of problem C of the China Undergraduate Mathematical Contest in Modeling 2020; the
staff's rating is never used. `docs/real-data.md` gives the figures measured here.
"""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from kuaidai.data.features import compute_batch
from kuaidai.data.features.invoices import SPECS
from kuaidai.data.lake import Lake
from kuaidai.data.lake.mapping import load_mapping
from kuaidai.data.quality.population import population_drift

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.slow

OBSERVED_ON = date(2020, 2, 1)
"""The newest month in the data is open: the window ends with January 2020."""
NAMES = [spec.name for spec in SPECS]
Numbers = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def firms(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The 425 firms with their invoice features."""
    folder = real_data / "cumcm2020c"
    if not folder.is_dir():
        pytest.skip(f"KUAIDAI_REAL_DATA has no folder cumcm2020c: {real_data}")
    lake = Lake(tmp_path_factory.mktemp("cumcm") / "lake")
    report = lake.ingest(folder, mapping=load_mapping("cumcm2020c"))
    assert sum(run.rows for run in report.runs) == 373_431 + 726_010
    companies = pq.read_table(folder / "companies.parquet").drop_columns(["rating"])
    companies = companies.set_column(
        companies.column_names.index("company_id"),
        "company_id",
        companies["company_id"].cast("string"),
    )
    subjects = pa.table(
        {
            "uscc": companies["company_id"],
            "person_id": pa.nulls(len(companies), pa.string()),
            "observed_on": pa.array([OBSERVED_ON] * len(companies), pa.date32()),
        }
    )
    features = compute_batch(lake, subjects).select(["uscc", *NAMES])
    features = features.rename_columns({"uscc": "company_id"})
    found = companies.join(features, "company_id", join_type="inner")
    assert found.num_rows == 425
    return found.sort_by("company_id")


def _numbers(table: pa.Table) -> Numbers:
    columns = [table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in NAMES]
    return np.column_stack(columns)


def _signed_logarithm(values: Numbers) -> Numbers:
    """Amounts and counts of firms spread over powers of ten; credit notes make some negative."""
    return np.sign(values) * np.log1p(np.abs(values))


def test_invoices_tell_who_defaulted(firms: pa.Table) -> None:
    known = firms.filter(pc.field("has_credit_history") == 1)
    bad = known["default"].to_numpy(zero_copy_only=False).astype(int)
    assert (len(bad), bad.sum()) == (123, 27)
    model = make_pipeline(
        SimpleImputer(strategy="median"),
        FunctionTransformer(_signed_logarithm),
        StandardScaler(),
        LogisticRegression(max_iter=2000),
    )
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=10, random_state=1)
    aucs = cross_val_score(model, _numbers(known), bad, scoring="roc_auc", cv=folds)
    _log.info(f"invoices {aucs.mean():.3f} ± {aucs.std():.3f}")
    for name, values in zip(NAMES, _numbers(known).T, strict=True):
        auc = roc_auc_score(bad, np.nan_to_num(values, nan=np.nanmedian(values)))
        _log.info(f"{name}: {max(auc, 1 - auc):.3f}, {'+' if auc > 0.5 else '-'}")
    assert aucs.mean() >= 0.86


def test_the_two_samples_are_not_alike(firms: pa.Table) -> None:
    """The size of the 302 that ask for loans is distributed otherwise than that of the 123; the number
    of their invoices is not."""
    known = firms.filter(pc.field("has_credit_history") == 1).select(NAMES)
    asking = firms.filter(pc.field("has_credit_history") == 0).select(NAMES)
    found = {drift.feature: drift for drift in population_drift(known, asking)}
    assert set(found) == set(NAMES)
    assert found["invoice_sales_monthly_mean"].stability.index > 0.25
    assert found["invoices_monthly_mean"].stability.index < 0.10
