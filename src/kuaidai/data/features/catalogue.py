"""The catalogue: every feature, in families."""

from __future__ import annotations

from types import ModuleType

import ibis

from kuaidai.data.features import (
    account_behaviour,
    bureau,
    financial_assets,
    invoices,
    owner,
    platform_data,
    qualitative,
    registry_and_courts,
    settlement,
    tax,
)
from kuaidai.data.features.spec import FeatureSpec, Tables
from kuaidai.data.features.windows import with_cut

FAMILIES: tuple[ModuleType, ...] = (
    settlement,
    account_behaviour,
    financial_assets,
    tax,
    invoices,
    registry_and_courts,
    bureau,
    owner,
    platform_data,
    qualitative,
)


def catalog() -> tuple[FeatureSpec, ...]:
    """The data dictionary: every feature's specification, family by family."""
    return tuple(spec for family in FAMILIES for spec in family.SPECS)


def feature_parts(subjects: ibis.Table, tables: Tables) -> list[ibis.Table]:
    """Every family's tables of features, keyed by `subject`."""
    cut = with_cut(subjects)
    return [part for family in FAMILIES for part in family.parts(cut, tables)]
