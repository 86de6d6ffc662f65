"""Screening datasets of a lake, and tables of features by month of observation."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa

from kuaidai.data.lake import Lake
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.quality.plan import dataset_plan, table_plan
from kuaidai.data.quality.profile import Profile, Settings, profile_table

SUBJECT_COLUMNS = ("uscc", "person_id", "observed_on")


def screen_dataset(lake: Lake, name: str, settings: Settings | None = None) -> Profile:
    """A dataset's quality by the month of its event date. Raises `UnknownDataset`."""
    table = lake.table(name)
    contract = DATASETS[name]
    return profile_table(
        table,
        dataset_plan(contract),
        dated=contract.event_date,
        name=name,
        titles=(contract.title_en, contract.title_zh),
        settings=settings,
    )


def screen_features(
    features: pa.Table,
    *,
    name: str = "features",
    titles: Mapping[str, tuple[str, str]] | None = None,
    money: frozenset[str] = frozenset(),
    settings: Settings | None = None,
) -> Profile:
    """Feature values by month of `observed_on`: missing rate and drift. Raises `QualityColumnMissing`."""
    table = ibis.memtable(features)
    return profile_table(
        table,
        table_plan(table, SUBJECT_COLUMNS, titles or {}, money),
        dated="observed_on",
        name=name,
        titles=("Features by month of observation", "按观察月份的变量"),
        settings=settings,
    )
