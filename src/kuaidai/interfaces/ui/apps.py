"""The app that ships components, styles and template tags."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Design tokens, components, formats and charts."""

    name = "kuaidai.interfaces.ui"
    label = "ui"
