"""The console's Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Web pages for staff."""

    name = "kuaidai.interfaces.console"
    label = "console"
