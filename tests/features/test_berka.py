"""A real bank's accounts: the behaviour before 354 loans tells which of them went bad.

The data are the PKDD'99 Discovery Challenge's; `docs/real-data.md` gives the figures measured here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
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
from sklearn.preprocessing import StandardScaler

from kuaidai.data.features import catalog, compute_batch
from kuaidai.data.lake import Lake
from kuaidai.data.lake.mapping import load_mapping

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.slow

BEHAVIOUR = [spec.name for spec in catalog() if spec.family in ("account_behaviour", "settlement")]
Numbers = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    found = real_data / "berka_pkdd99"
    if not found.is_dir():
        pytest.skip(f"KUAIDAI_REAL_DATA has no folder berka_pkdd99: {real_data}")
    return found


@pytest.fixture(scope="module")
def lake(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("berka") / "lake", personal_key=b"a key of the tests")
    report = lake.ingest(folder, mapping=load_mapping("berka_pkdd99"))
    assert {run.dataset: (run.rows, run.quarantined) for run in report.runs} == {
        "accounts": (4500, 0),
        "transactions": (30_200, 0),
        "daily_balances": (148_916, 0),
        "loans": (682, 0),
        "owners": (4500, 0),
    }
    return lake


@pytest.fixture(scope="module")
def loans(folder: Path) -> pa.Table:
    """The loans before which transactions are published, with the day and the outcome of each."""
    found = pq.read_table(folder / "loan.parquet")
    found = found.filter(pc.field("has_pre_loan_transactions") == 1).sort_by("loan_id")
    assert (found.num_rows, sum(found["bad"].to_pylist())) == (354, 30)
    return found


def _features(lake: Lake, loans: pa.Table) -> pa.Table:
    granted = [date.fromisoformat(day[:10]) for day in loans["date"].to_pylist()]
    return compute_batch(
        lake,
        pa.table(
            {
                "uscc": [str(account) for account in loans["account_id"].to_pylist()],
                "person_id": [""] * len(granted),
                "observed_on": pa.array(granted, pa.date32()),
            }
        ),
    )


@pytest.fixture(scope="module")
def features(lake: Lake, loans: pa.Table) -> pa.Table:
    return _features(lake, loans)


def _numbers(table: pa.Table, names: Sequence[str]) -> Numbers:
    columns = [table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in names]
    values = np.column_stack(columns)
    return values[:, [np.unique(column[~np.isnan(column)]).size > 1 for column in values.T]]


def _cross_validated(values: Numbers, bad: Numbers) -> Numbers:
    """AUC of a plain logistic regression in each of 10 times 5 folds."""
    model = make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=2000)
    )
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=10, random_state=1)
    return np.asarray(cross_val_score(model, values, bad, scoring="roc_auc", cv=folds))


def test_the_balances_follow_from_the_bookings(lake: Lake) -> None:
    """Every account starts at nothing; each balance is the one before and the amount, to 0.10."""
    rows = lake.table("transactions").order_by("account_no", "booked_on", "sequence").to_pyarrow()
    account, balance, seen = None, Decimal(0), 0
    for row in rows.to_pylist():
        if row["account_no"] != account:
            account, balance, seen = row["account_no"], Decimal(0), seen + 1
        signed = row["amount"] if row["direction"] == "credit" else -row["amount"]
        assert abs(balance + signed - row["balance_after"]) <= Decimal("0.10"), row
        balance = row["balance_after"]
    assert seen == 354


def test_every_day_has_the_balance_of_its_evening(lake: Lake) -> None:
    days = lake.table("daily_balances").order_by("account_no", "balance_on").to_pyarrow()
    booked = lake.table("transactions").order_by("booked_on", "sequence").to_pyarrow()
    last = {
        (row["account_no"], row["booked_on"]): row["balance_after"] for row in booked.to_pylist()
    }
    before = None
    for row in days.to_pylist():
        standing = last.get((row["account_no"], row["balance_on"]))
        if standing is None:
            assert before is not None
            assert before["account_no"] == row["account_no"]
            assert before["balance_on"] == row["balance_on"] - timedelta(days=1)
            standing = before["balance"]
        assert row["balance"] == standing
        before = row


def test_behaviour_before_the_loan_tells_its_outcome(features: pa.Table, loans: pa.Table) -> None:
    bad = loans["bad"].to_numpy().astype(float)
    behaviour = _cross_validated(_numbers(features, BEHAVIOUR), bad)
    terms = _cross_validated(_numbers(loans, ["amount", "duration", "payments"]), bad)
    measured = [("behaviour", behaviour), ("loan terms", terms)]
    _log.info("; ".join(f"{name} {aucs.mean():.3f} ± {aucs.std():.3f}" for name, aucs in measured))
    for name in BEHAVIOUR:
        found = _numbers(features, [name])
        if found.shape[1]:
            auc = roc_auc_score(bad, np.nan_to_num(found[:, 0], nan=np.nanmedian(found)))
            _log.info(f"{name}: {max(auc, 1 - auc):.3f}, {'+' if auc > 0.5 else '-'}")
    assert behaviour.mean() >= 0.90
    assert behaviour.mean() > terms.mean() + 0.15


def test_nothing_from_the_day_of_the_loan_on_is_seen(
    folder: Path, loans: pa.Table, features: pa.Table, tmp_path: Path
) -> None:
    """Withdrawals booked on the day of the loan and later change no feature."""
    day = [date.fromisoformat(text[:10]) for text in loans["date"].to_pylist()]
    accounts = loans["account_id"].to_pylist()
    known = pq.read_table(folder / "trans_preloan_354.parquet").drop_columns(["trans_id"])
    planted = []
    for later, amount in ((0, 9_000_000.0), (40, 8_000_000.0), (365, 1.0)):
        planted += [
            {
                "account_id": account, "date": datetime.combine(granted + timedelta(days=later), time()),
                "type": "withdrawal", "operation": "withdrawal in cash", "amount": amount,
                "balance": -amount,
            }
            for account, granted in zip(accounts, day, strict=True)
        ]  # fmt: skip
    extra = pa.Table.from_pylist(planted, schema=known.schema)
    every = pa.concat_tables([known, extra])
    every = every.append_column("trans_id", pa.array(range(len(every))))
    (tmp_path / "in").mkdir()
    pq.write_table(every, tmp_path / "in" / "trans.parquet")
    for name in ("account.parquet", "loan.parquet"):
        (tmp_path / "in" / name).write_bytes((folder / name).read_bytes())
    lake = Lake(tmp_path / "lake")
    lake.ingest(tmp_path / "in", mapping=load_mapping("berka_pkdd99"))
    assert lake.table("transactions").count().to_pyarrow().as_py() == 30_200 + 3 * 354
    seen = _features(lake, loans)
    for name in BEHAVIOUR:
        before, after = _numbers(features, [name]), _numbers(seen, [name])
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-6, err_msg=name)
