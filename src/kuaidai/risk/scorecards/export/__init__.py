"""A finished card in the languages of other engines: SQL and PMML, equal to the scorer to the point."""

from kuaidai.risk.scorecards.export.pmml import to_pmml
from kuaidai.risk.scorecards.export.segmented_pmml import segmented_pmml
from kuaidai.risk.scorecards.export.segmented_sql import segmented_sql
from kuaidai.risk.scorecards.export.sql import SqlDialect, to_sql

__all__ = ["SqlDialect", "segmented_pmml", "segmented_sql", "to_pmml", "to_sql"]
