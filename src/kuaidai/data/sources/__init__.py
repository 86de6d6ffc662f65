"""Connectors to data platforms, and the reports collected for one applicant."""
