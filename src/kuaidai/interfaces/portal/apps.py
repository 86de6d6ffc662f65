"""The borrowers' app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Web pages for borrowers."""

    name = "kuaidai.interfaces.portal"
    label = "portal"
