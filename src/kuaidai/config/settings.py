"""Django's settings. What a deployment may change comes from `environment`."""

from pathlib import Path
from typing import Any

import dj_database_url
import structlog

from kuaidai.config import environment

KUAIDAI = environment.load()
_PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = KUAIDAI.secret_key
DEBUG = KUAIDAI.debug
ALLOWED_HOSTS = list(KUAIDAI.allowed_hosts)
AUTH_USER_MODEL = "foundation.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "kuaidai.config.urls"
WSGI_APPLICATION = "kuaidai.config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_cotton",
    "django_htmx",
    "procrastinate.contrib.django",
    "kuaidai.foundation",
    "kuaidai.parties",
    "kuaidai.data.sources",
    "kuaidai.risk.policy",
    "kuaidai.lending.ledger",
    "kuaidai.lending.servicing",
    "kuaidai.lending.origination",
    "kuaidai.interfaces.ui",
    "kuaidai.interfaces.portal",
    "kuaidai.interfaces.console",
    "kuaidai.interfaces.api",
]

MIDDLEWARE = [
    "kuaidai.foundation.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kuaidai.foundation.middleware.SecurityHeaders",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]]
if KUAIDAI.database_url:
    DATABASES = {
        "default": dict(
            dj_database_url.parse(KUAIDAI.database_url, conn_max_age=60, conn_health_checks=True)
        )
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "kuaidai.foundation.embedded",
            "NAME": "kuaidai",
            "USER": "postgres",
            "DATA_FOLDER": KUAIDAI.home / "pg",
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    }

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [_PACKAGE / "interfaces" / room / "locale" for room in ("ui", "portal", "console")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
LOGIN_URL = "/login/"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = KUAIDAI.https
if KUAIDAI.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in KUAIDAI.allowed_hosts if host != "*"]
X_FRAME_OPTIONS = "SAMEORIGIN"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

_LOG_CHAIN: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[*_LOG_CHAIN, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _LOG_CHAIN,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "kuaidai": {"level": "INFO"},
        "procrastinate": {"level": "WARNING"},
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
