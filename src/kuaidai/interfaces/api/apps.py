"""The Django app of the API: it keeps access tokens."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Access tokens of the REST interface."""

    name = "kuaidai.interfaces.api"
    label = "api"
