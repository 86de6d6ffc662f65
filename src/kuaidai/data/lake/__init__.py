"""Bulk data: dataset contracts, ingest with quarantine, and the query engine."""

from kuaidai.data.lake.lake import DatasetStatus, IngestReport, IngestRun, Lake

__all__ = ["DatasetStatus", "IngestReport", "IngestRun", "Lake"]
