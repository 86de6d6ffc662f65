"""The WSGI application that `kuaidai serve` runs."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuaidai.config.settings")
application = get_wsgi_application()
