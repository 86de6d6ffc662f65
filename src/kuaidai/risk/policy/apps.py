"""The policy room's Django app."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    """Registry of model and policy versions, decision records."""

    name = "kuaidai.risk.policy"
    label = "policy"
