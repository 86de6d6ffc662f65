"""Routes of the REST interface, mounted under `/api/v1/`."""

from django.urls import path

from kuaidai.interfaces.api.rest import api

urlpatterns = [path("", api.urls)]
