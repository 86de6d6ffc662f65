"""The foundation's Django app."""

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    """Business date, audit chain, idempotency keys, one-time codes, users."""

    name = "kuaidai.foundation"
    label = "foundation"
