"""The servicing Django app."""

from django.apps import AppConfig


class ServicingConfig(AppConfig):
    """Facilities, loans, close of day."""

    name = "kuaidai.lending.servicing"
    label = "servicing"

    def ready(self) -> None:
        """Register the background jobs."""
        from kuaidai.lending.servicing import jobs  # noqa: F401 - tasks register on import
