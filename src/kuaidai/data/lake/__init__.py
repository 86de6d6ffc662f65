"""Bulk data: dataset contracts, ingest with quarantine, and the query engine."""

from kuaidai.data.lake.ingestion import IngestReport
from kuaidai.data.lake.lake import Lake, RowVersion
from kuaidai.data.lake.listing import MonthPart
from kuaidai.data.lake.manifest import IngestRun
from kuaidai.data.lake.standing import DatasetStatus

__all__ = ["DatasetStatus", "IngestReport", "IngestRun", "Lake", "MonthPart", "RowVersion"]
