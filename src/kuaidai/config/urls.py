"""Where each interface answers."""

from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include("kuaidai.interfaces.api.urls")),
    path("console/", include("kuaidai.interfaces.console.urls")),
    path("", include("kuaidai.interfaces.portal.urls")),
]
