"""Bulk data: dataset contracts, ingest with quarantine, and the query engine."""
