"""The Django app of origination."""

from __future__ import annotations

from django.apps import AppConfig


class OriginationConfig(AppConfig):
    """Applications, chosen terms, contracts."""

    name = "kuaidai.lending.origination"
    label = "origination"

    def ready(self) -> None:
        """Register the background jobs."""
        from kuaidai.lending.origination import jobs  # noqa: F401  # tasks register on import
