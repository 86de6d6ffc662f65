"""Settings, URLs and wiring; nothing else."""

from __future__ import annotations

import os


def setup() -> None:
    """Make Django ready for a command: name the settings module and load the apps."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuaidai.config.settings")
    import django

    django.setup()
